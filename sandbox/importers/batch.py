"""Many files brought in one after the other: what came of each case, and what is wrong with what did not come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cases.transcript import digest_of
from sandbox.bundle import CaseBundle
from sandbox.importers.discovery import Found, find
from sandbox.importers.reading import ImportProblem
from sandbox.importers.store import Outcome, bring_in


@dataclass
class Tally:
    """What became of everything that was read, file by file."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    problems: list[ImportProblem] = field(default_factory=list)
    seen: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)  # identity -> file, digest

    @property
    def counts(self) -> Counter:
        """Cases by outcome: created, new_version, extended, unchanged."""
        return Counter(outcome.outcome for _, outcome in self.outcomes)


def places_under(paths: Iterable[Path]) -> list[Found | ImportProblem]:
    return [place for path in paths for place in find(path)]


def take(place: Found | ImportProblem, tally: Tally, *, say: Callable = lambda told: None, **how) -> None:
    """Bring in what one place holds and note it; ``how`` is that of store.bring_in, ``say`` hears each line's subject."""
    for item in place.read() if isinstance(place, Found) else [place]:
        told = item if isinstance(item, ImportProblem) else _bring_in(item, str(place.path), tally, how)
        if isinstance(told, ImportProblem):
            tally.problems.append(told)
        else:
            tally.outcomes.append((str(place.path), told))
        say(told)


def _bring_in(bundle: CaseBundle, file: str, tally: Tally, how: dict) -> Outcome | ImportProblem:
    digest = digest_of([bundle.task.prompt, bundle.answer.as_dict(), [taken.output for taken in bundle.recordings]])
    keys = [(bundle.source.get("format", ""), *bundle.identity), (bundle.source.get("format", ""), bundle.name)]
    twins = [tally.seen[key] for key in keys if key in tally.seen and tally.seen[key][1] != digest]
    if twins:
        reason = f"{bundle.name!r} came from {twins[0][0]} already, with another content: give it an id of its own."
        return ImportProblem(file, "id", reason)
    tally.seen |= {key: (file, digest) for key in keys}
    outcome = bring_in(bundle, **how)
    return ImportProblem(file, "", outcome.detail) if outcome.outcome == "refused" else outcome
