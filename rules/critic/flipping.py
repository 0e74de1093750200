"""Which rules make the difference: delta debugging by replay, with every replay on the record. No Django here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cases.transcript import Transcript
from rules.patching import apply
from sandbox.knowledge.rule import Knowledge, Rule

Replay = Callable[[Knowledge], Transcript]
Passes = Callable[[Transcript], bool | None]


@dataclass(frozen=True)
class Flip:
    """One replay: the base with ``rules`` on top, and how it ended."""

    rules: tuple[str, ...]
    passed: bool | None
    steps: int
    concluded: str
    why: str = ""  # what this replay was to show


@dataclass
class FlipTable:
    """Replays of one case under one base; the same set of rules is never replayed twice."""

    base: Knowledge
    replay: Replay
    passes: Passes
    rows: list[Flip] = field(default_factory=list)
    _known: dict[tuple[Rule, ...] | str, tuple[bool | None, Transcript]] = field(default_factory=dict)

    def run(self, rules: Sequence[Rule], why: str) -> tuple[bool | None, Transcript]:
        """Replay the base with these rules added; new replays become a row of the table."""
        rules = tuple(sorted(rules, key=lambda rule: rule.name))
        key = repr(rules)
        if key not in self._known:
            transcript = self.replay(apply(self.base, add=rules))
            passed = self.passes(transcript)
            self._known[key] = (passed, transcript)
            names = tuple(rule.name for rule in rules)
            self.rows.append(Flip(names, passed, len(transcript.steps), concluded(transcript), why))
        return self._known[key]

    def flips(self, rules: Sequence[Rule], why: str) -> bool:
        return self.run(rules, why)[0] is True


def minimal(table: FlipTable, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """A 1-minimal subset of ``rules`` that still flips: taking any one of them away, it no longer does.

    ``rules`` themselves must flip. Later rules are tried for removal first.
    """
    kept = list(rules)
    shrunk = True
    while shrunk and len(kept) > 1:
        shrunk = False
        for rule in reversed(kept):
            rest = [other for other in kept if other is not rule]
            if table.flips(rest, f"without {rule.name}"):
                kept, shrunk = rest, True
                break
    return tuple(kept)


def concluded(transcript: Transcript) -> str:
    diagnosis = transcript.diagnosis
    if diagnosis is None:
        return f"nothing ({transcript.stop_reason})"
    return diagnosis.concludes
