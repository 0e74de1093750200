"""Patches as the gate leaves them, with a regression of real rows behind each: what the pages are looked at with."""

from dataclasses import asdict

from django.utils import timezone

from cases.models import Case, CaseVersion, Session
from cloudmate.states import transition
from rules import comments, merge, patches, review, versions
from rules.models import Patch
from sandbox.divergence import Divergence
from sandbox.models import Branch, Exploration, Pair, Regression, Run
from sandbox.values import stored
from tests import factories
from tests.rules import builders

PASSED = {
    "fixed": (False, True),
    "regressed": (True, False),
    "same_pass": (True, True),
    "same_fail": (False, False),
    "unaffected": (True, True),
    "inconclusive": (None, None),
}
EVIDENCE = {
    "key_difference": "the failed session never asked get_slow_queries",
    "differences": [{"kind": "missing_check", "text": "never asked get_slow_queries", "step": 2}],
    "pairings": [
        {"kind": "matched", "failed": 0, "better": 0, "call": "get_alerts {}"},
        {"kind": "skipped", "failed": None, "better": 1, "call": "get_slow_queries {}"},
    ],
    "flip_table": [
        {"rules": [], "passed": False, "steps": 3, "concluded": "connection_leak at ledger", "why": "the base alone"},
        {"rules": ["one", "two"], "passed": True, "steps": 5, "concluded": "missing_index at ledger", "why": "both"},
        {"rules": ["two"], "passed": None, "steps": 5, "concluded": "nothing", "why": "without one"},
    ],
    "ladder": [
        {
            "width": "as it was seen",
            "tests": [{"aspect": "saturation", "pattern": "pool", "negated": False}],
            "unless": [],
            "siblings": 1,
            "of": 2,
            "near_misses": ["till is slow"],
            "problems": ["too wide"],
            "flips": True,
            "variants": 8,
            "broken": ["every component has another name", "nothing is broken, and somebody asks"],
            "verdict": "fires on a near miss",
        }
    ],
    "chosen": 0,
    "why": "two replays show it",
}


def pair(regression: Regression, outcome: str, *, name: str, played: bool = True) -> Pair:
    """A case under both arms with this outcome; with ``played``, both arms have sessions."""
    case = factories.make_confirmed_case(name=name)
    base, candidate = PASSED[outcome]
    sessions = [
        factories.make_finished_session(case, origin=Session.Origin.REGRESSION) if played else None for _ in range(2)
    ]
    parted = outcome in ("fixed", "regressed")
    where = Divergence(3, "conclude connection_leak at ledger", "conclude missing_index at ledger", "a-rule")
    return Pair.objects.create(
        regression=regression,
        case_version=case.current,
        state=Pair.State.DONE,
        outcome=outcome,
        base_passed=base,
        candidate_passed=candidate,
        base_session=sessions[0],
        candidate_session=sessions[1],
        reason="miss: get_traces" if outcome == "inconclusive" else "",
        divergence=asdict(where) if parted else None,
    )


def regression(*outcomes: str, waiting: int = 0, state: str = Regression.State.CLOSED, patch: Patch | None = None):
    """A regression with a case for each of ``outcomes``, and ``waiting`` that have not run."""
    made = Regression.objects.create(
        state=state,
        base=versions.head().value,
        candidate=stored(patches.candidate_of(patch) if patch else versions.knowledge(versions.head())),
        seeds=[0],
        closed_at=timezone.now() if state == Regression.State.CLOSED else None,
    )
    for number, outcome in enumerate(outcomes):
        pair(made, outcome, name=f"{outcome.replace('_', ' ')} {number} of {made.pk}")
    for number in range(waiting):
        case = factories.make_confirmed_case(name=f"waiting {number} of {made.pk}")
        Pair.objects.create(regression=made, case_version=case.current)
    return made


CATEGORIES = {
    "database": "missing_index",
    "network": "packet_loss",
    "configuration": "wrong_limit",
    "memory": "memory_leak",
    "deployment": "bad_release",
    "storage": "disk_full",
}


