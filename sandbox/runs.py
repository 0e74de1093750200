"""Runs: one attempt of the sandbox to produce a session, with every input frozen before it starts."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.db.models import QuerySet

from cases import recording
from cases.evaluation.run import evaluate_session
from cases.models import CaseVersion, Session
from cases.transcript import Step, Task, Transcript, digest_of
from cloudmate import prepared
from cloudmate.work import finish, held
from sandbox import capture
from sandbox.agents import loop
from sandbox.agents.base import Budget, Profile, RunParameters
from sandbox.agents.registry import agent_named
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.retrieval import affected
from sandbox.knowledge.rule import Knowledge
from sandbox.models import Run, Snapshot
from sandbox.values import knowledge_of, stored

DETERMINISTIC = frozenset({"offline"})  # engines whose run is decided by its inputs
ENDED = frozenset({"concluded", "max_steps", "loop"})  # stop reasons that no clock decides


class RunError(Exception):
    """A run that cannot be asked for; the message says what is missing and how to get it."""


def ask(
    version: CaseVersion,
    *,
    knowledge: Knowledge,
    parameters: RunParameters = RunParameters(),
    origin: str = Session.Origin.RECORDED,
    by=None,
) -> Run:
    """Queue a run on ``version``'s newest snapshot. Raises RunError where the case has none."""
    snapshot = snapshot_of(version)
    if snapshot is None:
        raise RunError(f"{version.case} has no snapshot: record a session or import recordings first")
    return Run.objects.create(
        case_version=version,
        snapshot=snapshot,
        knowledge=stored(knowledge),
        origin=origin,
        engine=parameters.engine,
        seed=parameters.seed,
        profile=asdict(parameters.profile),
        budget=asdict(parameters.budget),
        asked_by=by,
    )


def snapshot_of(version: CaseVersion) -> Snapshot | None:
    return prepared.first(_newest_snapshot, version.case_id)


def _newest_snapshot(case: int) -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(case=case).order_by("-number")[:1]


def parameters_of(run: Run) -> RunParameters:
    return RunParameters(run.engine, run.seed, Profile.from_data(run.profile), Budget(**run.budget))


def execute(run: Run) -> Session:
    """Claim ``run``, play it and store each step as it happens; leaves a finished session.

    What a lost attempt had stored is removed first: the run starts over. Raises
    TransitionError where another worker holds the run or took it over.
    """
    with held(run) as alive:
        if run.session_id:
            Session.objects.filter(pk=run.session_id, state=Session.State.RECORDING).delete()
        parameters, knowledge = parameters_of(run), knowledge_of(run.knowledge)
        session = _start(
            run.case_version, run.snapshot, run.knowledge_id, parameters, origin=run.origin, by=run.asked_by
        )
        Run.objects.filter(pk=run.pk, attempt=run.attempt).update(session=session)
        run.session = session

        def save(step: Step) -> None:
            alive()
            _append(session, step)

        task = recording.task_of(run.case_version)
        source = capture.source_of(run.snapshot)
        transcript = play(source, task, knowledge=knowledge, parameters=parameters, on_step=save)
        alive(force=True)
        with transaction.atomic():
            _finish(session, transcript)
            finish(run)
    capture.note_misses(run.snapshot, transcript.steps)
    return session


def play(
    source: ReplaySource,
    task: Task,
    *,
    knowledge: Knowledge,
    parameters: RunParameters = RunParameters(),
    steps: tuple[Step, ...] = (),
    on_step: Callable[[Step], None] | None = None,
) -> Transcript:
    """One run in memory against a snapshot; stores nothing. ``steps`` are known to be its first."""
    return loop.run(
        agent_named(parameters.engine),
        task,
        source.open(),
        knowledge=knowledge,
        seed=parameters.seed,
        profile=parameters.profile,
        budget=parameters.budget,
        first=steps,
        on_step=on_step,
    )


@dataclass(frozen=True)
class Known:
    """What a run of the same case with the same parameters did under another knowledge."""

    transcript: Transcript
    knowledge: Knowledge


def replay(
    source: ReplaySource,
    task: Task,
    *,
    knowledge: Knowledge,
    known: Known | None,
    parameters: RunParameters = RunParameters(),
) -> Transcript:
    """As ``play``, without deciding again what is proven to be decided as in the ``known`` run.

    Up to the first decision at which a rule that differs could act, both runs are the same by induction; where
    there is none, all of the run is. Only of engines that are deterministic is anything known.
    """

    def whole() -> Transcript:
        return play(source, task, knowledge=knowledge, parameters=parameters)

    if known is None or parameters.engine not in DETERMINISTIC or known.transcript.stop_reason not in ENDED:
        return whole()
    at = affected(known.transcript, known.knowledge, knowledge)
    if at is None:
        return replace(known.transcript, knowledge_digest=knowledge.digest)
    try:
        return play(source, task, knowledge=knowledge, parameters=parameters, steps=known.transcript.steps[:at])
    except loop.UnlikeError:  # what was stored of it is not, to the letter, what the snapshot says
        return whole()


def settle(
    version: CaseVersion,
    snapshot: Snapshot,
    *,
    knowledge: Knowledge,
    parameters: RunParameters = RunParameters(),
    origin: str = Session.Origin.REGRESSION,
    known: Known | None = None,
) -> Session:
    """The evaluated session these inputs give: found where an engine is deterministic, else played and stored whole.

    ``known`` is what the same run did under another knowledge.
    """
    value = stored(knowledge)
    if parameters.engine in DETERMINISTIC:
        alike = Session.objects.finished().filter(inputs_digest=inputs_digest(version, snapshot, value.pk, parameters))
        if found := alike.order_by("pk").first():
            evaluate_session(found)
            return found
    task = recording.task_of(version)
    source = capture.source_of(snapshot)
    transcript = replay(source, task, knowledge=knowledge, known=known, parameters=parameters)
    with transaction.atomic():
        session = _start(version, snapshot, value.pk, parameters, origin=origin)
        recording.append_all(session, transcript.steps)
        _finish(session, transcript)
    capture.note_misses(snapshot, transcript.steps)
    evaluate_session(session)
    return session


def inputs_digest(version: CaseVersion, snapshot: Snapshot, knowledge_digest: str, parameters: RunParameters) -> str:
    return digest_of([version.digest, snapshot.digest, knowledge_digest, asdict(parameters)])


def _start(version, snapshot, knowledge_digest, parameters, *, origin, by=None) -> Session:
    return recording.start(
        version,
        actor=Session.Actor.AGENT,
        engine=parameters.engine,
        origin=origin,
        by=by,
        name=f"{parameters.engine} agent",
        parameters=asdict(parameters),
        knowledge_digest=knowledge_digest,
        snapshot_digest=snapshot.digest,
        inputs_digest=inputs_digest(version, snapshot, knowledge_digest, parameters),
    )


def _append(session: Session, step: Step) -> None:
    recording.append(
        session,
        tool=step.tool,
        arguments=step.arguments,
        observation=step.observation,
        thought=step.thought,
        rules=step.rules,
        at=step.at,
        index=step.index,
    )


def _finish(session: Session, transcript: Transcript) -> None:
    recording.finish(
        session,
        diagnosis=transcript.diagnosis,
        stop_reason=transcript.stop_reason,
        concluding_rules=transcript.concluding_rules,
        tokens=transcript.tokens,
        wall_ms=transcript.wall_ms,
    )
