"""Which incident comes next: drawn by how hard it is to find, as worked out from the incident itself. No Django here."""

from __future__ import annotations

from random import Random

from sandbox.lab import case, live
from sandbox.lab.case import Plot
from sandbox.lab.faults.registry import FAULTS
from sandbox.lab.incident import MINUTES, Incident
from sandbox.lab.views.overview import primary

SEEDS = range(100, 1000)  # the starter library has those below, measurements those above
TRIES = 60
EASY, MEDIUM, HARD = LEVELS = ("easy", "medium", "hard")


class NothingDrawn(ValueError):
    """No such incident was found; the message says what to ask for instead."""


def categories() -> tuple[str, ...]:
    """The kinds of fault one may ask for; that nothing is broken comes as a surprise only."""
    return tuple(sorted({fault.category for fault in FAULTS.values()} - {"none"}))


def draw(system: str, *, category: str = "", level: str = "", random: Random) -> Plot:
    """An incident of this system, category and level; each may be left open but the system. Raises NothingDrawn."""
    if system not in case.SYSTEMS:
        raise NothingDrawn(f"There is no system {system!r}: choose {', '.join(case.SYSTEMS)}.")
    faults = [name for name, fault in FAULTS.items() if category in ("", fault.category)]
    if not faults:
        raise NothingDrawn(f"There is no kind of fault {category!r}: choose {', '.join(categories())}.")
    for _ in range(TRIES):
        plot = Plot(system, random.choice(faults), random.choice(SEEDS))
        if level in ("", level_of(live.at(plot, MINUTES - 1))):
            return plot
    raise NothingDrawn("No incident of that kind is that hard: choose another difficulty, or let it surprise you.")


def level_of(happened: Incident) -> str:
    """By the steps from the component that calls for help to the one at fault: none, one, or more.

    Hard too: nothing is broken, or no alert tells of it.
    """
    alert = primary(happened)
    if alert is None or not happened.effect.component:
        return HARD
    steps = _distance(_neighbours(happened), alert.component, happened.effect.component)
    return (EASY, MEDIUM)[steps] if steps is not None and steps < 2 else HARD


def _neighbours(happened: Incident) -> dict[str, set[str]]:
    """What touches what: callers and callees, stores and users, tables and their database, pods and their node."""
    system, found = happened.system, {}

    def touch(one: str, other: str) -> None:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)

    for service in system.services:
        for target in (call.target for call in service.calls):
            touch(service.name, target)
        for store in (
            system.database.name if service.pool else "",
            service.cache,
            system.queue.name if service.publishes else "",
        ):
            if store:
                touch(service.name, store)
    touch(system.queue.consumer, system.queue.name)
    touch(system.queue.name, system.queue.queue)
    for table in system.database.tables:
        touch(system.database.name, table.name)
    if system.database.transaction:
        touch(system.database.name, system.database.transaction.application)
    for pod in happened.last.pods:
        if pod.node:
            touch(pod.app, pod.node)
    for batch in system.batches:
        touch(batch.node, batch.name)
    for policy in system.policies:
        touch(policy.target, policy.name)
    return found


def _distance(neighbours: dict[str, set[str]], start: str, end: str) -> int | None:
    reached, edge, steps = {start}, {start}, 0
    while edge:
        if end in edge:
            return steps
        edge = {each for one in edge for each in neighbours.get(one, ())} - reached
        reached |= edge
        steps += 1
    return None
