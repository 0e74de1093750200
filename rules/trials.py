"""Knowledge tried on variants of a case, in memory: by the critic for each width of a rule, by the gate for a patch."""

from functools import cache

from cases.evaluation.registry import evaluate
from cases.evaluation.run import passed
from cases.models import CaseVersion, Evaluation
from cases.transcript import Transcript
from rules.generalisation import Trial, Trials
from sandbox import runs, variant_runs
from sandbox.knowledge.rule import Knowledge
from sandbox.variants import Variant


def over(version: CaseVersion, base: Knowledge) -> Trials:
    """What a candidate makes of the version's variants beside ``base``; nothing where none is sound.

    Variants are made and played under ``base`` when the first candidate comes, once for all candidates.
    """

    @cache
    def known() -> list[tuple[Variant, Transcript]]:
        made = variant_runs.of(version, runs.snapshot_of(version))
        return [(one, runs.play(variant_runs.source_of(one), one.task, knowledge=base)) for one in made]

    def under(candidate: Knowledge) -> tuple[Trial, ...]:
        return tuple(Trial(one.kind, _passes(one, old), _passes(one, new(one, old, candidate))) for one, old in known())

    def new(variant: Variant, old: Transcript, candidate: Knowledge) -> Transcript:
        source = variant_runs.source_of(variant)
        return runs.replay(source, variant.task, knowledge=candidate, known=runs.Known(old, base))

    return under


def _passes(variant: Variant, transcript: Transcript) -> bool | None:
    """Whether a run of it is right and grounded; None: it can be neither."""
    result = evaluate(transcript, variant.answer)
    return None if passed(result) is None else result.verdict == Evaluation.Verdict.SUCCESS
