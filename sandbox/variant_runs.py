"""A case in other guises: what each changes, and whether the agent still finds what it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cases.calls import canonical
from cases.diagnosis import Answer
from cases.evaluation.registry import evaluate
from cases.models import Case, CaseVersion
from cases.recording import task_of
from cases.transcript import Transcript
from cloudmate.work import finish, held
from sandbox import capture, runs
from sandbox.environment.base import Recording
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.knowledge.rule import Knowledge
from sandbox.lab.again import AGAIN
from sandbox.lab.case import GENERATOR, Plot, answer_of, happen, plot_of
from sandbox.models import Snapshot, VariantRun
from sandbox.values import knowledge_of, stored
from sandbox.variants import ANOTHER_ANSWER, KINDS, WHY_NOT, Variant, variants

NAMED = ("services", "deployments", "statefulsets")  # kinds of things whose names a variant changes
LINE = 300  # characters of a line that is shown
KEPT = 64  # cases whose guises a process remembers: a page that is polled makes them once
_told: dict[tuple[str, ...], list["Guise"]] = {}


class VariantError(Exception):
    """A case that no variant can be made of; the message says why."""


@dataclass(frozen=True)
class Guise:
    """One kind of variant of a case: what it changes, or why it is left out. ``example``: a line before and after."""

    kind: str
    words: str
    why_not: str = ""
    prompt: str = ""  # where it is told in other words
    answer: str = ""  # what is right then, where that is something else
    changed: int = 0  # returns that differ, of how many
    of: int = 0
    example: tuple[str, str] | None = None


def of(version: CaseVersion, snapshot: Snapshot | None) -> tuple[Variant, ...]:
    """The variants that are sound for this case; none without a snapshot or a structured answer."""
    answer = version.parsed_answer()
    if snapshot is None or answer is None or not answer.causes:
        return ()
    names = [name for kind in NAMED for name in snapshot.inventory.get(kind, ())]
    of_texts = variants(task_of(version), answer, capture.recordings_of(snapshot), names=names)
    plot = _plot(version.case, answer)
    made = {kind: make(plot) for kind, make in AGAIN.items()} if plot else {}
    return (*of_texts, *(Variant(kind, *found) for kind, found in made.items() if found))


def _plot(case: Case, answer: Answer) -> Plot | None:
    """What the lab broke in this case; None for a case of elsewhere, and for one that is called something else now."""
    plot = plot_of(case.origin_path) if case.origin == GENERATOR else None
    if plot is None:
        return None
    made = answer_of(happen(plot.system, plot.fault, plot.seed))
    return plot if made.causes[:1] == answer.causes[:1] else None


def source_of(variant: Variant) -> ReplaySource:
    return ReplaySource(variant.task.tools, variant.recordings, inventory=inventory_of(variant.recordings))


def guises(version: CaseVersion, snapshot: Snapshot | None) -> list[Guise]:
    """Every kind, in one order. Raises VariantError where the case can have none."""
    if snapshot is None:
        raise VariantError("Nothing is frozen of the case, so there is nothing to put into another guise")
    answer = version.parsed_answer()
    if answer is None or not answer.causes:
        raise VariantError("Its answer names no cause, so code cannot tell whether a run of a variant is right")
    key = (version.digest, snapshot.digest, version.case.origin, version.case.origin_path)
    found = _told.get(key)
    if found is None:
        made = {variant.kind: variant for variant in of(version, snapshot)}
        before = capture.recordings_of(snapshot)
        found = _told[key] = [
            _guise(kind, words, made.get(kind), before, version.prompt) for kind, words in KINDS.items()
        ]
        for oldest in list(_told)[:-KEPT]:
            _told.pop(oldest, None)  # another thread may have been faster
    return found


def ask(version: CaseVersion, knowledge: Knowledge) -> int:
    """Queue a run of each variant under ``knowledge``, once; return how many are new. Raises VariantError."""
    snapshot = runs.snapshot_of(version)
    kinds = [guise.kind for guise in guises(version, snapshot) if not guise.why_not]
    if not kinds:
        raise VariantError("No variant is sound for this case: each says why")
    value = stored(knowledge)
    rows = VariantRun.objects.filter(case_version=version, snapshot=snapshot, knowledge=value)
    before = rows.count()
    VariantRun.objects.bulk_create(
        (VariantRun(case_version=version, snapshot=snapshot, knowledge=value, kind=kind) for kind in kinds),
        ignore_conflicts=True,
    )
    return rows.count() - before


def execute(row: VariantRun) -> None:
    """Claim the row, play the variant and record what came of it. Raises TransitionError for another worker's."""
    with held(row):
        variant = next((one for one in of(row.case_version, row.snapshot) if one.kind == row.kind), None)
        if variant is None:
            raise VariantError(f"It can be made no more: {WHY_NOT[row.kind]}")
        transcript = runs.play(source_of(variant), variant.task, knowledge=knowledge_of(row.knowledge))
        result = evaluate(transcript, variant.answer)
        finish(row, verdict=result.verdict, concluded=_concluded(transcript)[:300], calls=len(transcript.steps))


def _concluded(transcript: Transcript) -> str:
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return "nothing"
    causes = (f"{cause.fault_class} at {cause.component}" for cause in diagnosis.root_causes)
    return ", ".join(causes) or diagnosis.conclusion.value.replace("_", " ")


def _named(answer: Answer) -> str:
    if not answer.causes:
        return "nothing is broken"
    return f"{answer.causes[0].fault_class.replace('_', ' ')} at {answer.causes[0].component}"


def _guise(kind: str, words: str, variant: Variant | None, before, prompt: str) -> Guise:
    if variant is None:
        return Guise(kind, words, why_not=WHY_NOT[kind])
    pairs = list(_beside(kind, before, variant.recordings))
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    other = variant.task.prompt if variant.task.prompt != prompt else ""
    right = _named(variant.answer) if kind in ANOTHER_ANSWER else ""
    examples = () if kind in AGAIN else (found for pair in differing for found in _lines(*pair))
    return Guise(kind, words, "", other, right, len(differing), len(pairs), next(iter(examples), None))


def _beside(kind: str, before: Sequence[Recording], after: Sequence[Recording]) -> Iterator[tuple[str, str]]:
    """Each return of a variant, and what it was before; what is run again need not be asked the same."""
    if kind not in AGAIN:
        yield from ((old.output, new.output) for old, new in zip(before, after, strict=True))
        return
    said = {canonical(one.tool, one.arguments).key: one.output for one in before}
    yield from ((said.get(canonical(one.tool, one.arguments).key, ""), one.output) for one in after)


def _lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Lines that stand in one of two returns only, in pairs; an added line has nothing before it."""
    first, second = old.splitlines(), new.splitlines()
    held_before, held_after = set(first), set(second)
    gone = [line for line in first if line not in held_after]
    come = [line for line in second if line not in held_before]
    for number in range(max(len(gone), len(come))):
        pair = [lines[number] if number < len(lines) else "" for lines in (gone, come)]
        yield (pair[0].strip()[:LINE], pair[1].strip()[:LINE])
