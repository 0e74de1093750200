from dataclasses import replace

import pytest

from cases.checking import Check, checks_of
from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, Link, Ref, Relation, RootCause
from cases.transcript import Observation, Step, Task, Transcript

SEEN = "10:05 ledger WARN slow query took 4012 ms: Seq Scan on entries\n"
TRANSCRIPT = Transcript(
    task=Task(prompt="Checkout is slow."),
    steps=(Step(0, "get_logs", {"service": "ledger"}, Observation(SEEN)),),
    engine="expert",
)
SCAN = Claim("c1", ClaimKind.OBSERVATION, "ledger scans a whole table", refs=(Ref(0, "Seq Scan on entries"),))
SLOW = Claim("c2", ClaimKind.INFERENCE, "checkout is slow", refs=(Ref(0, "slow query took 4012 ms"),))
WHOLE = Diagnosis(
    Conclusion.ROOT_CAUSE,
    root_causes=(RootCause("ledger", "missing_index", claim="c1"),),
    claims=(SCAN, SLOW),
    chain=(Link("c1", "c2", Relation.CAUSES),),
)


def checked(**changes):
    return checks_of(replace(TRANSCRIPT, diagnosis=replace(WHOLE, **changes)))


def test_a_diagnosis_that_stands_has_advice_only():
    assert checked() == (Check("no_rival_tested", "No other explanation was tested and rejected", is_advice=True),)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claims": (SCAN, replace(SLOW, refs=()))}, [("unsupported", "Claim 2 rests on nothing: checkout is slow", 2), ("link_unsupported", "Link 1 stands on claim 2, which nothing bears out", 2)]),
        ({"claims": (replace(SCAN, text="ledger took 9999 ms"), SLOW)}, [("number_not_seen", "Claim 1 says 9999ms, which is not in what it cites", 1)]),
        ({"claims": (replace(SCAN, refs=(Ref(0, "Index Scan"),)), SLOW)}, [("quote_not_found", "Claim 1 cites step 1, whose return does not hold: Index Scan", 1), ("link_unsupported", "Link 1 stands on claim 1, which nothing bears out", 2)]),
        ({"root_causes": (RootCause("mill", "missing_index", claim="c1"),)}, [("component_never_seen", "mill is blamed, and nothing that was seen names it", 1)]),
        ({"chain": ()}, [("no_chain", "Nothing says how the root cause leads to the symptom", None)]),
        ({"chain": (Link("c1", "c2", Relation.CAUSES), Link("c2", "c1", Relation.CAUSES))}, [("cycle", "Claim 1 is, in the end, its own cause", 1)]),
        ({"claims": (replace(SCAN, text="ledger scans from 10:05"), replace(SLOW, text="slow from 10:01"))}, [("time_inversion", "Link 1: effect at 10:01 precedes cause at 10:05", 2)]),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_named(changes, said):
    found = [check for check in checked(**changes) if not check.is_advice]
    expected = {(code, claim) for code, _, claim in said}
    assert expected <= {(check.code, check.claim) for check in found}
    assert {text for _, text, _ in said if text} <= {check.text for check in found}


def test_a_single_claim_needs_no_chain():
    assert [check.code for check in checked(claims=(SCAN,), chain=()) if not check.is_advice] == []


def test_nothing_written_is_nothing_to_check():
    assert checks_of(TRANSCRIPT) == ()
