"""Exploration: many sandbox sessions on one failed session, each differing in one named way.

The whole plan stands before anything runs; it is spent in waves, the emptiest, likeliest cells first. A
branch gets few calls at first; of those that run out, the better half goes on (successive halving). A
success counts once it repeats on fresh seeds, because the best of many looks better than it is.
"""

from dataclasses import asdict, replace

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from cases import recording
from cases.models import Annotation, Evaluation, Session
from cloudmate.states import transition
from sandbox import runs
from sandbox.agents.base import Budget, Profile, RunParameters
from sandbox.archive import Cell
from sandbox.branches import (
    archive_of,
    best_partial,
    confirmed,
    evidence_map,
    hops_of,
    read,
    spent,
    take_verdicts,
    unconfirmed_success,
    under_way,
)
from sandbox.knowledge.rule import Knowledge
from sandbox.models import Branch, Exploration, Run
from sandbox.partial import half
from sandbox.strategies import BranchPlan, plan
from sandbox.values import knowledge_of, stored

WAVE = 4  # branches at a time
RUNGS = (8, 8, 9)  # calls a branch gets at first, and each time it is gone on with
CONFIRMATIONS = 3  # fresh seeds on which a success is repeated
WHOLE = Budget(steps=sum(RUNGS))
STEPS_PER_RUN = 16  # what a run is reckoned at when a budget is given


class ExplorationError(Exception):
    """An exploration that cannot be opened; the message says why and what to do."""


def open_for(
    session: Session, *, knowledge: Knowledge, engine: str = "offline", budget_runs: int = 12, reason: str = "", by=None
) -> Exploration:
    """Plan the exploration of a finished session and start its first wave.

    Raises ExplorationError where the session is still being recorded, was explored before, or
    its case has no snapshot to explore in.
    """
    if session.state != Session.State.FINISHED:
        raise ExplorationError("This session is still being recorded: finish it first")
    if Exploration.objects.filter(session=session).exists():
        raise ExplorationError("This session was explored already: see its exploration")
    if runs.snapshot_of(session.version) is None:
        raise ExplorationError(f"{session.case} has no snapshot: record a session or import recordings first")
    branches = planned(session, runs=budget_runs)
    evaluation = session.evaluations.first()
    with transaction.atomic():
        exploration, made = Exploration.objects.get_or_create(
            session=session,
            defaults={
                "reason": reason or ", ".join(evaluation.reasons if evaluation else [])[:60],
                "signature": evaluation.signature if evaluation else "",
                "knowledge": stored(knowledge),
                "engine": engine,
                "budget_runs": budget_runs,
                "budget_steps": budget_runs * STEPS_PER_RUN,
                "asked_by": by,
            },
        )
        if not made:
            raise ExplorationError("This session was explored already: see its exploration")
        add_branches(exploration, branches)
    advance(exploration)
    return exploration


def planned(session: Session, *, runs: int) -> tuple[BranchPlan, ...]:
    """The portfolio on a failed session; a longer one begins with the shorter one."""
    transcript = recording.transcript_of(session)
    file = read(transcript)
    hints = session.annotations.filter(
        kind=Annotation.Kind.HYPOTHESIS, hypothesis_state=Annotation.HypothesisState.OPEN
    )
    return plan(
        transcript,
        evidence=tuple(file.evidence),
        task=transcript.task,
        runs=runs,
        seed=seed_of(session),
        hops=hops_of(file),
        hints=tuple(hints.values_list("text", flat=True)),
    )


def seed_of(session: Session) -> int:
    """Of what the session did, not of its row: the same failure is explored alike wherever it is stored."""
    return int(session.transcript_digest[:6] or "0", 16)


def add_branches(exploration: Exploration, branches: tuple[BranchPlan, ...]) -> None:
    """Append branches to the plan; each waits for its turn."""
    following = next_index(exploration)
    Branch.objects.bulk_create(
        Branch(
            exploration=exploration,
            index=following + offset,
            operators=branch.operators,
            why=branch.why[:300],
            profile=asdict(branch.profile),
            seed=branch.seed,
            cell=list(branch.cell),
        )
        for offset, branch in enumerate(branches)
    )


def next_index(exploration: Exploration) -> int:
    last = exploration.branches.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def movable() -> QuerySet[Exploration]:
    """Open explorations in which a branch has ended that nobody took in, or none is under way: the others wait."""
    under_way = Branch.objects.filter(exploration=OuterRef("pk"), run__isnull=False, verdict="")
    scored = Evaluation.objects.filter(session=OuterRef("run__session"))
    ended = under_way.filter(Q(run__state=Run.State.FAILED) | Exists(scored))
    return Exploration.objects.filter(Exists(ended) | ~Exists(under_way), state=Exploration.State.OPEN)


def advance(exploration: Exploration) -> bool:
    """Take in what has ended, then close, confirm, go on or start the next wave; True where something moved.

    Safe to call at any time and from any number of workers.
    """
    with transaction.atomic():
        held = Exploration.objects.select_for_update().get(pk=exploration.pk)
        if held.state != Exploration.State.OPEN:
            return False
        moved = _advance(held)
    exploration.refresh_from_db()
    return moved


