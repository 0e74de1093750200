"""Faults of one service's code and configuration. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab.faults.base import Change, Effect, Fault, deploy, pick
from sandbox.lab.parameters import Defect, System
from sandbox.lab.traffic import usual_rate

DEFECTS = (
    ("java", "java.lang.NullPointerException", 'Cannot invoke "String.length()" because "request.locale" is null'),
    ("java", "java.lang.IllegalStateException", "no converter for currency unit of basket line"),
    ("go", "panic", "runtime error: index out of range [3] with length 3"),
    ("go", "panic", "runtime error: invalid memory address or nil pointer dereference"),
    ("python", "KeyError", "'surcharge'"),
    ("python", "TypeError", "unsupported operand type(s) for *: 'NoneType' and 'Decimal'"),
    ("rust", "thread 'worker' panicked", "called `Option::unwrap()` on a `None` value"),
)


def bad_deploy_error(system: System, random: Random, seed: int) -> Effect:
    name = pick(("tariff", "till", "crate", "sextant", "bosun"), seed)
    language = system.service(name).language
    _, exception, message = random.choice([each for each in DEFECTS if each[0] == language])
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
    name = pick(("sextant", "tariff", "docket", "bosun"), seed)
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
    name = pick(("crate", "sextant", "shelf", "tariff"), seed)
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
    caller, target = (("till", "purser"), ("crate", "tariff"), ("gangway", "docket"), ("shelf", "sextant"))[seed % 4]
    service = system.service(caller)
    old = next(call.timeout_ms for call in service.calls if call.target == target)
    new = {"purser": 100.0, "tariff": 15.0, "docket": 50.0, "sextant": 12.0}[target] * random.uniform(0.8, 1.2)
    calls = tuple(
        replace(call, timeout_ms=float(round(new))) if call.target == target else call for call in service.calls
    )
    return Effect(
        system.with_service(caller, calls=calls),
        component=caller,
        mechanism=f"the time-out of {caller} for calls to {target} was set from {old:.0f} ms to {new:.0f} ms, less than {target} normally needs",
        changes=(
            Change(
                0,
                "config",
                caller,
                f"configmap {caller}-config updated (revision {random.randint(12, 88)})",
                "m.okafor",
            ),
        ),
        facts={"target": target, "key": f"{target.upper()}_TIMEOUT_MS", "value": f"{new:.0f}"},
    )


def invalid_credentials(system: System, random: Random, seed: int) -> Effect:
    name = pick(("bosun", "docket", "shelf"), seed)
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


FAULTS = (
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
