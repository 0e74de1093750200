"""A patch tried on variants of the case it was written for, in memory."""

from cases.evaluation.registry import evaluate
from cases.evaluation.run import passed
from cases.models import Evaluation
from rules.generalisation import Trial, tried
from rules.models import Patch
from sandbox import runs, variant_runs
from sandbox.values import knowledge_of
from sandbox.variants import Variant


def of_its_case(patch: Patch) -> tuple[Trial, ...]:
    """The patch's own case in other guises, under both arms; none where it has no structured answer or no snapshot."""
    version = patch.case.current if patch.case else None
    made = variant_runs.of(version, runs.snapshot_of(version)) if version else ()
    base, candidate = knowledge_of(patch.regression.base), knowledge_of(patch.regression.candidate)

    def play(variant: Variant):
        source = variant_runs.source_of(variant)
        old = runs.play(source, variant.task, knowledge=base)
        return old, runs.replay(source, variant.task, knowledge=candidate, known=runs.Known(old, base))

    def passes(transcript, expected) -> bool | None:
        result = evaluate(transcript, expected)
        return None if passed(result) is None else result.verdict == Evaluation.Verdict.SUCCESS

    return tried(made, play=play, passes=passes)
