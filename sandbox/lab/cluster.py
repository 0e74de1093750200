"""Where pods run: a scheduler by requests, and how much CPU each pod really gets. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sandbox.lab.parameters import StartProblem, System

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Pod:
    name: str
    app: str
    node: str  # "" where none has room
    cpu_request: float
    problem: StartProblem | None = None  # why its container does not come up


def names_of(system: System, seed: str) -> dict[str, tuple[str, ...]]:
    """Pod names by app, as controllers make them: hashes for deployments, ordinals for stateful sets."""
    names: dict[str, tuple[str, ...]] = {}
    for service in system.services:
        draw = Random(f"{seed}:{service.name}:{service.template}")
        replica_set = "".join(draw.choices(SUFFIX, k=9))
        names[service.name] = tuple(
            f"{service.name}-{replica_set}-{''.join(draw.choices(SUFFIX, k=5))}" for _ in range(service.replicas)
        )
    for store in (system.database.name, system.cache.name, system.queue.name):
        names[store] = (f"{store}-0",)
    return names


def place(system: System, names: dict[str, tuple[str, ...]]) -> tuple[Pod, ...]:
    """Give each pod the node with most unrequested CPU; a pod that fits nowhere stays without one.

    A pod above the namespace's quota is not made at all.
    """
    free = {node.name: node.cores - 0.4 for node in system.nodes if not node.cordoned}
    wanted = [(names[system.database.name][0], system.database.name, system.database.cpu_request)]
    wanted += [(names[store][0], store, 1.0) for store in (system.cache.name, system.queue.name)]
    # a changed deployment's pods come last
    order = sorted(system.services, key=lambda service: (service.rollout, service.cpu_request))
    wanted += [(name, service.name, service.cpu_request) for service in order for name in names[service.name]]
    problems = {
        name: service.start_problem
        for service in system.services
        if service.start_problem
        for name in names[service.name][-service.start_problem.pods :]
    }
    pods: list[Pod] = []
    for name, app, request in wanted:
        if sum(pod.cpu_request for pod in pods) + request > system.cpu_quota + 1e-9:
            continue
        node = max(free, key=lambda candidate: (free[candidate], candidate), default="")
        if not node or free[node] < request:
            pods.append(Pod(name, app, "", request))
            continue
        free[node] -= request
        pods.append(Pod(name, app, node, request, problems.get(name)))
    return tuple(pods)


def pods_of(pods: tuple[Pod, ...], app: str) -> tuple[Pod, ...]:
    return tuple(pod for pod in pods if pod.app == app)


def running(pods: tuple[Pod, ...], app: str) -> tuple[Pod, ...]:
    return tuple(pod for pod in pods_of(pods, app) if pod.node and not pod.problem)


def contention(system: System, used: dict[str, float]) -> dict[str, float]:
    """By node: CPU asked for over CPU there is, at least 1. ``used`` is what the shop's pods use per node."""
    factors = {}
    for node in system.nodes:
        batch = sum(batch.cores for batch in system.batches if batch.node == node.name)
        factors[node.name] = max(1.0, (used.get(node.name, 0.0) + batch) / node.cores)
    return factors


def share_on(pods: tuple[Pod, ...], app: str, node: str) -> float:
    there = running(pods, app)
    return sum(pod.node == node for pod in there) / len(there) if there else 0.0
