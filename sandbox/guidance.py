"""Expert guidance: an expert's session is replayed, and each step explained from what was known before it.

A rationale says what the call was to tell apart: in the expert's own words where there are any, else
drafted by the model of the role explainer, else by code. It is kept as knowledge only if, with it,
the agent's next action matches the expert's where it did not before (engine section 4).
"""

import re
from dataclasses import asdict, dataclass, field, replace

from django.db import transaction
from django.db.models import Exists, OuterRef

from cases import recording
from cases.access import require_role
from cases.calls import canonical
from cases.models import Evaluation, Guidance, Session
from cases.transcript import Level, Step, Transcript
from cases.wellformed import flaw
from cloudmate.llm.base import LLM
from cloudmate.llm.roles import for_role
from cloudmate.work import finish, held
from sandbox import capture, runs
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.agents.offline.names import MARK
from sandbox.agents.offline.read import evidence_of
from sandbox.environment.base import Environment, Inventory
from sandbox.explaining import Draft, Explainer
from sandbox.hindsight import hindsight
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.knowledge.language import text_of
from sandbox.knowledge.rule import EMPTY, EvidenceTest, Knowledge, Prefer, Rule
from sandbox.models import Derivation, KnowledgeValue
from sandbox.values import knowledge_of

FIRST = 3  # the expert's call counts as matched among this many of the agent's next ones
TELLING = 3  # words of what was seen that its rule asks for
LONGEST = 4000  # characters of an expert's own words
PUSHES = (1.5, 2.5, 4.0)  # weights of the preference a rationale compiles to; the least that brings the call is taken
OFFLINE, EXPERT = "offline", "expert"
_PLACEHOLDER = re.compile(r"<[^>]*>|[^\w ]")


class GuidanceError(Exception):
    """Guidance that cannot be given or edited; the message says why."""


@dataclass(frozen=True)
class Rationale:
    """Why the expert took step ``step``, drawn from the steps before it only."""

    step: int
    rationale: str
    separates: list[str]  # the explanations that stood open
    cites: list[int]  # steps it rests on, all earlier
    replay: str  # reproduced, different, not_captured
    hit_before: bool
    hit_after: bool
    kept: bool
    rule: str = ""  # what it compiles to, as text
    edited_by: str = ""
    engine: str = OFFLINE  # whose words: expert, llm:MODEL or offline
    problem: str = ""  # why they are not the model's, where one was asked
    record: dict = field(default_factory=dict)  # of what a model was asked: digests, tokens
    foreseen: list[dict] = field(default_factory=list)  # what it names that was first seen later: word, step
    accepted_by: str = ""


def offer(session: Session, *, failed: Session | None = None, by=None, notes: str = "") -> Guidance:
    """Offer an expert's finished session as guidance; its derivation waits in the queue.

    Raises GuidanceError for a session that is not an expert's or not finished.
    """
    if session.actor != Session.Actor.EXPERT:
        raise GuidanceError("Only an expert's session can guide")
    if session.state != Session.State.FINISHED:
        raise GuidanceError("Finish the session first")
    if failed is None:
        failed = _failed_before(session)
    with transaction.atomic():
        guidance, _ = Guidance.objects.get_or_create(
            session=session, defaults={"failed": failed, "by": by or session.by, "notes": notes}
        )
        Derivation.objects.get_or_create(guidance=guidance)
    return guidance


def offer_finished() -> int:
    """Every session that an expert recorded here and finished guides; return how many are new."""
    new = (
        Session.objects.recorded()
        .finished()
        .filter(actor=Session.Actor.EXPERT, by__isnull=False, guidance=None)
        .filter(Exists(Session.objects.filter(pk=OuterRef("pk"), case__snapshots__isnull=False)))
    )
    return len([offer(session) for session in new])


def derive(derivation: Derivation, *, llm: LLM | None = None) -> None:
    """Claim the derivation, replay the session and explain each step; stores the rationales.

    ``llm``, or else the model of the role explainer, drafts where the expert gave no reason; a draft
    that cannot be used is made offline, and says why. No model is asked inside a transaction.
    """
    with held(derivation) as alive:
        session = derivation.guidance.session
        transcript = recording.transcript_of(session)
        snapshot = runs.snapshot_of(session.version)
        environment = capture.source_of(snapshot).open() if snapshot else None
        knowledge = _knowledge_of(derivation.guidance.failed)
        model = llm or for_role("explainer")
        explainer = Explainer(model) if model else None
        found = []
        for step in transcript.steps:
            alive()
            draft = explainer.why(transcript, step.index) if explainer and not step.thought.strip() else Draft()
            found.append(_explain(transcript, step, environment, knowledge, draft))
        drafted = explainer is not None and any(item.engine == explainer.engine for item in found)
        finish(
            derivation,
            rationales=[vars(item) for item in found],
            engine=explainer.engine if drafted else OFFLINE,
        )


def edit(derivation: Derivation, *, step: int, rationale: str, by) -> None:
    """A person accepts a drafted rationale as it stands, or replaces it by words of their own.

    What the words name that was first seen later is kept beside them. Raises GuidanceError where there is no such
    step, or nothing is said.
    """
    require_role(by, "expert", "reviewer", "lead")
    if not rationale.strip():
        raise GuidanceError("Write why this step was taken, or leave the draft as it is")
    if unfit := flaw(rationale) or (len(rationale) > LONGEST and f"more than {LONGEST} characters"):
        raise GuidanceError(f"What you wrote holds {unfit}: leave it out")
    rows = [dict(row) for row in derivation.rationales]
    for row in rows:
        if row["step"] == step:
            said = rationale.strip()
            row["accepted_by"] = by.get_username()
            if said != row["rationale"].strip():
                transcript = recording.transcript_of(derivation.guidance.session)
                row.update(rationale=said, edited_by=by.get_username(), foreseen=_foreseen(said, transcript, step))
            derivation.rationales = rows
            derivation.save(update_fields=["rationales"])
            return
    raise GuidanceError(f"There is no rationale for step {step + 1}")


