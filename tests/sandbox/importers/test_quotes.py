import pytest

from cases.diagnosis import Claim, ClaimKind, Conclusion, Diagnosis, RootCause
from cases.transcript import Level, Observation, Step
from sandbox.importers.quotes import with_quote


def concluded(fault_class, component="ledger"):
    return Diagnosis(Conclusion.ROOT_CAUSE, root_causes=(RootCause(component, fault_class),), summary="said")


def step(index, output, level=Level.R0, **arguments):
    return Step(index, "get", arguments, Observation(output, level=level))


def quoted(diagnosis, *steps):
    return [(ref.step, ref.quote) for claim in with_quote(diagnosis, steps).claims for ref in claim.refs]


@pytest.mark.parametrize(
    ("fault_class", "line"),
    [
        ("oom_killed", "ledger-0 container OOMKilled, exit 137"),
        ("readiness_probe_incorrect_port", "Readiness probe failed: dial ledger:8081"),
        ("namespace_quota_exceeded", "ledger: exceeded quota: market"),
    ],
)
def test_line_that_names_component_and_fault_is_quoted(fault_class, line):
    assert quoted(concluded(fault_class), step(0, f"first\n  {line}  \nlast")) == [(0, line)]


def test_component_may_stand_in_the_call():
    assert quoted(concluded("oom_killed"), step(0, "Reason: OOMKilled", name="ledger-0")) == [(0, "Reason: OOMKilled")]


@pytest.mark.parametrize(
    "steps",
    [
        (step(0, "till-0 OOMKilled"),),
        (step(0, "ledger-0 Running"),),
        (step(0, "oomKilled:", name="ledger"),),
        (step(0, "ledger OOMKilled" + "x" * 500),),
        (step(0, "ledger OOMKilled", Level.MISS),),
        (),
    ],
)
def test_nothing_is_claimed_where_no_line_says_it(steps):
    diagnosis = concluded("oom_killed")
    assert with_quote(diagnosis, steps) == diagnosis


def test_claims_that_are_there_stay():
    diagnosis = Diagnosis(
        Conclusion.ROOT_CAUSE,
        root_causes=(RootCause("ledger", "oom_killed"),),
        claims=(Claim("own", ClaimKind.INFERENCE, "text"),),
    )
    assert with_quote(diagnosis, [step(0, "ledger OOMKilled")]) == diagnosis
