from dataclasses import replace

import pytest

from cases.diagnosis import Answer, Cause, Conclusion, Mitigation, MitigationKind, Ref, RootCause
from cases.evaluation.base import Cost
from cases.evaluation.registry import evaluate
from cases.evaluation.thresholds import Thresholds
from cases.models import Evaluation
from cases.transcript import Level
from tests.cases.evaluation.values import ANSWER, CRASH, PODS, ROOT, STEPS, SYMPTOM, diagnosis, step, steps, transcript

WRONG_CAUSE = (RootCause("basket", "evicted", claim="c1"),)
SYMPTOMATIC = (Mitigation("restart it", "c1", MitigationKind.SYMPTOMATIC),)
BARE = diagnosis(claims=(), chain=(), root_causes=(RootCause("basket", "oom_killed"),), rejected=())


def inconclusive(**changes):
    said = {"conclusion": Conclusion.INCONCLUSIVE, "root_causes": (), "chain": (), "mitigations": ()}
    return diagnosis(**said | changes)


def verdict(concluded, answer=ANSWER, **changes):
    return evaluate(transcript(concluded, **changes), answer).verdict


def test_right_and_grounded_is_a_success():
    result = evaluate(transcript(), ANSWER)
    assert (result.verdict, result.correct, result.grounded) == ("success", True, 1.0)
    assert (result.reasons, result.low_scoring, result.signature) == ((), False, "")


def test_right_and_ungrounded_is_lucky():
    lucky = diagnosis(claims=(replace(ROOT, refs=()), CRASH, SYMPTOM))
    result = evaluate(transcript(lucky), ANSWER)
    assert (result.verdict, result.correct, result.grounded) == ("lucky", True, 0.4)
    assert (result.reasons, result.low_scoring) == (("ungrounded",), True)
    assert verdict(BARE) == "lucky"


def test_wrong_is_wrong_however_grounded():
    result = evaluate(transcript(diagnosis(root_causes=WRONG_CAUSE)), ANSWER)
    assert (result.verdict, result.correct, result.grounded) == ("wrong", False, 1.0)
    assert result.reasons == ("wrong",)


def test_wrong_and_only_treating_symptoms_is_symptom_only():
    assert verdict(diagnosis(root_causes=WRONG_CAUSE, mitigations=SYMPTOMATIC)) == "symptom_only"
    on_effect = (Mitigation("restart it", "c2"),)
    assert verdict(diagnosis(root_causes=WRONG_CAUSE, mitigations=on_effect)) == "symptom_only"
    both = (*SYMPTOMATIC, Mitigation("mend it", "c1"))
    assert verdict(diagnosis(root_causes=WRONG_CAUSE, mitigations=both)) == "wrong"


def test_treating_symptoms_is_fine_where_it_is_right():
    assert verdict(diagnosis(mitigations=SYMPTOMATIC)) == "success"


def test_inconclusive_says_what_is_missing():
    result = evaluate(transcript(inconclusive(missing=("slow queries",))), ANSWER)
    assert (result.verdict, result.correct) == ("inconclusive", False)
    assert verdict(inconclusive(mitigations=SYMPTOMATIC)) == "symptom_only"
    assert verdict(inconclusive(), None) == "inconclusive"


def test_what_rests_on_a_miss_is_tainted_whatever_it_says():
    made = steps(step(output=PODS, level=Level.MISS), *STEPS[1:])
    assert verdict(diagnosis(), made=made) == "tainted"
    assert verdict(diagnosis(root_causes=WRONG_CAUSE), made=made) == "tainted"
    off_the_path = steps(*STEPS, step(level=Level.MISS))
    assert verdict(diagnosis(), made=off_the_path) == "success"


def test_nothing_to_measure_against_is_unscored_and_never_low():
    result = evaluate(transcript(diagnosis(claims=(replace(ROOT, refs=()), CRASH, SYMPTOM))), None)
    assert (result.verdict, result.correct, result.low_scoring, result.signature) == ("unscored", None, False, "")


