"""The clock of a world: starts at the alert, moves with each call, never looks at the system's. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.environment.world.base import utc

THINKING = timedelta(seconds=5)  # between two calls: what reading one answer and choosing the next takes


@dataclass
class Clock:
    """``now`` is the moment that a call is answered at; ``end`` the last one it reaches, None for no end."""

    now: datetime
    end: datetime | None = None
    thinking: timedelta = THINKING

    def __post_init__(self) -> None:
        self.now = self._held(utc(self.now))

    def advance(self, latency_ms: float | None = None) -> datetime:
        """Move by a call's latency and the thinking time; the moment that the next call is answered at."""
        self.now = self._held(self.now + self.thinking + timedelta(milliseconds=max(0.0, latency_ms or 0.0)))
        return self.now

    def _held(self, moment: datetime) -> datetime:
        return min(moment, utc(self.end)) if self.end else moment


def clipped(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The window as far as it is past at ``now``: its end is never later, nor its start later than its end."""
    end = min(utc(end), utc(now))
    return min(utc(start), end), end
