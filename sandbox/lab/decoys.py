"""Harmless changes near the onset, worded like the harmful ones: what changed last is not what broke. No Django here."""

from __future__ import annotations

from random import Random

from sandbox.lab.faults.base import Change, next_version
from sandbox.lab.parameters import System

PEOPLE = ("m.okafor", "s.lindqvist", "a.moreau", "j.tanaka")
KINDS = ("deploy", "deploy", "config", "migration", "secret", "infrastructure", "job", "scale")


def decoys(system: System, random: Random, suspect: str) -> tuple[Change, ...]:
    """Three to five of them; the service that shows the symptom is drawn more often than others."""
    names = [service.name for service in system.services] + [suspect] * 5 * bool(suspect)
    made: dict[tuple[str, str], Change] = {}
    for kind in random.sample(KINDS, k=random.randint(3, 5)):
        change = _decoy(system, kind, random.choice(names), random)
        made.setdefault((change.kind, change.target), change)
    return tuple(made.values())


def _decoy(system: System, kind: str, name: str, random: Random) -> Change:
    offset = random.randint(-14, 4)
    if kind == "deploy":
        version = system.service(name).version
        text = f"image {name}:{version} -> {name}:{next_version(version, random)}"
        return Change(random.randint(-12, 2), "deploy", name, text, "pipeline")
    if kind == "config":
        text = f"configmap {name}-config updated (revision {random.randint(12, 88)})"
        return Change(offset, "config", name, text, random.choice(PEOPLE))
    if kind == "migration":
        table = random.choice(system.database.tables)
        text = f"schema migration {random.randint(41, 190):04d}_{table.name}_{random.choice(('rework', 'backfill', 'comments'))} applied"
        return Change(offset, "migration", table.owner, text, "pipeline")
    if kind == "secret":
        return Change(offset, "secret", "tls-edge", "certificate renewed", "cert-manager")
    if kind == "infrastructure":
        return Change(offset, "infrastructure", random.choice(system.nodes).name, "kernel live patch applied", "fleet")
    if kind == "job":
        job = random.choice(("nightly-digest", "sitemap", "price-feed"))
        return Change(offset, "job", job, f"scheduled job {job} started", "scheduler")
    return Change(offset, "scale", "dashboards", "replicas 1 -> 2", random.choice(PEOPLE))


def deployed(system: System, changes: tuple[Change, ...], offset: int) -> System:
    """``system`` with the versions that harmless deployments up to ``offset`` brought: nothing but a version differs."""
    for change in changes:
        if change.kind == "deploy" and change.offset <= offset:
            system = system.with_service(change.target, version=change.text.rpartition(":")[2])
    return system
