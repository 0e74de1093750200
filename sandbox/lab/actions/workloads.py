"""Deployments: roll back, scale, restart, resize, configure. No Django here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.lab.actions.base import ActionRefused, Deed, Remedy, Scene, remedy
from sandbox.lab.parameters import Service, System
from sandbox.lab.state import Carried

NAME = {"type": "string", "description": "name of the service"}
# what is not in a deployment's revision: set beside it, and kept by a rollback
KEPT = ("replicas", "secret_version", "generation", "workers")


def _service(scene: Scene, name: str) -> Service:
    if not scene.system.has_service(name):
        raise ActionRefused(f'Error from server (NotFound): deployments.apps "{name}" not found')
    return scene.system.service(name)


def roll_back(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """The code and sizes of the revision before the newest; configuration maps stay as they are.

    It holds until the service is deployed again.
    """
    name = arguments["service"]
    now = _service(scene, name)
    earlier = next((each for each in _backwards(scene, name) if each.version != now.version), None)
    if earlier is None:
        raise ActionRefused(f'error: no rollout history found for deployment "{name}" in the last hour')

    def amend(system: System) -> System:
        current = system.service(name)
        if current.version != now.version:
            return system
        pool = current.pool and earlier.pool and replace(earlier.pool, size=current.pool.size)
        calls = tuple(_configured(call, current) for call in earlier.calls)
        kept = {field: getattr(current, field) for field in KEPT}
        back = replace(earlier, pool=pool, calls=calls, **kept)
        return replace(system, services=tuple(back if each.name == name else each for each in system.services))

    return Deed(
        f"deployment.apps/{name} rolled back to {name}:{earlier.version}\n",
        "deploy",
        name,
        f"image {name}:{now.version} -> {name}:{earlier.version} (rollback)",
        amend,
        lambda carried: _fresh(carried, name),
    )


def _backwards(scene: Scene, name: str) -> list[Service]:
    return [system.service(name) for system in reversed(scene.before)]


def _configured(call, current: Service):
    """Time-outs and retries come from the configuration map, not from the image."""
    same = next((each for each in current.calls if each.target == call.target), None)
    return replace(call, timeout_ms=same.timeout_ms, retries=same.retries) if same else call


def _fresh(carried: Carried, name: str) -> None:
    """New pods: an empty heap and no lost connection."""
    carried.heap_mb.pop(name, None)
    carried.leaked.pop(name, None)
    carried.leak_debt.pop(name, None)


def scale(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    name, replicas = arguments["service"], arguments["replicas"]
    before = _service(scene, name).replicas
    return Deed(
        f"deployment.apps/{name} scaled\n",
        "scale",
        name,
        f"replicas {before} -> {replicas}",
        lambda system: system.with_service(name, replicas=replicas),
    )


def restart(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """New pods of a deployment; of a store, its process anew, and every session with it gone."""
    name, system = arguments["workload"], scene.system
    if name == system.database.name:
        return Deed(
            f"statefulset.apps/{name} restarted\n",
            "infrastructure",
            name,
            "rolling restart",
            _without_transaction(system),
            lambda carried: [_fresh(carried, each) for each in list(carried.leaked)] and None,
        )
    if name in (system.cache.name, system.queue.name):
        return Deed(f"statefulset.apps/{name} restarted\n", "infrastructure", name, "rolling restart")
    _service(scene, name)
    return Deed(
        f"deployment.apps/{name} restarted\n",
        "infrastructure",
        name,
        "rolling restart",
        lambda later: later.with_service(name, generation=later.service(name).generation + 1),
        lambda carried: _fresh(carried, name),
    )


def _without_transaction(system: System):
    """Ends the transaction that is open now; one that another job opens later stays."""
    held = system.database.transaction
    return lambda later: later.with_database(transaction=None) if later.database.transaction == held else later


def resize(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    name = arguments["service"]
    _service(scene, name)
    sizes = {key: float(arguments[key]) for key in ("cpu_limit", "cpu_request") if key in arguments}
    if "memory_limit_mb" in arguments:
        sizes["memory_limit_mb"] = float(arguments["memory_limit_mb"])
    if not sizes:
        raise ActionRefused("error: nothing to set: name cpu_limit, cpu_request or memory_limit_mb")
    return Deed(
        f"deployment.apps/{name} resource requirements updated\n",
        "scale",
        name,
        ", ".join(f"{key} = {value:g}" for key, value in sizes.items()),
        lambda system: system.with_service(name, **sizes, generation=system.service(name).generation + 1),
        lambda carried: _fresh(carried, name),
    )


def configure(scene: Scene, arguments: Mapping[str, Any]) -> Deed:
    """One key of a service's configuration map, as get_config shows it."""
    name, key, value = arguments["service"], arguments["key"].upper(), float(arguments["value"])
    service = _service(scene, name)
    if value <= 0:
        raise ActionRefused(f"error: {key} must be above 0")
    target = next(
        (call.target for call in service.calls if key in (f"{call.target.upper()}_TIMEOUT_MS", _retries(call))), ""
    )
    if target:
        field = {"timeout_ms": value} if key.endswith("_TIMEOUT_MS") else {"retries": int(value)}

        def amend(system: System) -> System:
            calls = tuple(
                replace(call, **field) if call.target == target else call for call in system.service(name).calls
            )
            return system.with_service(name, calls=calls)

    elif key == "WORKERS":

        def amend(system: System) -> System:
            return system.with_service(name, workers=int(value))

    elif service.pool and key in ("DB_POOL_MAX", "DB_POOL_ACQUIRE_TIMEOUT_MS"):
        field = {"size": int(value)} if key == "DB_POOL_MAX" else {"acquire_timeout_ms": value}

        def amend(system: System) -> System:
            return system.with_service(name, pool=replace(system.service(name).pool, **field))

    else:
        raise ActionRefused(f"error: configmap {name}-config has no key {key} that can be set while it runs")
    return Deed(f"configmap/{name}-config patched: {key}={value:g}\n", "config", name, f"{key} set to {value:g}", amend)


def _retries(call) -> str:
    return f"{call.target.upper()}_RETRIES"


REMEDIES: tuple[Remedy, ...] = (
    remedy(
        "rollback_deployment",
        "kubectl rollout undo: a service goes back to the image it ran before; its configuration stays.",
        ("service",),
        roll_back,
        service=NAME,
    ),
    remedy(
        "scale_deployment",
        "kubectl scale: the number of replicas of a service.",
        ("service", "replicas"),
        scale,
        service=NAME,
        replicas={"type": "integer", "minimum": 0, "maximum": 20},
    ),
    remedy(
        "restart_workload",
        "kubectl rollout restart: new pods of a service, or a store's process anew.",
        ("workload",),
        restart,
        workload={"type": "string", "description": "name of a service or store"},
    ),
    remedy(
        "set_resources",
        "Limits and requests of a service; its pods are replaced.",
        ("service",),
        resize,
        service=NAME,
        cpu_limit={"type": "number", "minimum": 0.1, "maximum": 16, "description": "cores"},
        cpu_request={"type": "number", "minimum": 0.1, "maximum": 16, "description": "cores"},
        memory_limit_mb={"type": "integer", "minimum": 64, "maximum": 32768},
    ),
    remedy(
        "set_config",
        "One key of a service's configuration, as get_config names it: DB_POOL_MAX, WORKERS, a call's time-out or retries.",
        ("service", "key", "value"),
        configure,
        service=NAME,
        key={"type": "string"},
        value={"type": "number"},
    ),
)
