"""A careful expert's hand: claims say the figures they rest on, and some carry a predicate. No Django here."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from cases.diagnosis import Claim, ClaimKind, Diagnosis, Predicate
from cases.transcript import Transcript

from .figures import NUMBER, Figure, shown, written

_PHRASE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){2,5}")
SAID, CHECKED = 0.7, 0.5  # shares of claims that say a figure, and that carry a predicate


def written_up(transcript: Transcript, drawn: Random) -> Transcript:
    """The same diagnosis, as right as before, with figures in its claims where their quotes show some."""
    diagnosis = transcript.diagnosis
    claims = tuple(_written_up(claim, transcript, drawn) for claim in diagnosis.claims)
    return replace(transcript, diagnosis=replace(diagnosis, claims=claims))


def with_claim(diagnosis: Diagnosis, claim: Claim) -> Diagnosis:
    """The diagnosis with the claim of the same id replaced."""
    return replace(diagnosis, claims=tuple(claim if one.id == claim.id else one for one in diagnosis.claims))


def _written_up(claim: Claim, transcript: Transcript, drawn: Random) -> Claim:
    if not claim.refs or claim.kind is ClaimKind.MITIGATION:
        return claim
    ref = claim.refs[0]
    figures = shown(ref.quote, transcript.steps[ref.step].arguments)
    if figures and not NUMBER.search(claim.text) and drawn.random() < SAID:
        claim = replace(claim, text=f"{claim.text} ({_said(figures[-1], drawn)})")
    if claim.predicate is None and drawn.random() < CHECKED:
        claim = replace(claim, predicate=_predicate(ref.quote, figures, drawn))
    return claim


def _said(figure: Figure, drawn: Random) -> str:
    name, value = figure.metric.replace("_", " "), written(figure.value, drawn)
    return f"{name} {value} at {figure.clock}" if figure.clock else f"{name}: {value}"


def _predicate(quote: str, figures: list[Figure], drawn: Random) -> Predicate | None:
    """What code can check of the quote: a figure, or words that it holds; None where it holds neither."""
    if figures:
        figure = figures[-1]
        value = float(figure.value)
        name = drawn.choice(("eq", "gt", "lt"))
        limit = {"eq": value, "gt": value * 0.8 - 0.001, "lt": value * 1.25 + 0.001}[name]
        return Predicate(name, {"metric": figure.metric, "value": round(limit, 4)})
    phrases = _PHRASE.findall(quote)
    return Predicate("contains", {"pattern": drawn.choice(phrases)}) if phrases else None
