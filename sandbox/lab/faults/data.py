"""Faults of messages and of transactions over several stores. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab.faults.base import Effect, Fault, configured, deploy
from sandbox.lab.parameters import System


def poison_message(system: System, random: Random, seed: int) -> Effect:
    queue = system.queue
    consumers = queue.consumers_per_replica * system.service(queue.consumer).replicas
    poison = consumers - random.randint(2, 5)
    return Effect(
        replace(system, queue=replace(queue, poison_messages=poison)),
        component=queue.queue,
        accepted=(queue.consumer, queue.name),
        mechanism=f"{poison} malformed messages in {queue.queue} are taken, failed and put back for ever and keep the consumers of {queue.consumer} busy",
        facts={"consumer": queue.consumer, "queue": queue.queue},
    )


def duplicate_consumption(system: System, random: Random, seed: int) -> Effect:
    queue = system.queue
    limit = queue.work_ms * random.uniform(0.55, 0.8)
    return Effect(
        replace(system, queue=replace(queue, acknowledge_ms=float(round(limit)))),
        component=queue.name,
        accepted=(queue.queue, queue.consumer),
        mechanism=f"{queue.name} gives a message to another consumer after {limit:.0f} ms, before the first is done: much is done twice and less gets done",
        changes=(configured(queue.name, random),),
        facts={"consumer": queue.consumer, "queue": queue.queue, "value": f"{limit:.0f}ms"},
    )


def slow_consumer(system: System, random: Random, seed: int) -> Effect:
    queue = system.queue
    name = queue.consumer
    changed, change = deploy(system, name, random)
    return Effect(
        replace(changed, queue=replace(queue, work_ms=queue.work_ms * random.uniform(2.2, 3.4))),
        component=name,
        accepted=(queue.queue,),
        mechanism=f"the new version of {name} takes a multiple of the time for a message; its consumers do not keep up",
        changes=(change,),
        facts={"consumer": name, "queue": queue.queue, "broker": queue.name},
    )


def outbox_stalled(system: System, random: Random, seed: int) -> Effect:
    queue = system.queue
    return Effect(
        replace(system, queue=replace(queue, relayed=random.uniform(0.0, 0.5))),
        component=queue.relay,
        accepted=(queue.name, system.saga.coordinator),
        mechanism=f"{queue.relay} publishes only part of the rows that were committed with the orders; what follows from the others never happens",
        changes=(configured(queue.relay, random),) if seed % 2 else (),
        facts={"relay": queue.relay, "queue": queue.queue, "consumer": queue.consumer},
    )


def duplicate_charge(system: System, random: Random, seed: int) -> Effect:
    saga = system.saga
    payer = system.service(saga.payer)
    provider = system.externals[0]
    limit = float(round(provider.mean_ms * random.uniform(1.5, 1.8)))
    calls = tuple(
        replace(call, timeout_ms=limit, retries=2) if call.target == provider.name else call for call in payer.calls
    )
    changed, change = deploy(system, saga.payer, random, calls=calls)
    return Effect(
        replace(changed, saga=replace(saga, idempotent=False)),
        component=saga.payer,
        accepted=(provider.name,),
        mechanism=f"the new version of {saga.payer} gives up on {provider.name} early and asks again without an idempotency key, so money is taken twice",
        changes=(change,),
        facts={"payer": saga.payer, "provider": provider.name},
    )


def lost_compensation(system: System, random: Random, seed: int) -> Effect:
    saga = system.saga
    changed, change = deploy(system, saga.coordinator, random)
    return Effect(
        replace(changed, saga=replace(saga, compensates=False, conflicts=random.uniform(0.035, 0.06))),
        component=saga.coordinator,
        mechanism=f"the new version of {saga.coordinator} does not give the money back where {saga.recorder} refuses the order",
        changes=(change,),
        facts={"coordinator": saga.coordinator, "payer": saga.payer},
    )


FAULTS = (
    Fault(
        "poison_message",
        "data",
        "malformed messages in the queue",
        poison_message,
        "Malformed messages in {queue} block the consumers of {consumer}",
    ),
    Fault(
        "duplicate_consumption",
        "data",
        "time after which a message is delivered again",
        duplicate_consumption,
        "{component} delivers messages of {queue} twice: its acknowledge time-out is too short",
    ),
    Fault(
        "slow_consumer",
        "code",
        "time a consumer takes for a message",
        slow_consumer,
        "The new version of {consumer} is too slow for {queue}",
    ),
    Fault(
        "outbox_stalled",
        "data",
        "share of committed rows that the relay publishes",
        outbox_stalled,
        "{relay} does not publish what was committed",
    ),
    Fault(
        "duplicate_charge",
        "data",
        "whether repeated payments are taken once",
        duplicate_charge,
        "{payer} repeats payments without an idempotency key",
    ),
    Fault(
        "lost_compensation",
        "data",
        "whether refused orders are refunded",
        lost_compensation,
        "{coordinator} does not compensate payments of refused orders",
    ),
)
