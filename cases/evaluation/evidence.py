"""Who knows more of a session's world than its transcript says. The sandbox registers itself; cases know no sandbox."""

from __future__ import annotations

from collections.abc import Callable

from cases.evaluation.base import EvidenceSource
from cases.models import Session
from cases.transcript import Transcript

Finder = Callable[[Session, Transcript], EvidenceSource | None]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Ask ``finder`` for the evidence of every session that is evaluated from now on."""
    if finder not in _finders:
        _finders.append(finder)


def evidence_for(session: Session, transcript: Transcript) -> EvidenceSource | None:
    """The first source that is found; None where nothing beside the transcript is known."""
    return next((found for finder in _finders if (found := finder(session, transcript)) is not None), None)
