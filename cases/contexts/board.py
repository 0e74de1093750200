"""What an expert thinks so far, side by side: hypotheses with what speaks for and against, evidence, dead ends, notes."""

from dataclasses import dataclass

from cases.models import Annotation, Bearing, Session, Step


@dataclass(frozen=True)
class Hypothesis:
    said: Annotation
    speaks_for: tuple[Annotation, ...]
    speaks_against: tuple[Annotation, ...]
    bears: tuple[tuple[Annotation, str], ...]  # every passage of evidence, and how it bears on this: for, against, ""


@dataclass(frozen=True)
class Board:
    hypotheses: tuple[Hypothesis, ...]
    evidence: tuple[Annotation, ...]
    notes: tuple[Annotation, ...]
    dead_ends: tuple[Step, ...]


def board_of(session: Session) -> Board:
    """Three queries, however much was said."""
    said = list(session.annotations.select_related("by", "step").order_by("pk"))
    stances = {
        (bearing.hypothesis_id, bearing.evidence_id): bearing.stance
        for bearing in Bearing.objects.filter(hypothesis__session=session)
    }
    evidence = tuple(one for one in said if one.kind == Annotation.Kind.EVIDENCE)

    def hypothesis(one: Annotation) -> Hypothesis:
        bears = tuple((passage, stances.get((one.pk, passage.pk), "")) for passage in evidence)
        speaks_for = tuple(passage for passage, stance in bears if stance == Bearing.Stance.FOR)
        return Hypothesis(
            one, speaks_for, tuple(passage for passage, stance in bears if stance == Bearing.Stance.AGAINST), bears
        )

    return Board(
        tuple(hypothesis(one) for one in said if one.kind == Annotation.Kind.HYPOTHESIS),
        evidence,
        tuple(one for one in said if one.kind == Annotation.Kind.NOTE),
        tuple(session.steps.filter(dead_end=True).only("index", "tool", "why", "session").order_by("index")),
    )
