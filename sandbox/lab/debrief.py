"""What an incident was, seen from its end: what users felt, what each action did, and an expert's way. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cases.calls import canonical
from cases.diagnosis import Diagnosis
from sandbox.lab import case, live
from sandbox.lab.actions.base import Action
from sandbox.lab.case import Plot
from sandbox.lab.incident import Incident
from sandbox.lab.tools import TOOLS
from sandbox.lab.views.firings import firings
from sandbox.lab.views.metrics import P95
from sandbox.lab.views.overview import Alert, alerts

HORIZON = 10  # minutes after an action in which its effect is read
NOTICED = 0.005  # share of requests from which users count as better or worse off
QUICKER = 0.1  # share of the response time from which it counts as another


@dataclass(frozen=True)
class Felt:
    """What users met at the edge in one minute."""

    minute: int
    failed: float  # share of requests
    p95_ms: float


@dataclass(frozen=True)
class Done:
    """An action, and the minute in which its effect is read with it and without it; both are worked out."""

    action: Action
    read_at: int
    before: tuple[Alert, ...]  # that fired when it was done
    after: tuple[Alert, ...]
    without: tuple[Alert, ...]  # that would have fired then
    felt: Felt
    felt_without: Felt

    @property
    def verdict(self) -> str:
        """gone, better, same or worse: by alerts, then by failed requests, then by response time."""
        if not self.after and self.without:
            return "gone"
        for mine, other, least in (
            (len(self.after), len(self.without), 0.5),
            (self.felt.failed, self.felt_without.failed, NOTICED),
            (self.felt.p95_ms, self.felt_without.p95_ms, QUICKER * self.felt_without.p95_ms),
        ):
            if abs(mine - other) > least:
                return "better" if mine < other else "worse"
        return "same"


@dataclass(frozen=True)
class Taken:
    """A call of an expert's way, and the step at which the same call was made here, if it was."""

    tool: str
    arguments: dict
    why: str
    step: int | None


def felt(happened: Incident) -> tuple[Felt, ...]:
    """What users met, minute by minute."""
    edge = happened.system.edge
    return tuple(
        Felt(number, minute.services[edge].errors, minute.services[edge].quantile_ms(P95))
        for number, minute in enumerate(happened.minutes)
    )


def done(plot: Plot, actions: Sequence[Action]) -> tuple[Done, ...]:
    """Each action by itself: the incident with everything up to it, beside the same without it."""
    told = []
    for number, action in enumerate(actions):
        with_it, without = actions[: number + 1], actions[:number]
        read_at = min(action.minute + HORIZON, live.LONGEST)
        here, there = live.at(plot, read_at, with_it), live.at(plot, read_at, without)
        told.append(
            Done(
                action,
                read_at,
                alerts(live.at(plot, action.minute - 1, without)),
                alerts(here),
                alerts(there),
                felt(here)[-1],
                felt(there)[-1],
            )
        )
    return tuple(told)


def calm_since(happened: Incident, called: int) -> int | None:
    """The minute from which no alert has fired until now, after somebody was called; None while one fires."""
    fired = firings(happened)
    if any(each.until is None for each in fired):
        return None
    return max((each.until for each in fired if each.until and each.until >= called), default=None)


@lru_cache(maxsize=32)
def expert_way(plot: Plot) -> tuple[tuple[tuple[str, dict, str], ...], Diagnosis]:
    """The calls of the expert's session on the untouched incident with their reasons, and what it concludes."""
    session = case.make(plot.system, plot.fault, plot.seed).sessions[0]
    return tuple((call.tool, call.arguments, call.why) for call in session.calls), session.diagnosis


def beside(plot: Plot, steps: Sequence[tuple[str, dict]]) -> tuple[tuple[Taken, ...], tuple[int, ...]]:
    """The expert's calls with the step that made the same call, and the steps no call of the expert's matches."""
    schemas = {tool.name: tool for tool in TOOLS}
    keys = [canonical(tool, arguments, schemas.get(tool)).key for tool, arguments in steps]
    way = [(each, canonical(each[0], each[1], schemas.get(each[0])).key) for each in expert_way(plot)[0]]
    taken = tuple(Taken(*each, keys.index(key) if key in keys else None) for each, key in way)
    wanted = {key for _, key in way}
    return taken, tuple(step for step, key in enumerate(keys) if key not in wanted)
