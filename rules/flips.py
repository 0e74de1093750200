"""The critic's replays as a table: which rules flip the failed case, and which it can do without. No Django here."""

from dataclasses import dataclass
from string import ascii_uppercase


@dataclass(frozen=True)
class Flip:
    """One replay of the failed case: ``added`` says of each rule, by its letter, whether it was there."""

    added: tuple[tuple[str, bool], ...]
    passed: bool | None
    steps: int
    concluded: str
    why: str


def flips_of(evidence: dict) -> dict:
    """The table of replays with a column a rule, named by letters: which of them it needs is seen at a glance."""
    rows = evidence.get("flip_table") or []
    names = list(dict.fromkeys(name for row in rows for name in row["rules"]))
    lettered = list(zip(ascii_uppercase, names, strict=False))
    return {
        "rules": lettered,
        "rows": [
            Flip(
                added=tuple((letter, name in row["rules"]) for letter, name in lettered),
                passed=row["passed"],
                steps=row["steps"],
                concluded=row["concluded"],
                why=row["why"],
            )
            for row in rows
        ],
    }
