"""A patch tried on variants of the case it was written for, in memory."""

from cases.evaluation.registry import evaluate
from cases.evaluation.run import passed
from cases.models import Evaluation
from cases.recording import task_of
from rules.generalisation import Trial, tried
from rules.models import Patch
from sandbox import capture, runs
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.values import knowledge_of
from sandbox.variants import Variant, variants

NAMED = ("services", "deployments", "statefulsets")  # kinds of things whose names a variant changes


def of_its_case(patch: Patch) -> tuple[Trial, ...]:
    """The patch's own case in other guises, under both arms; none where it has no structured answer or no snapshot."""
    version = patch.case.current if patch.case else None
    answer = version.parsed_answer() if version else None
    snapshot = runs.snapshot_of(version) if version else None
    if snapshot is None or answer is None or not answer.causes:
        return ()
    names = [name for kind in NAMED for name in snapshot.inventory.get(kind, ())]
    made = variants(task_of(version), answer, capture.recordings_of(snapshot), names=names)

    base, candidate = knowledge_of(patch.regression.base), knowledge_of(patch.regression.candidate)

    def play(variant: Variant):
        source = ReplaySource(variant.task.tools, variant.recordings, inventory=inventory_of(variant.recordings))
        old = runs.play(source, variant.task, knowledge=base)
        return old, runs.replay(source, variant.task, knowledge=candidate, known=runs.Known(old, base))

    def passes(transcript, expected) -> bool | None:
        result = evaluate(transcript, expected)
        return None if passed(result) is None else result.verdict == Evaluation.Verdict.SUCCESS

    return tried(made, play=play, passes=passes)
