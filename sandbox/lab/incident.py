"""A system before, during and after a fault: the minutes that every tool's answer is read from. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from sandbox.lab.actions.base import Action, Interference
from sandbox.lab.decoys import decoys, deployed
from sandbox.lab.faults.base import Change, Effect, Fault
from sandbox.lab.model import Clockwork
from sandbox.lab.parameters import System
from sandbox.lab.state import Minute

MINUTES = 31  # of a case; a live incident goes on for as long as somebody works on it
SETTLING = 3  # minutes run before the first that is kept
FIRST_DAY = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Incident:
    """``timeline`` holds the parameters of every minute, ``minutes`` what followed from them."""

    fault: Fault
    effect: Effect
    timeline: tuple[System, ...]
    started: datetime
    onset: int
    minutes: tuple[Minute, ...]
    restarts: dict[str, tuple[int, ...]]
    leaked: dict[str, tuple[int, ...]]
    changes: tuple[Change, ...]
    seed: str
    pod_seed: str
    killed_by: dict[str, str] = field(default_factory=dict)  # service -> memory or probe, where containers were ended

    @property
    def system(self) -> System:
        """The parameters now."""
        return self.timeline[-1]

    @property
    def healthy(self) -> System:
        """The parameters at the start."""
        return self.timeline[0]

    @property
    def now(self) -> datetime:
        return self.at(self.count - 1)

    @property
    def count(self) -> int:
        """Minutes there are, from 0 to now."""
        return len(self.minutes)

    @property
    def last(self) -> Minute:
        return self.minutes[-1]

    @cached_property
    def rollouts(self) -> dict[str, int]:
        """Service -> the minute in which its pods were last replaced, where they were."""
        found = {}
        for service in self.system.services:
            templates = [system.service(service.name).template for system in self.timeline]
            changed = [minute for minute in range(1, self.count) if templates[minute] != templates[minute - 1]]
            if changed:
                found[service.name] = changed[-1]
        return found

    def until(self, count: int) -> Incident:
        """The first ``count`` minutes alone, as far as metrics and alerts tell of them."""
        restarts = {name: tuple(each for each in known if each < count) for name, known in self.restarts.items()}
        return replace(
            self,
            timeline=self.timeline[:count],
            minutes=self.minutes[:count],
            restarts={name: known for name, known in restarts.items() if known},
        )

    def at(self, minute: float) -> datetime:
        return self.started + timedelta(minutes=minute)

    def random(self, purpose: str) -> Random:
        """Randomness of its own for each view, so that one view never shifts another."""
        return Random(f"{self.seed}:{purpose}")

    def parameters(self, minute: int) -> System:
        return self.timeline[minute]


def happen(
    system: System, fault: Fault, seed: int, *, until: int = MINUTES, actions: Sequence[Action] = ()
) -> Incident:
    """Run ``system`` into ``fault`` for ``until`` minutes, with what people did meanwhile.

    The same arguments give the same incident, always; its minutes do not depend on how long it is looked at.
    """
    key = f"{system.name}:{fault.name}:{seed}"
    random = Random(key)
    onset = random.randint(15, 18)
    started = FIRST_DAY + timedelta(days=random.randrange(60), minutes=random.randrange(600))
    effect = fault.apply(system, random, seed)
    harmless = tuple(
        change
        for change in decoys(system, random, effect.suspect)
        if (change.kind, change.target) not in {(each.kind, each.target) for each in effect.changes}
    )
    pod_seed = f"{system.name}:{seed}"
    works = Clockwork(system, pod_seed, Random(f"{key}:load"))
    minutes, timeline = [], []
    interference = Interference(actions, pod_seed)
    for minute in range(-SETTLING, until):
        parameters = deployed(effect.system if minute >= onset else system, harmless, minute - onset)
        parameters = interference.at(minute, parameters, timeline[SETTLING:], works.carried)
        timeline.append(works.worn(parameters))
        minutes.append(works.step(parameters, minute, _surge(effect, minute - onset)))
    return Incident(
        fault=fault,
        effect=effect,
        timeline=tuple(timeline[SETTLING:]),
        started=started,
        onset=onset,
        minutes=tuple(minutes[SETTLING:]),
        restarts={name: tuple(each) for name, each in works.carried.restarts.items()},
        leaked={name: tuple(each) for name, each in works.carried.leaked.items()},
        changes=tuple(
            sorted((*effect.changes, *harmless, *interference.changes(onset)), key=lambda change: change.offset)
        ),
        seed=key,
        pod_seed=pod_seed,
        killed_by=dict(works.carried.killed_by),
    )


def _surge(effect: Effect, since: int) -> dict[str, float]:
    """Factors on the routes' rates ``since`` minutes after the onset; lasting surges take three minutes to build up."""
    if since < 0 or (effect.surge_minutes is not None and since >= effect.surge_minutes):
        return {}
    ramp = min(1.0, (since + 1) / 3) if effect.surge_minutes is None else 1.0
    return {route: 1 + (factor - 1) * ramp for route, factor in effect.surge.items()}
