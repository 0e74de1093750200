"""The loop above the sandbox: what runs with the current knowledge, what is explored, criticised, tested and judged.

Each function answers one question ("what is waiting?") from rows alone and moves it on by one
step, so a lost message or a killed worker loses nothing. A person's decision is the only step
that is never taken here.
"""

import logging

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from cases.models import Case, Evaluation, Session, System
from cloudmate.states import TransitionError, transition
from cloudmate.work import requeue_abandoned
from rules import critiques, patches, versions
from rules.models import Critique, Patch
from sandbox import exploration, runs
from sandbox.models import Exploration, Regression, Run
from sandbox.work import work_off

log = logging.getLogger(__name__)


def turn(limit: int = 20) -> int:
    """Move everything that waits on by one step; return how much moved."""
    return (
        run_open_cases(limit)
        + explore_failures(limit)
        + criticise()
        + retest_stale()
        + test_proposed()
        + judge_tested()
    )


def run_open_cases(limit: int = 20) -> int:
    """Where the system's policy says so: cases the agent has not met, and failures it met with older knowledge."""
    head = versions.head()
    agent = Session.objects.recorded().filter(case=OuterRef("pk"), version=OuterRef("current"), actor="agent")
    asked = Run.objects.filter(case_version=OuterRef("current"), origin=Session.Origin.RECORDED)
    waiting = (
        Case.objects.filter(system__policy=System.Policy.RUN_OPEN, snapshots__isnull=False)
        .exclude(state__in=[Case.State.RETIRED, Case.State.QUARANTINED])
        .exclude(Exists(asked.filter(knowledge=head.value_id)))
        .exclude(Exists(agent.filter(evaluations__verdict=Evaluation.Verdict.SUCCESS)))
        .exclude(Exists(agent.filter(run__isnull=True)) & ~Exists(agent.filter(evaluations__low_scoring=True)))
        .exclude(Exists(Patch.objects.filter(case=OuterRef("pk"), state__in=critiques.PENDING)))
        .select_related("current__case")
        .distinct()
        .order_by("pk")[:limit]
    )
    knowledge = versions.knowledge(head)
    return len([runs.ask(case.current, knowledge=knowledge) for case in waiting])


def explore_failures(limit: int = 20) -> int:
    """Open an exploration for each low-scoring agent session; failures that share a signature share one."""
    head = versions.head()
    low = Evaluation.objects.filter(session=OuterRef("pk"), low_scoring=True)
    failed = (
        Session.objects.recorded()
        .finished()
        .filter(Exists(low), actor=Session.Actor.AGENT, exploration=None, version__case__snapshots__isnull=False)
        .filter(knowledge_digest__in=["", head.value_id], version=F("case__current"))
        .exclude(case__state__in=[Case.State.RETIRED, Case.State.QUARANTINED])
        .select_related("case", "version__case__system")
        .distinct()
        .order_by("pk")[: limit * 3]
    )
    opened = 0
    knowledge = versions.knowledge(head)
    for session in failed:
        signature = session.evaluations.order_by("-pk").values_list("signature", flat=True).first()
        alike = Exploration.objects.filter(signature=signature, knowledge=head.value_id).exclude(signature="")
        if alike.exists() or opened >= limit:
            continue
        exploration.open_for(session, knowledge=knowledge)
        opened += 1
    return opened


def criticise() -> int:
    """Ask the critic about the oldest failure that no patch mends, one at a time, and let it work.

    While a patch is under test nothing new is asked: its regression may show the failure fixed.
    """
    requeue_abandoned(Critique.objects.all())
    if not Critique.objects.unfinished().exists() and not _under_test().exists():
        for failed, better in critiques.wanted():
            critiques.ask(failed, better)
            break
    return work_off(Critique, critiques.execute, 1)


def retest_stale() -> int:
    """Patches in review whose base is no longer the head go back to be tested on it; only what the move touches runs."""
    head = versions.head()
    stale = Patch.objects.filter(state=Patch.State.IN_REVIEW).exclude(base=head)
    return sum(_move(patch, Patch.State.PROPOSED, regression=None, verdict=None) for patch in stale)


def test_proposed() -> int:
    """Open the regression of each proposed patch."""
    moved = 0
    for patch in Patch.objects.filter(state=Patch.State.PROPOSED).order_by("pk"):
        try:
            patches.start_regression(patch)
        except TransitionError:
            continue  # another worker opened it
        moved += 1
    return moved


def judge_tested() -> int:
    """The gate's verdict on each regression that has run to its end."""
    moved = 0
    tested = Patch.objects.filter(state=Patch.State.TESTING, regression__state=Regression.State.CLOSED)
    for patch in tested.select_related("regression"):
        try:
            patches.judge(patch)
        except TransitionError:
            continue
        moved += 1
    return moved


def due() -> int:
    """Critiques that wait for a worker."""
    return Critique.objects.due(timezone.now()).count()


def _under_test():
    return Patch.objects.filter(state__in=[Patch.State.PROPOSED, Patch.State.TESTING])


def _move(patch: Patch, state: str, **changes) -> bool:
    try:
        transition(patch, state, **changes)
    except TransitionError:
        return False
    return True
