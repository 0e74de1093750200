"""Was the leading explanation told apart from its rivals, or were they only called weaker? No Django here."""

from __future__ import annotations

import re

from cases.diagnosis import ClaimKind, Diagnosis, Ref
from cases.evaluation.base import Finding
from cases.evaluation.predicates import holds
from cases.evaluation.quotes import stands_in
from cases.transcript import Level, Transcript

# a passage that reports absence or health: under a rival that would have shown there, it would read otherwise
_CLEARS = re.compile(
    r"\bno (?!such|route|space|endpoint|healthy|response|node|host)|\b(?:none|without)\b|(?<![\w./:-])0(?![\w./:%-])|"
    r"(?<!not )(?<!non-)(?<!never )\b(?:normal|healthy|ok|ready|running|usual|unchanged|within|empty|passed|succe\w+)\b",
    re.I,
)
_NOTHING_SEEN = frozenset({Level.MISS, Level.REFUSED})


def told_apart(transcript: Transcript, diagnosis: Diagnosis) -> tuple[bool | None, tuple[Finding, ...]]:
    """True where a step was taken whose return would have differed under a rival.

    That is an exclusion claim that rests on what was seen and is not refuted by it, or a rejection that cites a
    passage of absence or health. None where a rejection cites what may as well speak for the rival: no code can
    say. False where nothing was rejected, or on nothing that was seen.
    """
    excluded = [claim for claim in diagnosis.claims if claim.kind is ClaimKind.EXCLUSION]
    for claim in excluded:
        seen = [ref for ref in claim.refs if _seen(transcript, ref)]
        texts = [transcript.steps[ref.step].observation.output for ref in seen]
        refuted = claim.predicate is not None and holds(claim.predicate, texts, [ref.quote for ref in seen]) is False
        if seen and not refuted:
            return True, ()
    cited = [ref for rejected in diagnosis.rejected for ref in rejected.refs if _seen(transcript, ref)]
    if any(_CLEARS.search(ref.quote) for ref in cited):
        return True, ()
    if cited:
        text = "Other explanations were rejected on passages that may as well speak for them"
        return None, (Finding("rival_left_open", text, cited[0].step),)
    if excluded or diagnosis.rejected:
        text = "Other explanations were rejected, but on nothing that was seen"
        return False, (Finding("rival_not_told_apart", text),)
    return False, (Finding("no_rival_tested", "No other explanation was tested and rejected"),)


def _seen(transcript: Transcript, ref: Ref) -> bool:
    if ref.step >= len(transcript.steps) or not ref.quote.strip():
        return False
    observation = transcript.steps[ref.step].observation
    return observation.level not in _NOTHING_SEEN and stands_in(ref.quote, observation.output)
