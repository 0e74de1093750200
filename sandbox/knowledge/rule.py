"""A rule as a value: what triggers it and what it does. Text form and checks are in ``language``. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cases.transcript import digest_of

# what an alert can complain of, told from its words
SYMPTOMS = ("latency", "errors", "unavailable", "restart", "pending", "saturation", "traffic", "data", "unknown")
# where a fault that evidence points to is: see Implies.at
PLACES = ("evidence", "node", "namespace", "callee", "caller")


@dataclass(frozen=True)
class EvidenceTest:
    """True when some evidence so far matches every field given.

    ``pattern`` is a case-insensitive regular expression searched in ``Evidence.value``;
    ``component`` binds: "symptom" (a component the alert names), "same" (the component bound by
    the first EvidenceTest of the trigger), or "" for any.
    """

    aspect: str = ""
    pattern: str = ""
    kind: str = ""
    tool: str = ""
    component: str = ""
    negated: bool = False  # true when no evidence so far matches


@dataclass(frozen=True)
class SymptomTest:
    """True when the alert's symptom family is one of ``families``."""

    families: tuple[str, ...]


@dataclass(frozen=True)
class ConclusionTest:
    """True when the agent is about to conclude a fault class that matches ``pattern``."""

    pattern: str


@dataclass(frozen=True)
class ToolTest:
    """True when a tool of this name exists (scope)."""

    name: str


Test = EvidenceTest | SymptomTest | ConclusionTest | ToolTest


@dataclass(frozen=True)
class Require:
    """Before concluding, call ``tool``; arguments may hold $component, $namespace, $node, $object, filled from the trigger.

    $callee and $caller stand for each component that the bound one calls, or that calls it, as far as that is known.
    """

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prefer:
    """Raise (or, negative weight, lower) the worth of calling ``tool``."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True)
class Implies:
    """The trigger points to ``fault_class``, by ``weight`` in log-odds.

    ``at`` says which component: "evidence" (the one the trigger bound), "node", "namespace",
    "callee" (the bound component's dependency) or "caller".
    """

    fault_class: str
    weight: float = 3.0
    at: str = "evidence"


@dataclass(frozen=True)
class SymptomOf:
    """What the trigger matched explains nothing by itself: lower ``fault_class`` by ``weight``."""

    fault_class: str
    weight: float = 2.0


@dataclass(frozen=True)
class Exclude:
    """Evidence that matches is noise here."""

    aspect: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Advise:
    """Words for models only; not executable offline, and shown as such."""

    text: str


Operator = Require | Prefer | Implies | SymptomOf | Exclude | Advise


@dataclass(frozen=True)
class Rule:
    """All of ``when`` true and none of ``unless``: ``then`` applies."""

    name: str  # stable slug, unique in a knowledge version
    when: tuple[Test, ...]
    then: tuple[Operator, ...]
    because: str = ""
    unless: tuple[Test, ...] = ()


@dataclass(frozen=True)
class Knowledge:
    """An immutable set of rules; equal rules give an equal digest, whatever their order."""

    rules: tuple[Rule, ...] = ()

    @property
    def digest(self) -> str:
        from sandbox.knowledge.language import as_data

        return digest_of(sorted((as_data(rule) for rule in self.rules), key=lambda data: data["name"]))


EMPTY = Knowledge()
