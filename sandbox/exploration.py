"""Exploration: many sandbox sessions on one failed session, each differing in one named way.

The whole plan stands before anything runs; it is spent in waves, likeliest first. A success
counts once it repeats on fresh seeds, because the best of many looks better than it is.
"""

from dataclasses import asdict, replace

from django.db import transaction
from django.utils import timezone

from cases import recording
from cases.models import Evaluation, Session
from cloudmate.states import transition
from cloudmate.work import Work, cancel
from sandbox import guess, runs
from sandbox.agents.base import Budget, Profile, RunParameters
from sandbox.agents.offline.read import evidence_of
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.rule import Knowledge
from sandbox.models import Branch, Exploration, Run
from sandbox.strategies import plan
from sandbox.values import knowledge_of, stored

WAVE = 4  # branches at a time
CONFIRMATIONS, NEEDED = 3, 2  # a success repeats on 2 of 3 fresh seeds (engine section 4)
GROUNDED = 0.8
BRANCH_BUDGET = Budget(steps=25)


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
    transcript = recording.transcript_of(session)
    evidence = evidence_of(transcript.task, transcript.steps)
    branches = plan(transcript, evidence=evidence, task=transcript.task, runs=budget_runs, seed=session.pk)
    evaluation = session.evaluations.first()
    with transaction.atomic():
        exploration, made = Exploration.objects.get_or_create(
            session=session,
            defaults={
                "reason": reason or ", ".join(evaluation.reasons if evaluation else [])[:60],
                "signature": evaluation.signature if evaluation else "",
                "knowledge": stored(knowledge),
                "budget_runs": budget_runs,
                "asked_by": by,
            },
        )
        if not made:
            raise ExplorationError("This session was explored already: see its exploration")
        Branch.objects.bulk_create(
            Branch(
                exploration=exploration,
                index=index,
                operators=branch.operators,
                why=branch.why[:300],
                profile=asdict(branch.profile),
                seed=branch.seed,
            )
            for index, branch in enumerate(branches)
        )
    advance(exploration, engine=engine)
    return exploration


def advance(exploration: Exploration, *, engine: str = "offline") -> bool:
    """Take in what has ended, then close, confirm or start the next wave; True where something moved.

    Safe to call at any time and from any number of workers.
    """
    with transaction.atomic():
        held = Exploration.objects.select_for_update().get(pk=exploration.pk)
        if held.state != Exploration.State.OPEN:
            return False
        moved = _advance(held, engine)
    exploration.refresh_from_db()
    return moved


def _advance(exploration: Exploration, engine: str) -> bool:
    branches = list(exploration.branches.select_related("run__session").order_by("index"))
    _take_verdicts(branches)
    if any(_under_way(branch) for branch in branches):
        return False
    if best := _confirmed(branches):
        _close(exploration, outcome="success", best=best.run.session)
    elif candidate := _unconfirmed_success(branches):
        _confirm(exploration, candidate, branches, engine)
    elif waiting := [branch for branch in branches if branch.run is None and not branch.verdict]:
        for branch in waiting[:WAVE]:
            _start(branch, exploration, engine)
    else:
        _close(
            exploration,
            outcome="handed_over",
            best=_best_partial(branches),
            evidence=_evidence_map(branches),
        )
    return True


def _under_way(branch: Branch) -> bool:
    """Waiting, running, or played and not evaluated yet."""
    return branch.run is not None and not branch.verdict


def cancel_exploration(exploration: Exploration) -> None:
    """Stop: queued runs are cancelled, what has ended is kept."""
    transition(exploration, Exploration.State.CANCELLED, closed_at=timezone.now(), outcome="cancelled")
    cancel(Run.objects.filter(branch__exploration=exploration))


def prune(branch: Branch) -> bool:
    """Leave out a planned branch; it stays in the plan, marked. False where it has started already."""
    left_out = Branch.objects.filter(pk=branch.pk, run=None, verdict="").update(verdict="pruned")
    return bool(left_out)


def _take_verdicts(branches: list[Branch]) -> None:
    for branch in branches:
        if branch.verdict or branch.run is None:
            continue
        if branch.run.state == Work.State.FAILED:
            branch.verdict = "failed"
        elif branch.run.session_id and (evaluation := branch.run.session.evaluations.order_by("-pk").first()):
            branch.verdict = _believed(branch.run.session, evaluation)
        if branch.verdict:
            branch.save(update_fields=["verdict"])


