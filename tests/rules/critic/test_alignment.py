from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, Ref, RootCause
from cases.transcript import Observation, Step, Task, Transcript
from rules.critic.alignment import Difference, Kind, Pairing, align


def session(*calls, cause="", cites=(), stop="concluded"):
    steps = tuple(Step(index, "get", {"kind": kind}, Observation(kind)) for index, kind in enumerate(calls))
    diagnosis = None
    if cause:
        claim = Claim("c", ClaimKind.INFERENCE, "it is so", tuple(Ref(step, "x") for step in cites))
        diagnosis = Diagnosis(Conclusion.ROOT_CAUSE, (RootCause("part", cause, claim="c"),), claims=(claim,))
    return Transcript(Task("it is slow"), steps, diagnosis, stop)


def test_align_pairs_equal_calls_however_they_are_written():
    failed, better = session("pods", "events"), session("po", "nodes", "events")
    assert align(failed, better).pairings == (
        Pairing("matched", 0, 0, 'get {"kind":"po"}'),
        Pairing("skipped", None, 1, 'get {"kind":"nodes"}'),
        Pairing("matched", 1, 2, 'get {"kind":"events"}'),
    )


def test_align_marks_what_only_the_failed_session_did():
    assert [(p.kind, p.call) for p in align(session("pods", "logs"), session("pods")).pairings] == [
        ("matched", 'get {"kind":"pods"}'),
        ("extra", 'get {"kind":"logs"}'),
    ]


def test_differences_name_the_check_that_was_missing_and_the_early_end():
    found = align(session("pods", cause="pool", cites=()), session("pods", "queries", cause="index"))
    assert found.differences == (
        Difference(Kind.MISSING_CHECK, 'the failed session never asked get {"kind":"queries"}', 1),
        Difference(Kind.PREMATURE_STOP, "the failed session concluded pool after 1 steps, with 1 checks unasked"),
        Difference(Kind.OTHER_READING, 'both saw the return of get {"kind":"pods"}, and read it differently', 0),
    )
    assert found.skipped == (1,)


def test_differences_name_the_symptom_that_was_taken_for_the_cause():
    found = align(session("pods", cause="pool", cites=(0,)), session("pods", cause="index"))
    assert [difference.kind for difference in found.differences] == [Kind.MISSING_EXCLUSION]


def test_differences_are_none_where_both_did_and_concluded_the_same():
    assert align(session("pods", cause="pool"), session("pods", cause="pool")).differences == ()


def test_a_session_that_ran_out_of_steps_did_not_stop_early():
    found = align(session("pods", cause="pool", stop="max_steps"), session("nodes", cause="pool"))
    assert [difference.kind for difference in found.differences] == [Kind.MISSING_CHECK]