def large_regression(patch: Patch | None = None, **counts: int) -> Regression:
    """A regression of as many cases of each outcome as ``counts`` says, made in bulk; all runs are of two sessions."""
    made = regression(patch=patch)
    old, new = (factories.make_finished_session(origin=Session.Origin.REGRESSION) for _ in range(2))
    system = old.case.system
    outcomes = [outcome for outcome, count in counts.items() for _ in range(count)]
    cases = Case.objects.bulk_create(
        Case(
            system=system,
            name=f"{list(CATEGORIES.values())[n % 6].replace('_', ' ')} {n}",
            origin="bulk",
            origin_path=f"{made.pk}/{n}",
            must_pass=n % 40 == 0,
            tags=["nightly"] if n % 50 == 0 else [],
        )
        for n in range(len(outcomes))
    )
    kept = CaseVersion.objects.bulk_create(
        CaseVersion(
            case=case,
            number=1,
            digest=f"{made.pk}-{n}",
            task_digest=f"{made.pk}-{n}",
            prompt="slow",
            category=list(CATEGORIES)[n % 6],
            fault_class=list(CATEGORIES.values())[n % 6],
        )
        for n, case in enumerate(cases)
    )
    for case, version in zip(cases, kept, strict=True):
        case.current = version
    Case.objects.bulk_update(cases, ["current"])
    where = Divergence(3, "conclude connection_leak at ledger", "conclude missing_index at ledger", "a-rule")
    Pair.objects.bulk_create(
        Pair(
            regression=made,
            case_version=version,
            state=Pair.State.DONE,
            outcome=outcome,
            base_passed=PASSED[outcome][0],
            candidate_passed=PASSED[outcome][1],
            base_session=old,
            candidate_session=new,
            reason="old: tainted, 2 calls not captured" if outcome == "inconclusive" else "",
            divergence=asdict(where) if outcome in ("fixed", "regressed") else None,
        )
        for version, outcome in zip(kept, outcomes, strict=True)
    )
    return made


def patch(state: str, *outcomes: str, by=None, title: str = "", waiting: int = 0) -> Patch:
    """A patch in ``state`` whose regression has these outcomes; written by the critic where ``by`` is None."""
    name = f"rule-{Patch.objects.count() + 1}"
    made = patches.draft(
        title=title or f"{state} patch",
        add=(builders.rule(name),),
        by=by,
        engine="" if by else "offline",
        evidence={} if by else EVIDENCE,
        note="the pool was full because a query had no index",
    )
    if state == Patch.State.DRAFT:
        return made
    patches.propose(made)
    if state == Patch.State.PROPOSED:
        return made
    running = state == Patch.State.TESTING
    tested = regression(
        *outcomes, waiting=waiting, patch=made, state=Regression.State.OPEN if running else Regression.State.CLOSED
    )
    transition(made, Patch.State.TESTING, regression=tested)
    if running:
        return made
    patches.judge(made)
    assert made.state == state, (made.state, made.verdict)
    return made


def exploration(outcome: str = "success", *, branches: int = 4) -> Exploration:
    """An exploration that has ended so; with outcome "" it still runs. The first branch of a success found the cause."""
    failed = factories.make_finished_session(factories.make_confirmed_case())
    snapshot = failed.case.snapshots.last()
    made = Exploration.objects.create(
        session=failed,
        state=Exploration.State.CLOSED if outcome else Exploration.State.OPEN,
        outcome=outcome,
        reason="wrong",
        knowledge=versions.head().value,
        evidence_map={"ledger": {"latency": ["p95 rises"]}} if outcome == "handed_over" else {},
    )
    verdicts = ["success" if outcome == "success" else "wrong", *["symptom_only"] * (branches - 2), ""]
    for index, verdict in enumerate(verdicts):
        run = None
        if verdict:
            session = factories.make_finished_session(failed.case, origin=Session.Origin.EXPLORATION)
            run = Run.objects.create(
                case_version=failed.version,
                snapshot=snapshot,
                knowledge=made.knowledge,
                origin=Session.Origin.EXPLORATION,
                state=Run.State.DONE,
                session=session,
            )
        Branch.objects.create(
            exploration=made,
            index=index,
            operators={"fork": {"step": 1, "tool": "get_changes", "arguments": {}}}
            if index
            else {"hypothesis": "leak"},
            why="What if it is a leak?",
            run=run,
            verdict=verdict,
        )
    if outcome == "success":
        made.best = made.branches.get(index=0).run.session
        made.save(update_fields=["best"])
    return made


def every_state() -> dict[str, Patch]:
    """A patch in each state that a page can show, by state."""
    reviewer = factories.make_user("reviewer")
    # first, while the library is what it was tested on
    merged = patch("in_review", "fixed")
    review.decide(merged, by=reviewer, decision="approve")
    merge.merge(merged, by=reviewer)
    found = {
        "merged": merged,
        "draft": patch("draft"),
        "proposed": patch("proposed"),
        "testing": patch("testing", "fixed", "regressed", waiting=2),
        "in_review": patch("in_review", "fixed", "same_pass", "same_fail", "unaffected"),
        "refused": patch("refused", "regressed", "fixed"),
        "inconclusive": patch("inconclusive", "inconclusive", "fixed"),
        "rejected": patch("in_review", "fixed"),
    }
    comments.comment(found["in_review"], by=reviewer, text="And plain traffic?")
    review.decide(found["rejected"], by=reviewer, decision="reject", reason="too_broad", words="It says too much.")
    return found
