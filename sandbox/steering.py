"""What a person may do to an exploration while it runs, or after: leave out, put first, add, give more, stop, go on."""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from cases import recording
from cases.models import Session
from cases.wellformed import flaw
from cloudmate.states import transition
from cloudmate.work import cancel
from sandbox import exploration as explorations
from sandbox.agents.base import Profile
from sandbox.archive import Cell
from sandbox.capture import source_of
from sandbox.console import read_command
from sandbox.modalities import modalities_of
from sandbox.models import Branch, Exploration, Run
from sandbox.runs import snapshot_of

MOST_MORE = 20  # branches that can be added at once
LONGEST_HINT = 2000


class SteeringError(Exception):
    """What cannot be done to this exploration; the message says why and what can."""


def prune(branch: Branch) -> bool:
    """Leave out a planned branch; it stays in the plan, marked. False where it has started already."""
    with transaction.atomic():
        _hold(branch.exploration)
        return bool(Branch.objects.filter(pk=branch.pk, run=None, verdict="").update(verdict="pruned"))


def boost(branch: Branch) -> bool:
    """Let a planned branch be next, after those put first before it. False where it has started already."""
    waiting = Branch.objects.filter(pk=branch.pk, run=None, verdict="")
    return bool(waiting.update(boosted_at=timezone.now()))


def inject(
    exploration: Exploration, *, line: str = "", hint: str = "", after: Session | None = None, steps: int = 0, by
) -> Branch:
    """Add a branch that keeps the first ``steps`` calls of ``after``, then makes the call of ``line``, led by ``hint``.

    ``line`` is a call as the console takes it. The branch is next; an exploration that has ended opens again.
    Raises CommandError for a line that cannot be read, SteeringError for anything else that does not fit.
    """
    hint = hint.strip()
    if not line.strip() and not hint:
        raise SteeringError("Give a call to make, a hint, or both")
    if unfit := flaw(hint) or (len(hint) > LONGEST_HINT and f"more than {LONGEST_HINT} characters"):
        raise SteeringError(f"The hint holds {unfit}: shorten it")
    base = after or exploration.session
    if base.case_id != exploration.session.case_id:
        raise SteeringError("That session is of another case")
    count = base.steps.count()
    if not 0 <= steps <= count:
        raise SteeringError(f"Session {base.pk} has {count} step{'s' * (count != 1)}: keep between 0 and {count}")
    prefix = tuple(base.steps.order_by("index").values_list("tool", "arguments")[:steps])
    cell = Cell()
    operators: dict = {"expert": hint[:200] or "a call of theirs"}
    if line.strip():
        tool, arguments = _call(exploration, line)
        prefix = (*prefix, (tool, arguments))
        operators["fork"] = {"step": steps, "tool": tool, "arguments": arguments}
        cell = Cell(modality=min(modalities_of(tool), default=""))
    with transaction.atomic():
        _hold(exploration)
        branch = Branch.objects.create(
            exploration=exploration,
            index=explorations.next_index(exploration),
            operators=operators,
            why=f"{by.get_username()}: {hint or line.strip()}"[:300],
            profile=asdict(Profile(prefix=prefix, hint=hint)),
            seed=explorations.seed_of(exploration.session) + explorations.next_index(exploration),
            cell=list(cell),
            boosted_at=timezone.now(),
            added_by=by,
        )
        _reopen(exploration, steps=explorations.STEPS_PER_RUN + len(prefix))
    return branch


def more(exploration: Exploration, *, runs: int) -> int:
    """Give an exploration ``runs`` further branches and the calls for them; return how many could be planned.

    Raises SteeringError where it succeeded already, or for a number that is not from 1 to MOST_MORE.
    """
    if not 1 <= runs <= MOST_MORE:
        raise SteeringError(f"Add between 1 and {MOST_MORE} branches at a time")
    with transaction.atomic():
        held = _hold(exploration)
        if held.outcome == "success":
            raise SteeringError("A branch found the cause already: there is nothing more to look for")
        known = list(held.branches.values_list("operators", flat=True))
        whole = explorations.planned(held.session, runs=len(known) + runs)
        fresh = tuple(branch for branch in whole if branch.operators not in known)[:runs]
        explorations.add_branches(held, fresh)
        exploration.budget_runs = held.budget_runs + len(fresh)
        exploration.save(update_fields=["budget_runs"])
        _reopen(exploration, steps=len(fresh) * explorations.STEPS_PER_RUN)
    return len(fresh)


def cancel_exploration(exploration: Exploration) -> None:
    """Stop: queued runs are cancelled, what has ended is kept."""
    transition(exploration, Exploration.State.CANCELLED, closed_at=timezone.now(), outcome="cancelled")
    cancel(Run.objects.filter(branch__exploration=exploration))


def resume(exploration: Exploration) -> None:
    """Go on with a stopped exploration: branches whose runs were cancelled wait again. TransitionError where it is open."""
    with transaction.atomic():
        _hold(exploration)
        transition(exploration, Exploration.State.OPEN, closed_at=None, outcome="")
        stopped = exploration.branches.filter(run__state=Run.State.FAILED, run__error="cancelled")
        stopped.update(run=None, verdict="")


def _call(exploration: Exploration, line: str) -> tuple[str, dict]:
    """A call as typed, refused where it could never be answered."""
    task = recording.task_of(exploration.session.version)
    tool, arguments = read_command(line, task.tools)
    if unfit := flaw([tool, arguments]):
        raise SteeringError(f"The call holds {unfit}: leave it out")
    source = source_of(snapshot_of(exploration.session.version))
    barred = source.barred(tool, arguments) or source.violation(source.canonical(tool, arguments), arguments)
    if barred:
        raise SteeringError(barred)
    return tool, arguments


def _hold(exploration: Exploration) -> Exploration:
    """The row under lock, so that a worker neither closes nor moves it meanwhile."""
    return Exploration.objects.select_for_update().select_related("session").get(pk=exploration.pk)


def _reopen(exploration: Exploration, *, steps: int) -> None:
    exploration.refresh_from_db()
    exploration.budget_steps += steps
    exploration.save(update_fields=["budget_steps"])
    if exploration.state != Exploration.State.OPEN:
        transition(exploration, Exploration.State.OPEN, closed_at=None, outcome="", evidence_map={})
