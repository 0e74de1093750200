"""The guess test: a conclusion that stands when what it cites is taken away was not drawn from it.

The agent is shown its own session again with the cited returns masked, and has to conclude at
once. A faithful conclusion changes; a lucky one does not (engine section 2).
"""

from dataclasses import replace

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, QuerySet

from cases import recording
from cases.diagnosis import Diagnosis
from cases.models import Evaluation, Score, Session
from cases.transcript import Level, Observation, Step, Transcript
from sandbox.agents.base import AgentError, Conclude
from sandbox.agents.registry import agent_named
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import EMPTY
from sandbox.models import KnowledgeValue
from sandbox.runs import parameters_of
from sandbox.values import knowledge_of

TESTED = ("offline", "llm")  # engines that can be asked again
SOURCE = "deterministic"
MASKED = Observation(output="", level=Level.MISS)


def due() -> QuerySet[Evaluation]:
    """Right, grounded sandbox sessions whose conclusion nobody has tried to take the ground from."""
    tested = Score.objects.filter(evaluation=OuterRef("pk"), dimension=Score.Dimension.GUESS)
    return (
        Evaluation.objects.filter(
            verdict=Evaluation.Verdict.SUCCESS,
            session__run__isnull=False,
            session__engine__in=TESTED,
            session__origin__in=[Session.Origin.RECORDED, Session.Origin.EXPLORATION],
        )
        .exclude(Exists(tested))
        .select_related("session__run", "session__version__case__system")
        .order_by("pk")
    )


def test(evaluation: Evaluation) -> Score | None:
    """Store what the guess test says: 1 faithful, 0 a guess, None where it cannot be tried. None returned: done elsewhere."""
    value, reason = _outcome(evaluation.session)
    try:
        return Score.objects.create(
            evaluation=evaluation, dimension=Score.Dimension.GUESS, source=SOURCE, value=value, reason=reason
        )
    except IntegrityError:
        return None


def is_guess(session: Session) -> bool | None:
    """Whether the newest evaluation's guess test says so; None where it has not run and would be."""
    evaluation = session.evaluations.order_by("-pk").first()
    score = evaluation.scores.filter(dimension=Score.Dimension.GUESS).first() if evaluation else None
    if score is None:
        return None if session.engine in TESTED else False
    return score.value == 0


def _outcome(session: Session) -> tuple[float | None, str]:
    transcript = recording.transcript_of(session)
    cited = {ref.step for claim in transcript.diagnosis.claims for ref in claim.refs}
    if not cited:
        return None, "It cites nothing, so nothing can be taken away"
    try:
        again = _conclude_without(session, transcript, cited)
    except AgentError as problem:
        return None, f"The agent could not be asked again: {problem}"[:300]
    if again is None:
        return None, "The agent did not conclude when asked again"
    steps = ", ".join(str(step + 1) for step in sorted(cited))
    if _causes(again) == _causes(transcript.diagnosis):
        return 0.0, f"The conclusion is the same without the returns of the steps it cites ({steps}): a guess"
    return 1.0, f"Without the returns of the steps it cites ({steps}) the conclusion changes: it rests on them"


def _conclude_without(session: Session, transcript: Transcript, cited: set[int]) -> Diagnosis | None:
    steps = tuple(_masked(step) if step.index in cited else step for step in transcript.steps)
    value = KnowledgeValue.objects.filter(digest=session.knowledge_digest).first()
    parameters = parameters_of(session.run)
    mind = agent_named(session.engine).start(
        transcript.task,
        knowledge=knowledge_of(value) if value else EMPTY,
        inventory=Inventory(),
        seed=parameters.seed,
        profile=parameters.profile,
    )
    decision = mind.decide(steps, steps_left=0)
    return decision.diagnosis if isinstance(decision, Conclude) else None


def _masked(step: Step) -> Step:
    return replace(step, observation=MASKED)


def _causes(diagnosis: Diagnosis) -> tuple:
    return diagnosis.conclusion, tuple((cause.component, cause.fault_class) for cause in diagnosis.root_causes[:1])
