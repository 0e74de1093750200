"""What a fault is: a change of parameters at one minute, with the traces people leave when they make it. No Django here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sandbox.lab.model import Clockwork
from sandbox.lab.parameters import System
from sandbox.lab.state import Minute


@dataclass(frozen=True)
class Change:
    """An entry of the change log; ``offset`` is in minutes from the onset."""

    offset: int
    kind: str  # deploy, config, migration, scale, policy, job, secret, infrastructure
    target: str
    text: str
    by: str


@dataclass(frozen=True)
class Effect:
    """What a fault made of the parameters, and who it is about.

    ``accepted`` names other components that are a right answer too; ``facts`` are the names an
    investigation needs (table, node, holder ...).
    """

    system: System
    component: str
    mechanism: str
    accepted: tuple[str, ...] = ()
    surge: dict[str, float] = field(default_factory=dict)  # route -> factor
    surge_minutes: int | None = None
    changes: tuple[Change, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    suspect: str = ""  # the service that shows the symptom, where it is not the component


@dataclass(frozen=True)
class Fault:
    name: str
    category: str  # capacity, code, configuration, database, network, scheduling, dependency, data, certificates, none
    parameters: str  # what it changes, for people
    apply: Callable[[System, Random, int], Effect]  # system, random, seed (chooses the target) -> effect
    expected: str  # the statement a right diagnosis makes; may hold {component} and facts


def site(system: System, fault: str, seed: int) -> str:
    """Where ``fault`` happens in this system."""
    return pick(system.sites[fault], seed)


def usual(system: System) -> Minute:
    """A minute of the system in health, for faults that are sized by what is usual."""
    return Clockwork(system, "usual", Random("usual")).step(system, 0, {})


def pick(candidates: tuple[str, ...], seed: int) -> str:
    """Neighbouring seeds hit different components."""
    return candidates[seed % len(candidates)]


def next_version(version: str, random: Random) -> str:
    major, minor, patch = (int(part) for part in version.split("."))
    return f"{major}.{minor + 1}.0" if random.random() < 0.5 else f"{major}.{minor}.{patch + 1}"


def configured(name: str, random: Random) -> Change:
    """A change of a component's settings as the log shows it: not which setting."""
    people = ("m.okafor", "s.lindqvist", "a.moreau", "j.tanaka")
    text = f"configmap {name}-config updated (revision {random.randint(12, 88)})"
    return Change(0, "config", name, text, random.choice(people))


def resized(name: str, random: Random) -> Change:
    people = ("m.okafor", "s.lindqvist", "a.moreau", "j.tanaka")
    return Change(0, "config", name, f"deployment/{name} changed, rolled out", random.choice(people))


def deploy(system: System, name: str, random: Random, **changes: object) -> tuple[System, Change]:
    """A new version of a service with other parameters, and its line in the change log."""
    version = next_version(system.service(name).version, random)
    text = f"image {name}:{system.service(name).version} -> {name}:{version}"
    return system.with_service(name, version=version, **changes), Change(0, "deploy", name, text, "pipeline")