def _explain(
    transcript: Transcript, step: Step, environment: Environment | None, knowledge: Knowledge, draft: Draft
) -> Rationale:
    prefix = transcript.steps[: step.index]
    evidence = [item for item in evidence_of(transcript.task, prefix) if item.aspect != Aspect.NORMAL]
    about = _about(step, [item for item in evidence if item.step in draft.cites] or evidence)
    before = _next_calls(transcript, prefix, knowledge)
    rivals = _rivals(transcript, prefix, knowledge)
    wanted = _key(transcript, step.tool, step.arguments)
    hit_before = wanted in before
    rule, hit_after = None, hit_before
    for weight in PUSHES if about else ():
        rule = _compiled(step, about, weight)
        hit_after = wanted in _next_calls(transcript, prefix, replace(knowledge, rules=(*knowledge.rules, rule)))
        if hit_after:
            break
    own = step.thought.strip()
    said = own or draft.rationale or _words(step, about, rivals)
    return Rationale(
        step=step.index,
        rationale=said,
        foreseen=_foreseen(said, transcript, step.index),
        separates=rivals,
        cites=list(draft.cites) if draft.rationale else [about.step] if about else [],
        replay=_replayed(step, environment),
        hit_before=hit_before,
        hit_after=hit_after,
        kept=bool(rule) and hit_after and not hit_before,
        rule=text_of(rule) if rule else "",
        engine=EXPERT if own else draft.engine or OFFLINE,
        problem=draft.problem,
        record=draft.record,
    )


def _foreseen(said: str, transcript: Transcript, index: int) -> list[dict]:
    return [asdict(one) for one in hindsight(said, transcript, index)]


def _about(step: Step, evidence: list[Evidence]) -> Evidence | None:
    """What was seen before and is asked about now: of a component in the call, strongest first; else the strongest."""
    asked = {str(value) for value in step.arguments.values()}
    named = [item for item in evidence if item.component and any(item.component in value for value in asked)]
    return max(named or evidence, key=lambda item: (item.strength, item.step), default=None)


def _words(step: Step, about: Evidence | None, rivals: list[str]) -> str:
    if about is None and step.index == 0:
        return f"Nothing was known yet: {step.tool} is a first look."
    if about is None:
        return f"Nothing telling was read in what was asked before: {step.tool} looks elsewhere."
    seen = f"Step {about.step + 1} showed “{MARK.sub('…', about.value)}”" + (
        f" on {about.component}" if about.component else ""
    )
    if len(rivals) > 1:
        return f"{seen}. {step.tool} tells {rivals[0]} from {rivals[1]}."
    return f"{seen}. {step.tool} shows what stands behind it."


def _next_calls(transcript: Transcript, prefix: tuple[Step, ...], knowledge: Knowledge) -> list[str]:
    mind = _mind(transcript, knowledge)
    return [_key(transcript, call.tool, call.arguments) for call in mind.proposals(prefix, FIRST)]


def _rivals(transcript: Transcript, prefix: tuple[Step, ...], knowledge: Knowledge) -> list[str]:
    leading = _mind(transcript, knowledge).hypotheses(prefix, 2)
    return [f"{item.fault_class} at {item.component}" if item.component else item.fault_class for item in leading]


def _mind(transcript: Transcript, knowledge: Knowledge):
    return OfflineAgent().start(transcript.task, knowledge=knowledge, inventory=Inventory())


def _compiled(step: Step, about: Evidence, weight: float) -> Rule:
    """WHEN what was seen THEN PREFER the expert's call, with names turned into variables."""
    words = [word for word in _PLACEHOLDER.sub(" ", about.value).split() if len(word) > 2][:TELLING]
    arguments = {name: _variable(name, value, about) for name, value in step.arguments.items()}
    return Rule(
        name=f"guided-{step.index + 1}-{re.sub('[^a-z0-9]+', '-', step.tool.lower()).strip('-')}",
        when=(EvidenceTest(aspect=str(about.aspect), pattern=".*".join(re.escape(word) for word in words)),),
        then=(Prefer(step.tool, arguments, weight),),
        because="an expert looked here next",
    )


def _variable(name: str, value: object, about: Evidence) -> object:
    """A name that the evidence gives, as the variable that stands for it wherever the rule applies."""
    named = {about.node: "$node", about.object: "$object", about.component: "$component"}
    if isinstance(value, str) and value in named and value:
        return named[value]
    return "$namespace" if name == "namespace" else value


def _replayed(step: Step, environment: Environment | None) -> str:
    if environment is None:
        return "not_captured"
    again = environment.call(step.tool, step.arguments)
    if again.level in (Level.MISS, Level.REFUSED):  # a call that no tool of the case makes was not captured either
        return "not_captured"
    return "reproduced" if again.output == step.observation.output else "different"


def _key(transcript: Transcript, tool: str, arguments: dict) -> str:
    return canonical(tool, arguments, transcript.task.tool(tool)).key


def _knowledge_of(failed: Session | None) -> Knowledge:
    value = KnowledgeValue.objects.filter(digest=failed.knowledge_digest).first() if failed else None
    return knowledge_of(value) if value else EMPTY


def _failed_before(session: Session) -> Session | None:
    return (
        Session.objects.recorded()
        .finished()
        .filter(case=session.case_id, version__task_digest=session.version.task_digest, actor=Session.Actor.AGENT)
        .filter(Exists(Evaluation.objects.filter(session=OuterRef("pk"), low_scoring=True)))
        .order_by("-pk")
        .first()
    )