def _believed(session: Session, evaluation: Evaluation) -> str:
    """The verdict; "" while the guess test is to come, and lucky where it shows a guess: never learned from."""
    if evaluation.verdict != Evaluation.Verdict.SUCCESS:
        return evaluation.verdict
    guessed = guess.is_guess(session)
    return "" if guessed is None else Evaluation.Verdict.LUCKY if guessed else evaluation.verdict


def _confirmed(branches: list[Branch]) -> Branch | None:
    for branch in branches:
        if branch.verdict != Evaluation.Verdict.SUCCESS or branch.confirms_id:
            continue
        repeats = [other for other in branches if other.confirms_id == branch.pk]
        if sum(other.verdict == Evaluation.Verdict.SUCCESS for other in repeats) >= NEEDED:
            return branch
    return None


def _unconfirmed_success(branches: list[Branch]) -> Branch | None:
    tried = {branch.confirms_id for branch in branches}
    for branch in branches:
        if branch.verdict == Evaluation.Verdict.SUCCESS and not branch.confirms_id and branch.pk not in tried:
            evaluation = branch.run.session.evaluations.order_by("-pk").first()
            if evaluation.grounded is not None and evaluation.grounded >= GROUNDED:
                return branch
    return None


def _confirm(exploration: Exploration, success: Branch, branches: list[Branch], engine: str) -> None:
    """Repeat a success on fresh seeds, with a little randomness, so that luck of one seed does not count."""
    profile = Profile.from_data(success.profile)
    profile = replace(profile, temperature=max(profile.temperature, 0.2))
    following = max(branch.index for branch in branches) + 1
    for offset in range(CONFIRMATIONS):
        branch = Branch.objects.create(
            exploration=exploration,
            index=following + offset,
            operators={**success.operators, "fresh_seed": success.seed + offset + 1},
            why=f"does branch {success.index + 1} repeat on a fresh seed?",
            profile=asdict(profile),
            seed=success.seed + offset + 1,
            confirms=success,
        )
        _start(branch, exploration, engine)


def _start(branch: Branch, exploration: Exploration, engine: str) -> None:
    run = runs.ask(
        exploration.session.version,
        knowledge=knowledge_of(exploration.knowledge),
        parameters=RunParameters(engine, branch.seed, Profile.from_data(branch.profile), BRANCH_BUDGET),
        origin=Session.Origin.EXPLORATION,
        by=exploration.asked_by,
    )
    branch.run = run
    branch.save(update_fields=["run"])


def _close(exploration: Exploration, *, outcome: str, best: Session | None, evidence: dict | None = None) -> None:
    transition(
        exploration,
        Exploration.State.CLOSED,
        closed_at=timezone.now(),
        outcome=outcome,
        best=best,
        evidence_map=evidence or {},
    )


_PARTIAL = (Evaluation.Verdict.LUCKY, Evaluation.Verdict.INCONCLUSIVE, Evaluation.Verdict.SYMPTOM_ONLY)


def _best_partial(branches: list[Branch]) -> Session | None:
    """What an expert may want to start from where nothing succeeded."""
    ranked = sorted(
        (branch for branch in branches if branch.verdict in _PARTIAL), key=lambda b: _PARTIAL.index(b.verdict)
    )
    return ranked[0].run.session if ranked else None


def _evidence_map(branches: list[Branch]) -> dict:
    """What all branches saw, by component and aspect: where an expert need not look again."""
    seen: dict[str, dict[str, list[str]]] = {}
    for branch in branches:
        if branch.run is None or branch.run.session is None:
            continue
        transcript = recording.transcript_of(branch.run.session)
        for item in evidence_of(transcript.task, transcript.steps):
            _note(seen, item)
    return seen


def _note(seen: dict[str, dict[str, list[str]]], item: Evidence) -> None:
    if item.aspect == Aspect.NORMAL:
        return
    values = seen.setdefault(item.component or "-", {}).setdefault(str(item.aspect), [])
    if item.value not in values and len(values) < 5:
        values.append(item.value)
