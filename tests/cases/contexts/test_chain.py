from cases.contexts.chain import chain_of, ordered
from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, Link, Ref, RootCause
from cases.models import Evaluation
from cases.transcript import Level, Observation, Step, Task, Transcript


def claim(name, *refs):
    return Claim(name, ClaimKind.OBSERVATION, f"text of {name}", refs=refs)


def diagnosis(*claims, chain=()):
    return Diagnosis(
        Conclusion.ROOT_CAUSE,
        root_causes=(RootCause("ledger", "missing_index", claim="c3"),),
        claims=claims,
        chain=chain,
    )


def test_claims_stand_from_root_cause_to_symptom_and_the_rest_after():
    said = diagnosis(claim("c1"), claim("c2"), claim("c3"), claim("aside"), chain=(Link("c2", "c1"), Link("c3", "c2")))
    assert [one.id for one in ordered(said)] == ["c3", "c2", "c1", "aside"]


def test_cycle_ends():
    said = diagnosis(claim("c1"), claim("c3"), chain=(Link("c1", "c3"), Link("c3", "c1")))
    assert [one.id for one in ordered(said)] == ["c3", "c1"]


def test_each_thread_says_why_it_does_not_hold():
    steps = (
        Step(0, "get_logs", {}, Observation("slow query: Seq Scan")),
        Step(1, "get_traces", {}, Observation("{}", is_error=True, level=Level.MISS)),
    )
    said = diagnosis(claim("c3", Ref(0, "Seq  Scan"), Ref(0, "disk full"), Ref(1, "{}"), Ref(0), Ref(9, "x")))
    chain = chain_of(Transcript(Task("p"), steps, said), None)
    assert [thread.broken for thread in chain.hanging[0].threads] == [
        "",
        "the return does not say this",
        "this call was a miss: it says nothing",
        "no passage is named",
        "there is no such step",
    ]
    assert (chain.threads, chain.held) == (5, 1)


def test_without_a_conclusion_there_is_no_chain():
    assert chain_of(Transcript(Task("p")), None) is None


def test_a_broken_link_is_drawn_broken_and_named_among_the_breaks():
    said = diagnosis(
        claim("c1"), claim("c2"), claim("c3"), chain=(Link("c3", "c2"), Link("c2", "c1"), Link("c3", "c1"))
    )
    finding = {"code": "reversed_edge", "text": "Link 2: it is a that depends on b", "step": None, "claim": "c1"}
    chain = chain_of(Transcript(Task("p"), (), said), Evaluation(findings=[finding]))
    assert [arc.broken for arc in chain.picture.arcs] == ["", "Link 2: it is a that depends on b", ""]
    assert [one.link_broken for one in chain.hanging] == [False, True, False]
    assert chain.named == ("Link 2: it is a that depends on b",)