def _advance(exploration: Exploration) -> bool:
    branches = list(exploration.branches.select_related("run__session").order_by("index"))
    take_verdicts(branches)
    if any(under_way(branch) for branch in branches):
        return False
    if best := confirmed(branches):
        _close(exploration, outcome="success", best=best.run.session)
    elif candidate := unconfirmed_success(branches):
        _confirm(exploration, candidate)
    elif (left := exploration.budget_steps - spent(exploration)) <= 0:
        _hand_over(exploration, branches)
    elif goes_on := _halved(branches):
        for branch in goes_on:
            _go_on(branch, exploration)
    elif waiting := _next(branches):
        for branch in waiting[: max(1, min(WAVE, left // RUNGS[0]))]:
            start(branch, exploration, Budget(steps=RUNGS[0] + len(branch.profile.get("prefix", ()))))
    else:
        _hand_over(exploration, branches)
    return True


def _halved(branches: list[Branch]) -> list[Branch]:
    """Of the branches that ran out of calls and were not looked at yet, the better half; each is marked."""
    unfinished = {branch.pk: branch for branch in branches if _may_go_on(branch)}
    better = half({pk: branch.partial or 0.0 for pk, branch in unfinished.items()})
    for pk, branch in unfinished.items():
        branch.kept = pk in better
        branch.save(update_fields=["kept"])
    return [branch for pk, branch in unfinished.items() if pk in better]


def _may_go_on(branch: Branch) -> bool:
    return (
        branch.kept is None
        and branch.confirms_id is None
        and branch.run is not None
        and branch.run.session is not None
        and branch.run.session.stop_reason == "max_steps"
        and branch.verdict not in (Evaluation.Verdict.SUCCESS, Evaluation.Verdict.TAINTED)
        and _rung(branch) + 1 < len(RUNGS)
    )


def _rung(branch: Branch) -> int:
    """How often it was gone on with already."""
    return int(branch.operators.get("goes_on", 0))


def _go_on(branch: Branch, exploration: Exploration) -> None:
    """Another stretch for a branch that ran out of calls: it is led through its own steps, then decides freely."""
    steps = branch.run.session.steps.order_by("index").values_list("tool", "arguments")
    profile = replace(Profile.from_data(branch.profile), prefix=tuple(steps))
    rung = _rung(branch) + 1
    following = Branch.objects.create(
        exploration=exploration,
        index=next_index(exploration),
        operators={**branch.operators, "goes_on": rung},
        why=f"branch {branch.index + 1} ran out of calls and promised more than others: {RUNGS[rung]} more",
        profile=asdict(profile),
        seed=branch.seed,
        cell=branch.cell,
        continues=branch,
    )
    start(following, exploration, Budget(steps=len(profile.prefix) + RUNGS[rung]))


def _next(branches: list[Branch]) -> list[Branch]:
    """What waits, in the order to be spent: what a person wants next, then the emptiest, likeliest cells."""
    archive = archive_of(branches)
    waiting = [branch for branch in branches if branch.run is None and not branch.verdict]

    def worth(pair: tuple[int, Branch]) -> tuple:
        rank, branch = pair
        if branch.boosted_at:
            return (0, branch.boosted_at.timestamp(), rank)
        return (1, (1 + rank) * (1 + archive.crowd(Cell(*branch.cell))) if branch.cell else 1 + rank, rank)

    return [branch for _, branch in sorted(enumerate(waiting), key=worth)]


def _confirm(exploration: Exploration, success: Branch) -> None:
    """Repeat a success on fresh seeds, with a little randomness, so that luck of one seed does not count."""
    profile = Profile.from_data(success.profile)
    profile = replace(profile, temperature=max(profile.temperature, 0.2))
    if success.continues_id:
        profile = replace(profile, prefix=Profile.from_data(_first(success).profile).prefix)
    following = next_index(exploration)
    for offset in range(CONFIRMATIONS):
        branch = Branch.objects.create(
            exploration=exploration,
            index=following + offset,
            operators={**success.operators, "fresh_seed": success.seed + offset + 1},
            why=f"does branch {success.index + 1} repeat on a fresh seed?",
            profile=asdict(profile),
            seed=success.seed + offset + 1,
            cell=success.cell,
            confirms=success,
        )
        start(branch, exploration, WHOLE)


def _first(branch: Branch) -> Branch:
    """The branch that one began as: a repeat on a fresh seed is led through nothing of its own."""
    while branch.continues_id:
        branch = branch.continues
    return branch


def start(branch: Branch, exploration: Exploration, budget: Budget) -> None:
    """Queue a branch's run."""
    run = runs.ask(
        exploration.session.version,
        knowledge=knowledge_of(exploration.knowledge),
        parameters=RunParameters(exploration.engine, branch.seed, Profile.from_data(branch.profile), budget),
        origin=Session.Origin.EXPLORATION,
        by=branch.added_by or exploration.asked_by,
    )
    branch.run = run
    branch.save(update_fields=["run"])


def _hand_over(exploration: Exploration, branches: list[Branch]) -> None:
    """Nothing succeeded, or the budget ended: an expert gets what was seen and the best there is to start from."""
    seen = evidence_map(branches)
    _close(exploration, outcome="handed_over", best=best_partial(branches), evidence=seen)


def _close(exploration: Exploration, *, outcome: str, best: Session | None, evidence: dict | None = None) -> None:
    transition(
        exploration,
        Exploration.State.CLOSED,
        closed_at=timezone.now(),
        outcome=outcome,
        best=best,
        evidence_map=evidence or {},
    )
