"""The loop above the sandbox: what runs with the current knowledge, what is explored, criticised, tested and judged.

Each function answers one question ("what is waiting?") from rows alone and moves it on by one
step, so a lost message or a killed worker loses nothing. A person's decision is the only step
that is never taken here.
"""

import logging

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from cases.models import Case, Evaluation, Session, System
from cloudmate.states import TransitionError, transition
from rules import critiques, merge_queue, patches, versions
from rules.models import Critique, KnowledgeVersion, Patch
from sandbox import exploration, runs
from sandbox.models import Exploration, Pair, Regression, Run, Snapshot
from sandbox.regression import untested
from sandbox.work import work_off

log = logging.getLogger(__name__)


def turn(limit: int = 20, *, among: QuerySet | None = None) -> int:
    """Move everything that waits on by one step; return how much moved.

    ``among`` narrows what is run, explored and criticised to these cases, whatever their system's policy.
    """
    return (
        run_open_cases(limit, among=among)
        + explore_failures(limit, among=among)
        + criticise(among=among)
        + merge_queue.advance()
        + retest_stale()
        + test_proposed()
        + judge_tested()
    )


def run_open_cases(limit: int = 20, *, among: QuerySet | None = None) -> int:
    """Cases the agent has not met, and failures it met with older knowledge, where the system's policy says so.

    A case that a regression already tried under the current knowledge is not run again: its result is known.
    """
    head = versions.head()
    agent = Session.objects.recorded().filter(
        case=OuterRef("pk"), version__task_digest=OuterRef("current__task_digest"), actor="agent"
    )
    asked = Run.objects.filter(
        case_version__task_digest=OuterRef("current__task_digest"), origin=Session.Origin.RECORDED
    )
    tried = Pair.objects.filter(case_version=OuterRef("current"), regression__candidate=head.value_id).exclude(
        outcome=""
    )
    cases = Case.objects.filter(system__policy=System.Policy.RUN_OPEN) if among is None else among
    waiting = (
        cases.filter(Exists(Snapshot.objects.filter(case=OuterRef("pk"))))
        .exclude(state__in=[Case.State.RETIRED, Case.State.QUARANTINED])
        .exclude(Exists(asked.filter(knowledge=head.value_id)))
        .exclude(Exists(tried))
        .exclude(Exists(agent.filter(evaluations__verdict=Evaluation.Verdict.SUCCESS)))
        .exclude(Exists(asked.filter(state__in=["queued", "running"])))
        .exclude(Exists(Patch.objects.filter(case=OuterRef("pk"), state__in=critiques.PENDING)))
        .order_by("pk")
    )
    knowledge = versions.knowledge(head)
    with transaction.atomic():
        KnowledgeVersion.objects.select_for_update().get(pk=head.pk)  # one worker at a time, so none is asked twice
        chosen = list(waiting.values_list("pk", flat=True)[:limit])  # sorted without what a case says
        cases = Case.objects.filter(pk__in=chosen).select_related("current__case").order_by("pk")
        return len([runs.ask(case.current, knowledge=knowledge) for case in cases])


def explore_failures(limit: int = 20, *, among: QuerySet | None = None) -> int:
    """Open an exploration for each low-scoring agent session; failures that share a signature share one."""
    head = versions.head()
    alike = Exploration.objects.filter(knowledge=head.value_id).exclude(signature="")
    low = Evaluation.objects.filter(low_scoring=True).exclude(signature__in=alike.values("signature"))
    explored = Exploration.objects.filter(session__case=OuterRef("case"))
    newest = Evaluation.objects.filter(session=OuterRef("pk")).order_by("-pk").values("signature")[:1]
    failed = (
        Session.objects.recorded()
        .finished()
        .filter(pk__in=low.order_by().values("session"), actor=Session.Actor.AGENT)
        .filter(version__task_digest=F("case__current__task_digest"))
        .filter(Exists(Snapshot.objects.filter(case=OuterRef("case"))))
        .exclude(Exists(Exploration.objects.filter(session=OuterRef("pk"))))
        .exclude(Exists(explored.filter(session__transcript_digest=OuterRef("transcript_digest"))))
        .exclude(case__state__in=[Case.State.RETIRED, Case.State.QUARANTINED])
        .annotate(signature=Subquery(newest))
        .exclude(signature__in=alike.values("signature"))
    )
    if among is None:
        failed = failed.filter(case__system__policy=System.Policy.RUN_OPEN)
    else:
        failed = failed.filter(case__in=among)
    opened = 0
    seen: set[str] = set()
    knowledge = versions.knowledge(head)
    signatures = dict(failed.order_by("pk").values_list("pk", "signature")[:limit])
    rows = Session.objects.select_related("case", "version__case__system").in_bulk(signatures)
    for pk, signature in signatures.items():
        if signature and signature in seen:
            continue
        try:
            exploration.open_for(rows[pk], knowledge=knowledge)
        except exploration.ExplorationError:
            continue  # another worker opened it
        seen.add(signature)
        opened += 1
    return opened


def criticise(*, among: QuerySet | None = None) -> int:
    """Ask the critic to narrow what the gate refused, or about the oldest failure that no patch mends; let it work.

    One at a time, and nothing while a patch is under test: its regression may show the failure fixed.
    """
    if not Critique.objects.unfinished().exists() and not _under_test().exists():
        refused = critiques.refused(among).first()
        if refused is not None:
            critiques.ask_again(refused)
        else:
            for failed, better in critiques.wanted(among):
                critiques.ask(failed, better)
                break
    return work_off(Critique, critiques.execute, 1)


def retest_stale() -> int:
    """Patches in review that were tested on an older head, or before a case was confirmed, are tested again.

    Only what the move touches runs. What waits in the merge queue is tested when it comes first there.
    """
    head = versions.head()
    waiting = Patch.objects.filter(state=Patch.State.IN_REVIEW).exclude(pk__in=merge_queue.behind())
    waiting = waiting.select_related("regression")
    stale = [row for row in waiting if row.base_id != head.pk or (row.regression and untested(row.regression).exists())]
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


def _under_test():
    return Patch.objects.filter(state__in=[Patch.State.PROPOSED, Patch.State.TESTING])


def _move(patch: Patch, state: str, **changes) -> bool:
    try:
        transition(patch, state, **changes)
    except TransitionError:
        return False
    return True