@pytest.mark.parametrize(("stop", "word"), [("max_steps", "inconclusive"), ("deadline", "unscored"), ("", "unscored")])
def test_no_conclusion(stop, word):
    result = evaluate(transcript(None, stop_reason=stop), ANSWER)
    assert (result.verdict, result.grounded, result.metrics["completed"]) == (word, None, False)


def test_an_experts_reference_path_without_claims_is_a_success_and_never_low():
    result = evaluate(transcript(BARE, engine="expert"), ANSWER)
    assert (result.verdict, result.correct, result.grounded, result.low_scoring) == ("success", True, None, False)
    wrong = evaluate(transcript(replace(BARE, root_causes=WRONG_CAUSE), engine="expert"), ANSWER)
    assert (wrong.verdict, wrong.reasons, wrong.low_scoring) == ("wrong", ("wrong",), False)


def test_an_imported_run_without_claims_has_nothing_that_vouches_for_it():
    result = evaluate(transcript(BARE, engine="imported"), ANSWER)
    assert (result.verdict, result.correct, result.grounded) == ("unscored", True, None)


def test_every_verdict_is_one_the_database_knows():
    from cases.evaluation import verdict as words

    known = {
        words.SUCCESS,
        words.LUCKY,
        words.SYMPTOM_ONLY,
        words.INCONCLUSIVE,
        words.WRONG,
        words.TAINTED,
        words.UNSCORED,
    }
    assert known == set(Evaluation.Verdict.values)


def test_each_reason_has_its_code():
    broken = diagnosis(
        root_causes=WRONG_CAUSE,
        chain=(),
        claims=(replace(ROOT, refs=(Ref(9, "x"),)), CRASH),
    )
    round_and_round = steps(*[step(arguments={"kind": "pods", "namespace": "bank"}) for _ in range(3)])
    result = evaluate(transcript(broken, made=round_and_round), ANSWER, limit=Cost(calls=2))
    assert result.reasons == ("wrong", "ungrounded", "coherence_break", "intent_mismatch", "loop", "costly")


def test_cost_counts_only_over_a_known_limit():
    assert evaluate(transcript(tokens=11), ANSWER, limit=Cost(tokens=10)).reasons == ("costly",)
    assert evaluate(transcript(tokens=10), ANSWER, limit=Cost(calls=3, tokens=10)).reasons == ()
    assert evaluate(transcript(tokens=10**9), ANSWER).reasons == ()


def test_failures_alike_share_a_signature_whatever_their_component():
    one = evaluate(transcript(diagnosis(root_causes=WRONG_CAUSE)), ANSWER)
    elsewhere = Answer(causes=(Cause("app/ledger", "OOMKilled"),))
    other = evaluate(transcript(diagnosis(root_causes=WRONG_CAUSE)), elsewhere)
    assert one.signature == other.signature != ""


@pytest.mark.parametrize(
    "other",
    [
        (transcript(diagnosis(root_causes=(RootCause("basket", "probe", claim="c1"),))), ANSWER),
        (transcript(diagnosis(root_causes=WRONG_CAUSE)), Answer(causes=(Cause("app/basket", "full_disk"),))),
        (transcript(None, stop_reason="loop"), ANSWER),
        (
            transcript(diagnosis(root_causes=WRONG_CAUSE), made=(*STEPS, step("Logs", index=3, level=Level.MISS))),
            ANSWER,
        ),
    ],
)
def test_failures_of_another_kind_do_not(other):
    one = evaluate(transcript(diagnosis(root_causes=WRONG_CAUSE)), ANSWER)
    assert evaluate(*other).signature not in ("", one.signature)


def test_coherence_is_low_below_the_systems_bar_even_without_a_break():
    untested = transcript(diagnosis(rejected=()))
    assert evaluate(untested, ANSWER).reasons == ()
    assert evaluate(untested, ANSWER, thresholds=Thresholds(coherence=0.9)).reasons == ("coherence_break",)
