"""Faults beneath and beside the services: nodes, network, scheduler, stores, dependencies, data. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab import cluster
from sandbox.lab.faults.base import Change, Effect, Fault, pick
from sandbox.lab.parameters import Batch, NetworkPolicy, System


def _nodes_without_database(system: System) -> tuple[str, ...]:
    pods = cluster.place(system, cluster.names_of(system, ""))
    home = next(pod.node for pod in pods if pod.app == system.database.name)
    return tuple(node.name for node in system.nodes if node.name != home)


def network_delay(system: System, random: Random, seed: int) -> Effect:
    node = pick(_nodes_without_database(system), seed)
    delay, loss = random.uniform(90, 190), random.choice((0.0, 0.02, 0.04))
    return Effect(
        system.with_node(node, delay_ms=delay, loss=loss),
        component=node,
        mechanism=f"packets to and from {node} take about {delay:.0f} ms longer",
        facts={"node": node},
    )


def network_policy_block(system: System, random: Random, seed: int) -> Effect:
    target = pick(("tariff", "bosun", "sextant", "purser"), seed)
    callers = system.callers_of(target)
    shut = callers[seed % len(callers)]
    allowed = (*tuple(name for name in callers if name != shut), "toolbox")
    name = f"restrict-{target}"
    return Effect(
        replace(system, policies=(NetworkPolicy(name, target, allowed),)),
        component=target,
        accepted=(name, shut),
        mechanism=f"network policy {name} does not let {shut} reach {target}",
        changes=(Change(0, "policy", name, f"networkpolicy/{name} created", "s.lindqvist"),),
        facts={"policy": name, "blocked": shut, "target": target},
    )


def unschedulable_pod(system: System, random: Random, seed: int) -> Effect:
    name = pick(("sextant", "tariff", "gangway"), seed)
    service = system.service(name)
    request = _request_that_fits_once(system, name)
    return Effect(
        system.with_service(name, cpu_request=request),
        component=name,
        mechanism=f"pods of {name} request {request:.1f} CPU; most nodes have no room, so replicas stay pending and the rest is overloaded",
        changes=(
            Change(
                0,
                "config",
                name,
                f"resources of deployment/{name} changed, rolled out {service.replicas} pods",
                "a.moreau",
            ),
        ),
        facts={"request": f"{request:.1f}"},
    )


def _request_that_fits_once(system: System, name: str) -> float:
    request = 2.0
    while request < 16:
        changed = system.with_service(name, cpu_request=request)
        pods = cluster.place(changed, cluster.names_of(changed, ""))
        if len(cluster.running(pods, name)) <= 1:
            break
        request = round(request + 0.1, 1)
    return request


def noisy_neighbour(system: System, random: Random, seed: int) -> Effect:
    node = pick(_nodes_without_database(system), seed)
    job = random.choice(("image-resizer", "ledger-rebuild", "embedding-batch"))
    cores = random.uniform(38, 50)
    return Effect(
        replace(system, batches=(*system.batches, Batch(job, node, cores))),
        component=job,
        accepted=(node,),
        mechanism=f"{job} without a CPU limit takes the processors of {node}; the shop's pods there get too little",
        changes=(Change(0, "job", job, f"job {job} started", "data-team"),),
        facts={"node": node, "job": job},
    )


def dependency_slow(system: System, random: Random, seed: int) -> Effect:
    mean = random.uniform(1500, 2600)
    externals = tuple(replace(one, mean_ms=mean, error_share=0.03) for one in system.externals)
    name = system.externals[0].name
    return Effect(
        replace(system, externals=externals),
        component=name,
        accepted=(),
        mechanism=f"the outside provider {name} answers in {mean:.0f} ms instead of {system.externals[0].mean_ms:.0f} ms",
        facts={"caller": system.callers_of(name)[0]},
    )


def cache_unavailable(system: System, random: Random, seed: int) -> Effect:
    error = pick(
        (
            "Bad file format reading the append only file appendonly.aof.17.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename>",
            "Fatal error loading the DB, check server logs. Exiting.: Short read or OOM loading DB. Unrecoverable error, aborting now.",
        ),
        seed,
    )
    return Effect(
        replace(system, cache=replace(system.cache, startup_error=error)),
        component=system.cache.name,
        mechanism=f"{system.cache.name} cannot start; every read goes past the cache",
        facts={"reader": next(service.name for service in system.services if service.cache)},
        changes=(
            Change(
                -1,
                "infrastructure",
                system.cache.name,
                f"pod {system.cache.name}-0 rescheduled for node maintenance",
                "cluster-autoscaler",
            ),
        ),
    )


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


def disk_full(system: System, random: Random, seed: int) -> Effect:
    slot = pick(("reporting_mirror", "audit_feed", "old_standby"), seed)
    free = system.database.disk_gb - system.database.disk_used_gb
    return Effect(
        system.with_database(inactive_slot=slot, wal_retained_gb_per_minute=free / random.uniform(7, 10)),
        component=system.database.name,
        mechanism=f"the log kept for the unread replication slot {slot} fills the disk of {system.database.name}; writes fail",
        changes=(
            Change(-1, "infrastructure", slot, f"consumer of replication slot {slot} decommissioned", "data-team"),
        ),
        facts={"slot": slot},
    )


def no_fault(system: System, random: Random, seed: int) -> Effect:
    route = system.routes[seed % len(system.routes)]
    return Effect(
        system,
        component="",
        mechanism="nothing is broken; a short burst of ordinary traffic passed",
        surge={route.name: random.uniform(1.12, 1.25)},
        surge_minutes=2,
    )


FAULTS = (
    Fault(
        "network_delay",
        "network",
        "delay and loss of one node's links",
        network_delay,
        "The network of node {node} is slow",
    ),
    Fault(
        "network_policy_block",
        "network",
        "a policy that shuts one caller out",
        network_policy_block,
        "Network policy {policy} blocks {blocked} from {target}",
    ),
    Fault(
        "unschedulable_pod",
        "scheduling",
        "CPU request of one deployment",
        unschedulable_pod,
        "Pods of {component} cannot be scheduled: their CPU request is too high",
    ),
    Fault(
        "noisy_neighbour",
        "scheduling",
        "a batch workload on one node",
        noisy_neighbour,
        "{job} starves the other pods on {node} of CPU",
    ),
    Fault(
        "dependency_slow",
        "dependency",
        "response time of the outside provider",
        dependency_slow,
        "The outside provider {component} is slow",
    ),
    Fault(
        "cache_unavailable",
        "dependency",
        "whether the cache can start",
        cache_unavailable,
        "The cache {component} is down",
    ),
    Fault(
        "poison_message",
        "data",
        "malformed messages in the queue",
        poison_message,
        "Malformed messages in {queue} block the consumers of {consumer}",
    ),
    Fault(
        "disk_full",
        "database",
        "log kept per minute on the database disk",
        disk_full,
        "The disk of {component} is full",
    ),
    Fault("no_fault", "none", "nothing but two minutes of extra traffic", no_fault, "Nothing is broken"),
)
