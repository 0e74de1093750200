"""What came of an exploration's branches: how each ended, how far it got, what they covered and saw together."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases import recording
from cases.models import Evaluation, Score, Session, Step
from cases.transcript import Transcript
from cloudmate import prepared
from cloudmate.work import Work
from sandbox import guess
from sandbox.agents.offline.read import CaseFile
from sandbox.archive import Archive, Cell, distances
from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.models import Branch, Exploration
from sandbox.partial import blind_score, partial_score
from sandbox.strategies import cells_of

NEEDED = 2  # of the fresh seeds on which a success has to repeat (engine section 4)
GROUNDED = 0.8
PARTIAL = (Evaluation.Verdict.LUCKY, Evaluation.Verdict.INCONCLUSIVE, Evaluation.Verdict.SYMPTOM_ONLY)
VALUES = 5  # of one aspect of a component that the evidence map keeps


def read(transcript: Transcript) -> CaseFile:
    """What a session's returns say."""
    file = CaseFile(transcript.task)
    for step in transcript.steps:
        file.add(step)
    return file


def hops_of(file: CaseFile) -> dict[str, int]:
    """Component -> calls between it and what the alert names, as far as the session saw who calls whom."""
    return distances(file.symptom_components(), file.edges)


def archive_of(branches: list[Branch]) -> Archive:
    """What the branches so far have covered, and how well each cell did."""
    archive = Archive()
    for branch in branches:
        for cell in branch.covered or ([branch.cell] if branch.run_id and branch.cell else []):
            archive.visit(Cell(*cell), branch.partial)
    return archive


def spent(exploration: Exploration) -> int:
    """Calls that the branches have made, those that a branch was only led through not counted."""
    return sum(
        calls - (min(calls, len(profile.get("prefix", ()))) if continues else 0)
        for calls, profile, continues in prepared.rows(_calls, exploration.pk)
    )


def _calls(exploration: int) -> QuerySet:
    """Calls, profile and the branch gone on from, of each branch that has a session."""
    steps = Step.objects.filter(session=OuterRef("run__session")).order_by().values("session").values(n=Count("*"))
    made = Branch.objects.filter(exploration=exploration, run__session__isnull=False).order_by()
    return made.annotate(calls=Coalesce(Subquery(steps), 0)).values_list("calls", "profile", "continues")


def under_way(branch: Branch) -> bool:
    """Waiting, running, or played and not evaluated yet."""
    return branch.run is not None and not branch.verdict


def take_verdicts(branches: list[Branch]) -> None:
    """Note what ended: the verdict, how far each got and where it looked; stored for each that has one now."""
    pending = [branch for branch in branches if under_way(branch)]
    scored = Evaluation.objects.filter(session__in=[branch.run.session_id for branch in pending])
    newest = {evaluation.session_id: evaluation for evaluation in scored.order_by("pk")}
    for branch in pending:
        if branch.run.state == Work.State.FAILED:
            branch.verdict = "failed"
        elif evaluation := newest.get(branch.run.session_id):
            branch.verdict = _believed(branch.run.session, evaluation)
            if branch.verdict:
                _measure(branch, evaluation)
        if branch.verdict:
            branch.save(update_fields=["verdict", "partial", "blind", "covered"])


def _measure(branch: Branch, evaluation: Evaluation) -> None:
    """How far it got and where it looked."""
    transcript = recording.transcript_of(branch.run.session)
    file = read(transcript)
    coherence = evaluation.scores.filter(dimension=Score.Dimension.COHERENCE, source="deterministic").first()
    reasoning = evaluation.grounded, coherence.value if coherence else None
    branch.partial = partial_score(branch.verdict, *reasoning)
    branch.blind = blind_score(transcript.diagnosis, *reasoning)
    branch.covered = [list(cell) for cell in cells_of(transcript, file.evidence, hops_of(file))]


def _believed(session: Session, evaluation: Evaluation) -> str:
    """The verdict; "" while the guess test is to come, and lucky where it shows a guess: never learned from."""
    if evaluation.verdict != Evaluation.Verdict.SUCCESS:
        return evaluation.verdict
    guessed = guess.is_guess(session)
    return "" if guessed is None else Evaluation.Verdict.LUCKY if guessed else evaluation.verdict


def confirmed(branches: list[Branch]) -> Branch | None:
    """The first success that repeated on enough fresh seeds."""
    for branch in branches:
        if branch.verdict != Evaluation.Verdict.SUCCESS or branch.confirms_id:
            continue
        repeats = [other for other in branches if other.confirms_id == branch.pk]
        if sum(other.verdict == Evaluation.Verdict.SUCCESS for other in repeats) >= NEEDED:
            return branch
    return None


def unconfirmed_success(branches: list[Branch]) -> Branch | None:
    """The first grounded success that nobody has tried to repeat."""
    tried = {branch.confirms_id for branch in branches}
    for branch in branches:
        if branch.verdict == Evaluation.Verdict.SUCCESS and not branch.confirms_id and branch.pk not in tried:
            evaluation = branch.run.session.evaluations.order_by("-pk").first()
            if evaluation.grounded is not None and evaluation.grounded >= GROUNDED:
                return branch
    return None


def best_partial(branches: list[Branch]) -> Session | None:
    """What an expert may want to start from where nothing succeeded."""
    ranked = sorted(
        (branch for branch in branches if branch.verdict in PARTIAL),
        key=lambda branch: (-(branch.partial or 0.0), branch.index),
    )
    return ranked[0].run.session if ranked else None


def evidence_map(branches: list[Branch]) -> dict:
    """What all branches saw, by component and aspect: where an expert need not look again."""
    seen: dict[str, dict[str, list[str]]] = {}
    for branch in branches:
        if branch.run is None or branch.run.session is None:
            continue
        for item in read(recording.transcript_of(branch.run.session)).evidence:
            _note(seen, item)
    return seen


def _note(seen: dict[str, dict[str, list[str]]], item: Evidence) -> None:
    if item.aspect == Aspect.NORMAL:
        return
    values = seen.setdefault(item.component or "-", {}).setdefault(str(item.aspect), [])
    if item.value not in values and len(values) < VALUES:
        values.append(item.value)
