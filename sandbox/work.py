"""What the sandbox's workers do when they have time: one claimed row after another, until nothing is due."""

import logging
from collections.abc import Callable

from django.db.models import Exists, OuterRef
from django.utils import timezone

from cases.models import Case, Session, Step
from cases.transcript import Level
from cloudmate.states import TransitionError
from cloudmate.work import Work, fail
from sandbox import admission, capture, exploration, guess, guidance, incidents, regression, runs, variant_runs
from sandbox.models import Derivation, Pair, Regression, Run, VariantRun

log = logging.getLogger(__name__)
KINDS = (Run, Derivation, Pair, VariantRun)


def turn(limit: int = 20) -> int:
    """Do up to ``limit`` pieces of each kind of work; return how many were done. Safe in any number of workers.

    Snapshots are measured when nothing else waits: each gates until it is, and people wait for the rest.
    """
    done = work_off(Run, runs.execute, limit)
    done += freeze_recorded()
    done += settle_incidents()
    done += guidance.offer_finished()
    done += work_off(Derivation, guidance.derive, limit)
    done += work_off(Pair, regression.execute_pair, limit, give_up=regression.give_up)
    done += work_off(VariantRun, variant_runs.execute, limit)
    done += test_guesses(limit) + close_regressions() + advance_explorations()
    return done or admission.admit()


def freeze_recorded(limit: int = 20) -> int:
    """Freeze what finished sessions of the real world saw; return how many cases were frozen.

    Such a session then names the snapshot that holds its returns.
    """
    live = Step.objects.filter(session=OuterRef("pk"), level=Level.LIVE)
    unfrozen = Session.objects.recorded().finished().filter(Exists(live), snapshot_digest="")
    cases = Case.objects.filter(Exists(unfrozen.filter(case=OuterRef("pk")))).select_related("current", "system")
    frozen = 0
    for case in cases.order_by("pk")[:limit]:
        sessions = list(unfrozen.filter(case=case).values_list("pk", flat=True))
        snapshot = capture.freeze_sessions(case)
        Session.objects.filter(pk__in=sessions).update(snapshot_digest=snapshot.digest)
        frozen += 1
    return frozen


def settle_incidents(limit: int = 20) -> int:
    """Say of live incidents that have ended what they were; return how many."""
    return len([incidents.settle(row) for row in incidents.unsettled()[:limit]])


def test_guesses(limit: int = 20) -> int:
    """Take the ground from conclusions that seem right, and see whether they fall; return how many were tried."""
    return len([guess.test(evaluation) for evaluation in guess.due()[:limit]])


def close_regressions() -> int:
    """Close what has run to its end; return how many."""
    closed = 0
    for row in Regression.objects.filter(state=Regression.State.OPEN):
        try:
            closed += regression.close_if_done(row)
        except TransitionError:
            continue  # another worker closed it
    return closed


def advance_explorations() -> int:
    """Take each open exploration one step on, where it can; return how many moved."""
    return sum(exploration.advance(row) for row in exploration.movable())


def due() -> int:
    """Pieces of work that wait for a worker."""
    now = timezone.now()
    return sum(kind.objects.due(now).count() for kind in KINDS)


def work_off(kind: type[Work], execute: Callable, limit: int, *, give_up: Callable = fail) -> int:
    """Execute up to ``limit`` due rows of ``kind``; one that raises is failed in words, and the next is taken."""
    done = 0
    for row in kind.objects.due(timezone.now()).order_by("pk")[:limit]:
        try:
            execute(row)
        except TransitionError as problem:
            if row.state != Work.State.RUNNING:
                continue  # another worker has it, or it was cancelled meanwhile: theirs counts
            _end(row, give_up, str(problem))
        except Exception as problem:
            log.exception("%r failed", row)
            _end(row, give_up, f"{type(problem).__name__}: {problem}")
        done += 1
    return done


def _end(row: Work, give_up: Callable, error: str) -> None:
    """Fail what this worker has claimed and still holds; what it lost is another's by now."""
    if row.state != Work.State.RUNNING:
        return
    storable = error.replace("\x00", "\ufffd").encode(errors="replace").decode()[:500]
    try:
        give_up(row, error=storable)
    except TransitionError:
        log.info("%s %s is another worker's by now", row._meta.verbose_name, row.pk)
