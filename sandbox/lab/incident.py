"""A system before, during and after a fault: the minutes that every tool's answer is read from. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.lab.faults.base import Change, Effect, Fault
from sandbox.lab.model import Clockwork, Minute
from sandbox.lab.parameters import System

MINUTES = 35
SETTLING = 3  # minutes run before the first that is kept
FIRST_DAY = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Incident:
    """``healthy`` and ``system`` are the parameters before and since the onset; ``minutes`` what they gave."""

    fault: Fault
    effect: Effect
    healthy: System
    started: datetime
    onset: int
    minutes: tuple[Minute, ...]
    restarts: dict[str, tuple[int, ...]]
    leaked: dict[str, tuple[int, ...]]
    changes: tuple[Change, ...]
    seed: str
    pod_seed: str

    @property
    def system(self) -> System:
        return self.effect.system

    @property
    def now(self) -> datetime:
        return self.at(MINUTES - 1)

    @property
    def last(self) -> Minute:
        return self.minutes[-1]

    def at(self, minute: float) -> datetime:
        return self.started + timedelta(minutes=minute)

    def random(self, purpose: str) -> Random:
        """Randomness of its own for each view, so that one view never shifts another."""
        return Random(f"{self.seed}:{purpose}")

    def parameters(self, minute: int) -> System:
        return self.system if minute >= self.onset else self.healthy


def _decoys(system: System, random: Random, onset: int) -> tuple[Change, ...]:
    """Harmless changes near the onset: they touch no parameter that matters."""
    names = [service.name for service in system.services]
    people = ("m.okafor", "s.lindqvist", "a.moreau", "pipeline", "j.tanaka")
    kinds = (
        lambda: Change(
            0,
            "deploy",
            (name := random.choice(names)),
            f"rebuilt on new base image, {name}:{system.service(name).version}",
            "pipeline",
        ),
        lambda: Change(
            0,
            "config",
            (name := random.choice(names)),
            f"configmap {name}-config updated (revision {random.randint(12, 88)})",
            random.choice(people),
        ),
        lambda: Change(0, "secret", "tls-edge", "certificate renewed", "cert-manager"),
        lambda: Change(0, "infrastructure", random.choice(system.nodes).name, "kernel live patch applied", "fleet"),
        lambda: Change(
            0,
            "migration",
            random.choice(names),
            f"schema migration {random.randint(41, 190):04d}_comments applied",
            "pipeline",
        ),
        lambda: Change(
            0, "job", random.choice(("nightly-digest", "sitemap", "price-feed")), "scheduled job finished", "scheduler"
        ),
        lambda: Change(0, "scale", "dashboards", "replicas 1 -> 2", random.choice(people)),
    )
    made = []
    for make in random.sample(kinds, k=random.randint(3, 5)):
        change = make()
        made.append(Change(random.randint(-16, 6), change.kind, change.target, change.text, change.by))
    return tuple(made)


def happen(system: System, fault: Fault, seed: int) -> Incident:
    """Run ``system`` into ``fault``. The same arguments give the same incident, always."""
    key = f"{system.name}:{fault.name}:{seed}"
    random = Random(key)
    onset = random.randint(15, 18)
    started = FIRST_DAY + timedelta(days=random.randrange(60), minutes=random.randrange(600))
    effect = fault.apply(system, random, seed)
    changes = sorted((*effect.changes, *_decoys(system, random, onset)), key=lambda change: change.offset)
    pod_seed = f"{system.name}:{seed}"
    works = Clockwork(system, pod_seed, Random(f"{key}:load"))
    minutes = []
    for minute in range(-SETTLING, MINUTES):
        surging = minute >= onset and (effect.surge_minutes is None or minute < onset + effect.surge_minutes)
        ramp = min(1.0, (minute - onset + 1) / 3) if effect.surge_minutes is None else 1.0
        surge = {route: 1 + (factor - 1) * ramp for route, factor in effect.surge.items()} if surging else {}
        minutes.append(works.step(effect.system if minute >= onset else system, minute, surge))
    return Incident(
        fault=fault,
        effect=effect,
        healthy=system,
        started=started,
        onset=onset,
        minutes=tuple(minutes[SETTLING:]),
        restarts={name: tuple(each) for name, each in works.carried.restarts.items()},
        leaked={name: tuple(each) for name, each in works.carried.leaked.items()},
        changes=tuple(changes),
        seed=key,
        pod_seed=pod_seed,
    )
