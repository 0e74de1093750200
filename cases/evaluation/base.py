"""What an evaluation says, and what it may ask of the world. No Django here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cases.transcript import Observation

CODE_VERSION = "e4"  # raise it when a result would change: every finished session becomes due again
GROUNDED_ENOUGH = 0.6  # below it a right conclusion is lucky (engine section 2)
INTENT_ENOUGH = 0.6
SAME_CALL = 3  # the same canonical call so many times is a loop
BARREN = 5  # steps in a row without new evidence
COSTLY_FROM = 0.95  # percentile of comparable sessions
LONGEST_TEXT = 500


class EvidenceSource(Protocol):
    """What the recorded world knows beyond one transcript. Each answer may be None: not known."""

    alerted_at: datetime | None
    components: Sequence[str]  # the names the topology knows

    def depends(self, component: str, on: str) -> bool | None:
        """True where ``component`` calls, mounts or runs on ``on``, directly or not; False where that is known not to
        be so: the dependency goes the other way, or a topology recorded whole has no such path."""

    def replay(self, tool: str, arguments: dict[str, Any]) -> Observation | None:
        """What the frozen world answers to a call, fresh."""


@dataclass(frozen=True)
class Question:
    """One binary question to a judge. ``dimension`` is evidence, coherence, intent or correct."""

    id: str
    dimension: str
    text: str


@dataclass(frozen=True)
class Ruling:
    """A judge's word on one question: True, False, or None = not enough to say, or its reply did not hold."""

    question: Question
    answer: bool | None
    quote: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Rulings:
    """One reply of a judge. ``unscored`` says why there is no usable reply; "" when there is one."""

    rulings: tuple[Ruling, ...] = ()
    unscored: str = ""
    reply_digest: str = ""
    tokens: int | None = None


class Judge(Protocol):
    version: str  # model + prompt digest

    def rule(self, questions: Sequence[Question], material: Mapping[str, str]) -> Rulings:
        """Answer each question from the material alone; never raises for what a model replies."""


@dataclass(frozen=True)
class Finding:
    """One thing seen, named in words. ``step`` and ``claim`` say where, as far as there is a where."""

    code: str
    text: str
    step: int | None = None
    claim: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As stored: words of claims are quoted in full only up to a length that a page can show."""
        return {"code": self.code, "text": self.text[:LONGEST_TEXT], "step": self.step, "claim": self.claim}


@dataclass(frozen=True)
class Score:
    """One dimension by one source. ``value`` None is unscored, and ``reason`` says why."""

    dimension: str
    source: str  # deterministic | judge
    value: float | None
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """The 95th percentile of comparable sessions; None = too few to say."""

    calls: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Result:
    """Both tracks of one session, side by side. ``verdict`` is one of cases.models.Evaluation.Verdict."""

    verdict: str
    correct: bool | None
    grounded: float | None
    metrics: dict[str, Any]
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    low_scoring: bool
    signature: str
    scores: tuple[Score, ...]
    judge: str = ""

    @classmethod
    def unreadable(cls, why: str) -> Result:
        """For a stored session or answer that is not in its form: unscored, and saying so."""
        return cls("unscored", None, None, {"completed": None}, (Finding("unreadable", why),), (), False, "", ())
