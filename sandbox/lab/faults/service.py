"""Faults of one service's code and configuration. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab import responses
from sandbox.lab.exceptions import exceptions_of
from sandbox.lab.faults.base import Change, Effect, Fault, configured, deploy, resized, site, usual
from sandbox.lab.parameters import Defect, System
from sandbox.lab.traffic import usual_rate


def bad_deploy_error(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "bad_deploy_error", seed)
    language = system.service(name).language
    exception, message = random.choice(exceptions_of(language))
    share = random.uniform(0.22, 0.6)
    changed, change = deploy(system, name, random, defect=Defect(exception, message, share))
    return Effect(
        changed,
        component=name,
        mechanism=f"the new version of {name} fails with {exception} on part of its requests",
        changes=(change,),
        facts={"exception": exception},
    )


def inefficient_code(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "inefficient_code", seed)
    service = system.service(name)
    capacity = service.replicas * service.cpu_limit * 1000
    utilisation = usual_rate(system, name) * service.cpu_ms / capacity
    changed, change = deploy(system, name, random, cpu_ms=service.cpu_ms * random.uniform(1.1, 1.35) / utilisation)
    return Effect(
        changed,
        component=name,
        mechanism=f"the new version of {name} needs several times the CPU per request and reaches its limit at normal traffic",
        changes=(change,),
    )


def memory_leak_oom(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "memory_leak_oom", seed)
    service = system.service(name)
    minutes = random.uniform(4.5, 6.5)
    per_replica = usual_rate(system, name) * 60 / service.replicas
    leak = (service.memory_limit_mb - service.memory_mb) * 1024 / (minutes * per_replica)
    changed, change = deploy(system, name, random, memory_leak_kb=leak)
    return Effect(
        changed,
        component=name,
        mechanism=f"memory of {name} grows with every request since its deployment until the container is killed at its limit",
        changes=(change,),
    )


def wrong_configuration_value(system: System, random: Random, seed: int) -> Effect:
    caller, target = site(system, "wrong_configuration_value", seed).split(">")
    service = system.service(caller)
    old = next(call.timeout_ms for call in service.calls if call.target == target)
    new = usual(system).calls[caller, target][0] * random.uniform(0.6, 0.9)
    calls = tuple(
        replace(call, timeout_ms=float(round(new))) if call.target == target else call for call in service.calls
    )
    return Effect(
        system.with_service(caller, calls=calls),
        component=caller,
        mechanism=f"the time-out of {caller} for calls to {target} was set from {old:.0f} ms to {new:.0f} ms, less than {target} normally needs",
        changes=(configured(caller, random),),
        facts={"target": target, "key": f"{target.upper()}_TIMEOUT_MS", "value": f"{new:.0f}"},
    )


def invalid_credentials(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "invalid_credentials", seed)
    versions = dict(system.database.role_secret_version) | {name: 4}
    return Effect(
        system.with_database(role_secret_version=versions),
        component=name,
        accepted=(system.database.name,),
        mechanism=f"the database password of {name} was rotated, the service still signs in with the old one",
        changes=(
            Change(0, "secret", system.database.name, "quarterly rotation of database role passwords", "vault-agent"),
        ),
        facts={"owner": name},
    )


def memory_limit_too_low(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "memory_limit_too_low", seed)
    usual_mb = usual(system).services[name].memory_mb
    limit = float(round(usual_mb * random.uniform(0.9, 0.95)))
    return Effect(
        system.with_service(name, memory_limit_mb=limit),
        component=name,
        mechanism=f"the memory limit of {name} was set to {limit:.0f} MB, less than it usually needs; containers are killed as soon as they are warm",
        changes=(resized(name, random),),
    )


def probe_misconfigured(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "probe_misconfigured", seed)
    one = usual(system).services[name]
    limit = max(1.0, round(one.fixed_ms + one.mean_ms * random.uniform(0.15, 0.3)))
    return Effect(
        system.with_service(name, probe_timeout_ms=limit),
        component=name,
        mechanism=f"the liveness probe of {name} gives up after {limit:.0f} ms, sooner than it usually answers; healthy containers are killed",
        changes=(resized(name, random),),
        facts={"value": f"{limit:.0f}ms"},
    )


def heap_too_small(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "heap_too_small", seed)
    service, one = system.service(name), usual(system).services[name]
    wanted = random.uniform(1.15, 1.4) / (one.cpu * (1 - one.collecting)) - 1  # work for garbage per work for requests
    heap = float(round(service.live_mb * (1 + responses.COLLECTING / wanted)))
    return Effect(
        system.with_service(name, heap_mb=heap),
        component=name,
        mechanism=f"the heap of {name} is limited to {heap:.0f} MB, hardly more than is in use for good; its processors collect garbage instead of working",
        changes=(configured(name, random),),
        facts={"value": f"{heap:.0f}m"},
    )


def worker_limit_too_low(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "worker_limit_too_low", seed)
    service, one = system.service(name), usual(system).services[name]
    workers = max(1, int(one.threads / service.replicas / random.uniform(1.3, 1.6)))
    return Effect(
        system.with_service(name, workers=workers),
        component=name,
        mechanism=f"{name} may work on {workers} requests at a time per pod, fewer than usually are in flight; the others wait",
        changes=(configured(name, random),),
        facts={"value": str(workers)},
    )


def cpu_limit_too_low(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "cpu_limit_too_low", seed)
    service, one = system.service(name), usual(system).services[name]
    limit = one.cpu * service.cpu_limit / random.uniform(1.15, 1.4)
    return Effect(
        system.with_service(name, cpu_limit=round(limit, 3)),
        component=name,
        mechanism=f"the CPU limit of {name} was set to {limit * 1000:.0f}m, less than its usual traffic needs",
        changes=(resized(name, random),),
    )


def replicas_scaled_down(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "replicas_scaled_down", seed)
    before = system.service(name).replicas
    return Effect(
        system.with_service(name, replicas=1),
        component=name,
        mechanism=f"{name} was scaled from {before} replicas to one, which cannot carry its traffic",
        changes=(Change(0, "scale", name, f"replicas {before} -> 1", "a.moreau"),),
    )


def retry_storm(system: System, random: Random, seed: int) -> Effect:
    caller, target = site(system, "retry_storm", seed).split(">")
    limit = 12.0 * usual(system).calls[caller, target][0]
    calls = tuple(
        replace(call, timeout_ms=float(round(limit)), retries=5) if call.target == target else call
        for call in system.service(caller).calls
    )
    changed, change = deploy(system, caller, random, calls=calls)
    capacity = usual(system).services[target].cpu
    return Effect(
        changed,
        component=caller,
        accepted=(target,),
        surge={route.name: min(4.0, 1.9 / capacity) for route in system.routes},
        surge_minutes=2,
        mechanism=f"the new version of {caller} repeats failed calls to {target} five times at once; after a short burst the repeats alone keep {target} overloaded",
        changes=(change,),
        facts={"target": target, "key": f"{target.upper()}_RETRIES"},
    )


FAULTS = (
    Fault(
        "memory_limit_too_low",
        "configuration",
        "memory limit of one deployment",
        memory_limit_too_low,
        "The memory limit of {component} is below what it needs",
    ),
    Fault(
        "probe_misconfigured",
        "configuration",
        "time-out of a liveness probe",
        probe_misconfigured,
        "The liveness probe of {component} gives up too soon ({value})",
    ),
    Fault(
        "heap_too_small",
        "configuration",
        "heap limit of one service",
        heap_too_small,
        "The heap of {component} is too small ({value})",
    ),
    Fault(
        "worker_limit_too_low",
        "configuration",
        "requests one pod works on at a time",
        worker_limit_too_low,
        "{component} has too few workers ({value})",
    ),
    Fault(
        "cpu_limit_too_low",
        "configuration",
        "CPU limit of one deployment",
        cpu_limit_too_low,
        "The CPU limit of {component} is too low",
    ),
    Fault(
        "replicas_scaled_down",
        "capacity",
        "replicas of one deployment",
        replicas_scaled_down,
        "{component} has too few replicas",
    ),
    Fault(
        "retry_storm",
        "code",
        "retries of one caller, and two minutes of extra traffic",
        retry_storm,
        "Retries of {component} keep {target} overloaded",
    ),
    Fault(
        "bad_deploy_error",
        "code",
        "share of requests that a new version fails on",
        bad_deploy_error,
        "The new version of {component} has a defect ({exception})",
    ),
    Fault(
        "inefficient_code",
        "code",
        "CPU time per request",
        inefficient_code,
        "The new version of {component} uses far more CPU per request",
    ),
    Fault(
        "memory_leak_oom",
        "code",
        "memory not freed per request",
        memory_leak_oom,
        "{component} leaks memory and is OOM killed again and again",
    ),
    Fault(
        "wrong_configuration_value",
        "configuration",
        "a time-out of one caller",
        wrong_configuration_value,
        "{component} has a wrong value for {key} ({value} ms)",
    ),
    Fault(
        "invalid_credentials",
        "configuration",
        "the password version the database accepts",
        invalid_credentials,
        "{component} signs in to the database with an outdated password",
    ),
)
