"""The few formulas everything in the lab follows from. Times in milliseconds, rates per second. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp


@dataclass(frozen=True)
class Station:
    """What a waiting line does in steady state. ``lost`` is the share that gives up waiting, ``busy`` and ``waiting`` are means."""

    utilisation: float  # offered load over servers; above 1 the line is unstable without patience
    busy: float
    waiting: float
    wait_ms: float
    lost: float


def erlang_b(servers: int, offered: float) -> float:
    """Share of arrivals that find all ``servers`` busy where nobody waits (Erlang 1917), by the stable recursion."""
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Share of arrivals that must wait where everyone waits for ever (M/M/c); 1 from saturation on."""
    if offered >= servers:
        return 1.0
    blocked = erlang_b(servers, offered)
    utilisation = offered / servers
    return blocked / (1 - utilisation * (1 - blocked))


def station(rate: float, hold_ms: float, servers: int, patience_ms: float) -> Station:
    """M/M/c+D: ``servers`` held ``hold_ms`` on average, arrivals give up after ``patience_ms``.

    The density of the offered wait v is proportional to exp(rate * min(v, patience) - servers * mu * v)
    (Baccelli and Hebuterne 1981), exact below and above saturation; far above it the fluid limit is
    taken: the share 1 - 1/utilisation gives up, everyone else waits as long as patience allows.
    """
    patience = patience_ms / 1000
    if rate <= 0 or hold_ms <= 0:
        return Station(0.0, 0.0, 0.0, 0.0, 0.0)
    if servers <= 0:
        return Station(float("inf"), 0.0, rate * patience, patience_ms, 1.0)
    mu = 1000 / hold_ms
    offered = rate / mu
    utilisation = offered / servers
    drift = servers * mu - rate
    if -drift * patience > 500:
        lost = 1 - 1 / utilisation
        return Station(utilisation, float(servers), rate * patience, patience_ms, lost)
    decay = exp(-drift * patience)
    if abs(drift * patience) < 1e-6:
        within, moment = patience, patience * patience / 2
    else:
        within = (1 - decay) / drift
        moment = (1 - decay * (1 + drift * patience)) / (drift * drift)
    beyond = decay / (servers * mu)
    all_below = 1 / max(erlang_b(servers - 1, offered), 1e-300)
    weight = rate / (all_below + rate * within + rate * beyond)
    lost = weight * beyond
    wait = weight * moment + lost * patience
    return Station(utilisation, offered * (1 - lost), rate * wait, wait * 1000, lost)


def processor_sharing(demand_ms: float, utilisation: float, bound_ms: float) -> tuple[float, float]:
    """M/G/1-PS response time and the share turned away: demand / (1 - utilisation), never above ``bound_ms``."""
    if utilisation >= 1:
        return bound_ms, 1 - 1 / utilisation
    return min(demand_ms / (1 - utilisation), bound_ms), 0.0


def beyond(fixed_ms: float, mean_ms: float, limit_ms: float) -> float:
    """Share of responses above ``limit_ms`` where a response is ``fixed_ms`` plus an exponential part of ``mean_ms``."""
    if limit_ms <= fixed_ms:
        return 1.0
    return exp(-(limit_ms - fixed_ms) / max(mean_ms, 1e-9))


def cut(fixed_ms: float, mean_ms: float, limit_ms: float) -> float:
    """Mean of min(response, ``limit_ms``) for the same response."""
    if limit_ms <= fixed_ms:
        return limit_ms
    return fixed_ms + mean_ms * (1 - beyond(fixed_ms, mean_ms, limit_ms))
