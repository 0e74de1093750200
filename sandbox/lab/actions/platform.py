"""Nodes, batch jobs, network policies, traffic at the edge. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.lab.actions.base import ActionRefused, Deed, Remedy, Scene, remedy
from sandbox.lab.actions.workloads import _without_transaction
from sandbox.lab.parameters import NetworkPolicy, System


def drain(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Cordon a node and evict its pods; whether they find room elsewhere is the scheduler's matter."""
    name = arguments["node"]
    if name not in (node.name for node in scene.system.nodes):
        raise ActionRefused(f'Error from server (NotFound): nodes "{name}" not found')
    return Deed(
        f"node/{name} cordoned\nnode/{name} drained\n",
        "infrastructure",
        name,
        "cordoned and drained",
        lambda system: replace(
            system.with_node(name, cordoned=True),
            batches=tuple(batch for batch in system.batches if batch.node != name),
        ),
    )


def uncordon(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    name = arguments["node"]
    if name not in (node.name for node in scene.system.nodes if node.cordoned):
        raise ActionRefused(f"node/{name} already uncordoned")
    return Deed(
        f"node/{name} uncordoned\n",
        "infrastructure",
        name,
        "uncordoned",
        lambda system: system.with_node(name, cordoned=False),
    )


def stop_job(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Delete a batch workload, or the job behind a database session: what it held comes free."""
    name, system = arguments["job"], scene.system
    batch = any(each.name == name for each in system.batches)
    held = system.database.transaction
    if not batch and not (held and held.application == name):
        raise ActionRefused(f'Error from server (NotFound): jobs.batch "{name}" not found')

    def amend(later: System) -> System:
        later = replace(later, batches=tuple(each for each in later.batches if each.name != name))
        return later if batch else _without_transaction(system)(later)

    return Deed(f'job.batch "{name}" deleted\n', "job", name, f"job {name} stopped", amend)


def delete_policy(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    name = arguments["policy"]
    if name not in (policy.name for policy in scene.system.policies):
        raise ActionRefused(f'Error from server (NotFound): networkpolicies "{name}" not found')
    return Deed(
        f'networkpolicy.networking.k8s.io "{name}" deleted\n',
        "policy",
        name,
        f"network policy {name} deleted",
        lambda system: replace(system, policies=tuple(each for each in system.policies if each.name != name)),
    )


def block(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Keep every caller of a service from it: an emergency brake, and what it costs is seen at once."""
    target = arguments["service"]
    if not scene.system.has_service(target):
        raise ActionRefused(f'Error from server (NotFound): services "{target}" not found')
    name = f"{target}-emergency-block"
    policy = NetworkPolicy(name, target, ())

    def amend(system: System) -> System:
        there = name in (each.name for each in system.policies)
        return system if there else replace(system, policies=(*system.policies, policy))

    return Deed(
        f"networkpolicy.networking.k8s.io/{name} created\n", "policy", name, f"ingress to {target} blocked", amend
    )


def shed(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """Let only a share of a route's requests in at the edge; the others are turned away before they cost anything."""
    path, share = arguments["route"], arguments["percent"] / 100
    known = [route.path for route in scene.system.routes]
    if path not in known:
        raise ActionRefused(f"error: no route {path}; there are: {', '.join(known)}")

    def amend(system: System) -> System:
        return replace(
            system,
            routes=tuple(
                replace(each, share=each.share * share) if each.path == path else each for each in system.routes
            ),
        )

    return Deed(
        f"route {path}: {arguments['percent']} % of requests let in\n",
        "config",
        scene.system.edge,
        f"rate limit on {path}: {arguments['percent']} % let in",
        amend,
    )


NODE = {"type": "string", "description": "name of the node"}
REMEDIES: tuple[Remedy, ...] = (
    remedy("drain_node", "kubectl drain: move every pod off a node and place none there.", ("node",), drain, node=NODE),
    remedy("uncordon_node", "kubectl uncordon: let pods be placed on a node again.", ("node",), uncordon, node=NODE),
    remedy(
        "stop_job",
        "Stop a batch job, or the job behind a database session.",
        ("job",),
        stop_job,
        job={"type": "string", "description": "name of the job, without its pod's number"},
    ),
    remedy(
        "delete_network_policy",
        "Delete a network policy.",
        ("policy",),
        delete_policy,
        policy={"type": "string"},
    ),
    remedy(
        "block_service",
        "Create a network policy that keeps every caller from a service.",
        ("service",),
        block,
        service={"type": "string"},
    ),
    remedy(
        "limit_route",
        "Let in only a share of a route's requests at the edge; the others are turned away.",
        ("route", "percent"),
        shed,
        route={"type": "string", "description": "as the edge names it, such as GET /items"},
        percent={"type": "integer", "minimum": 0, "maximum": 100},
    ),
)
