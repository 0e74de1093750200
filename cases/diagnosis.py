"""The structured conclusion of a session, and the answer it is measured against.

Both agents and experts conclude in the form of a Diagnosis; only evaluation and
people with the right ever see an Answer. Plain values: no Django here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class DiagnosisError(ValueError):
    """A diagnosis or answer that is not in its form; the message names the field and the remedy."""


class Conclusion(StrEnum):
    ROOT_CAUSE = "root_cause"
    NO_FAULT = "no_fault"
    INCONCLUSIVE = "inconclusive"


class Relation(StrEnum):
    CAUSES = "causes"
    MASKS = "masks"
    AMPLIFIES = "amplifies"


class ClaimKind(StrEnum):
    OBSERVATION = "observation"
    INFERENCE = "inference"
    EXCLUSION = "exclusion"
    MITIGATION = "mitigation"


class MitigationKind(StrEnum):
    CAUSAL = "causal"
    SYMPTOMATIC = "symptomatic"


# name -> the arguments a predicate of that name must carry (engine section 1)
PREDICATES: dict[str, tuple[str, ...]] = {
    "gt": ("metric", "value"),
    "lt": ("metric", "value"),
    "eq": ("metric", "value"),
    "changed": ("metric", "factor"),
    "contains": ("pattern",),
    "absent": ("pattern",),
    "co_occurs": ("a", "b"),
    "depends": ("a", "b"),
    "config_changed": ("key", "old", "new"),
    "state": ("component", "value"),
}


@dataclass(frozen=True)
class Ref:
    """Where a claim was seen: ``quote`` is text of the raw return of step ``step`` (zero-based index)."""

    step: int
    quote: str = ""
    locator: str = ""


@dataclass(frozen=True)
class Predicate:
    """A statement code can check on a recorded observation; ``name`` is one of PREDICATES."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    id: str
    kind: ClaimKind
    text: str
    refs: tuple[Ref, ...] = ()
    predicate: Predicate | None = None
    made_at_step: int | None = None  # number of steps taken when the claim was made; None = at the end


@dataclass(frozen=True)
class RootCause:
    component: str
    fault_class: str
    mechanism: str = ""
    onset: str = ""
    confidence: float | None = None
    claim: str = ""  # id of the claim that carries it


@dataclass(frozen=True)
class Link:
    """``cause`` and ``effect`` are claim ids."""

    cause: str
    effect: str
    relation: Relation = Relation.CAUSES


@dataclass(frozen=True)
class Rejected:
    hypothesis: str
    refs: tuple[Ref, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Mitigation:
    action: str
    addresses: str = ""  # claim id
    kind: MitigationKind = MitigationKind.CAUSAL


@dataclass(frozen=True)
class Diagnosis:
    conclusion: Conclusion
    root_causes: tuple[RootCause, ...] = ()
    chain: tuple[Link, ...] = ()
    claims: tuple[Claim, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    summary: str = ""
    frame: dict[str, str] = field(default_factory=dict)  # intent: scope, symptom, window, ask, constraints, ambiguity
    missing: tuple[str, ...] = ()  # inconclusive: what would settle it

    @property
    def concludes(self) -> str:
        """Each root cause at its component; without any, the conclusion's own word."""
        return ", ".join(f"{cause.fault_class} at {cause.component}" for cause in self.root_causes) or str(
            self.conclusion
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Cause:
    """One acceptable (component, fault class); an empty field accepts anything."""

    component: str = ""
    fault_class: str = ""


@dataclass(frozen=True)
class Answer:
    """What a right diagnosis says. ``causes`` are alternatives, each of them accepted.

    ``expected`` are free-text statements, judged where no cause is structured.
    ``aliases`` maps a component name to the names that stand for the same thing.
    """

    conclusion: Conclusion = Conclusion.ROOT_CAUSE
    causes: tuple[Cause, ...] = ()
    expected: tuple[str, ...] = ()
    must_mention: tuple[str, ...] = ()
    must_not_mention: tuple[str, ...] = ()
    aliases: dict[str, list[str]] = field(default_factory=dict)
    category: str = ""
    title: str = ""
    notes: str = ""
    frame: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
