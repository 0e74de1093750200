"""Faults beneath and beside the services: nodes, network, scheduler, stores, dependencies, data. No Django here."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sandbox.lab import cluster
from sandbox.lab.faults.base import Change, Effect, Fault, configured, deploy, next_version, pick, site, usual
from sandbox.lab.parameters import Batch, NetworkPolicy, StartProblem, System
from sandbox.lab.traffic import usual_rate

CANNOT_START = {
    "redis": (
        "Bad file format reading the append only file appendonly.aof.17.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename>",
        "Fatal error loading the DB, check server logs. Exiting.: Short read or OOM loading DB. Unrecoverable error, aborting now.",
    ),
    "memcached": (
        "could not restart from memory file /cache/memory_file: metadata does not match, exiting",
        "failed to listen on TCP port 11211: Address already in use",
    ),
}


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
    target = site(system, "network_policy_block", seed)
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
    name = site(system, "unschedulable_pod", seed)
    service = system.service(name)
    request = _request_that_fits_once(system, name)
    return Effect(
        system.with_service(name, cpu_request=request, rollout=1),
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
        changed = system.with_service(name, cpu_request=request, rollout=1)
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
    error = pick(CANNOT_START[system.cache.engine], seed)
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


def dns_failure(system: System, random: Random, seed: int) -> Effect:
    resolver = replace(system.resolver, failing=random.uniform(0.2, 0.45))
    name = system.resolver.name
    return Effect(
        replace(system, resolver=resolver),
        component=name,
        mechanism=f"look-ups at {name} time out; calls fail before they connect, whomever they are for",
        changes=(configured(name, random),) if seed % 2 else (),
        facts={"resolver": name},
    )


def clock_skew(system: System, random: Random, seed: int) -> Effect:
    node = pick(_nodes_without_database(system), seed)
    hours = random.uniform(2.5, 11)
    return Effect(
        system.with_node(node, clock_s=hours * 3600),
        component=node,
        mechanism=f"the clock of {node} is hours ahead; pods there hold the certificates of others for out of date",
        facts={"node": node},
    )


def quota_exceeded(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "quota_exceeded", seed)
    service = system.service(name)
    asked = sum(pod.cpu_request for pod in cluster.place(system, cluster.names_of(system, "")))
    quota = asked - (service.replicas - 1) * service.cpu_request + 0.2
    changed, change = deploy(system, name, random, rollout=1)
    return Effect(
        replace(changed, cpu_quota=round(quota, 1)),
        component=name,
        accepted=(system.namespace, f"{system.namespace}-compute"),
        mechanism=f"the quota of namespace {system.namespace} is below what its pods ask for; the deployment of {name} got one pod, the others are not made",
        changes=(
            change,
            Change(
                -1,
                "config",
                f"{system.namespace}-compute",
                f"resourcequota/{system.namespace}-compute updated",
                "j.tanaka",
            ),
        ),
        facts={"quota": f"{system.namespace}-compute"},
    )


def _not_starting(system: System, name: str, reason: str, message: str, **changes: object) -> System:
    """The deployment's new pods do not come up; one old pod is left where it alone is too few."""
    if name == system.cache.name:
        return replace(system, cache=replace(system.cache, startup_error=message, reason=reason))
    service, one = system.service(name), usual(system).services[name]
    stuck = service.replicas - 1 if one.cpu * service.replicas > 1.15 else service.replicas
    return system.with_service(name, start_problem=StartProblem(reason, message, stuck), **changes)


def _moved(system: System, name: str) -> Change:
    return Change(-1, "infrastructure", name, f"pod {name}-0 rescheduled for node maintenance", "cluster-autoscaler")


def image_pull_failure(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "image_pull_failure", seed)
    store = name == system.cache.name
    tag = "stable" if store else next_version(system.service(name).version, random)
    message = f'Failed to pull image "registry.{system.namespace}.example/{name}:{tag}": not found'
    changes = {} if store else {"version": tag}
    text = "" if store else f"image {name}:{system.service(name).version} -> {name}:{tag}"
    return Effect(
        _not_starting(system, name, "ImagePullBackOff", message, **changes),
        component=name,
        mechanism=f"the image of {name} is not in the registry; its new pods do not start",
        changes=(_moved(system, name) if store else Change(0, "deploy", name, text, "pipeline"),),
        facts={"kind": "infrastructure" if store else "deploy"},
    )


def missing_secret_key(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "missing_secret_key", seed)
    key = random.choice(("API_TOKEN", "SIGNING_KEY", "ACCESS_KEY"))
    message = f"Error: couldn't find key {key} in Secret {system.namespace}/{name}-env"
    store = name == system.cache.name
    change = (
        _moved(system, name)
        if store
        else Change(0, "secret", name, f"secret {name}-env rewritten by the vault", "vault-agent")
    )
    return Effect(
        _not_starting(system, name, "CreateContainerConfigError", message, **({} if store else {"rollout": 1})),
        component=name,
        accepted=(f"{name}-env",),
        mechanism=f"the secret of {name} has no key {key} any more; its containers cannot be made",
        changes=(change,),
        facts={"key": key, "kind": "infrastructure" if store else "secret"},
    )


def malformed_setting(system: System, random: Random, seed: int) -> Effect:
    name = site(system, "malformed_setting", seed)
    key = random.choice(("LOG_LEVEL", "PORT", "WORKERS"))
    message = f"Back-off restarting failed container server: exit code 2 (cannot parse {key})"
    return Effect(
        _not_starting(system, name, "CrashLoopBackOff", message, rollout=1),
        component=name,
        mechanism=f"{name} cannot read its setting {key} and ends at once; its new pods restart again and again",
        changes=(configured(name, random),),
        facts={"key": key},
    )


def dependency_errors(system: System, random: Random, seed: int) -> Effect:
    external = pick(tuple(one.name for one in system.externals), seed)
    share = random.uniform(0.35, 0.6)
    return Effect(
        replace(
            system,
            externals=tuple(
                replace(one, error_share=share) if one.name == external else one for one in system.externals
            ),
        ),
        component=external,
        mechanism=f"the outside provider {external} answers a large share of requests with errors",
        facts={"caller": system.callers_of(external)[0]},
    )


def dependency_rate_limited(system: System, random: Random, seed: int) -> Effect:
    external = pick(tuple(one.name for one in system.externals), seed)
    caller = system.callers_of(external)[0]
    allowed = round(usual_rate(system, caller) * random.uniform(0.4, 0.6))
    return Effect(
        replace(
            system,
            externals=tuple(
                replace(one, limit_per_second=float(allowed)) if one.name == external else one
                for one in system.externals
            ),
        ),
        component=external,
        accepted=(caller,),
        mechanism=f"the outside provider {external} takes {allowed} requests a second from us and refuses the rest",
        facts={"caller": caller},
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
        "dns_failure", "network", "share of look-ups that time out", dns_failure, "Name resolution by {resolver} fails"
    ),
    Fault("clock_skew", "network", "the clock of one node", clock_skew, "The clock of node {node} is wrong"),
    Fault(
        "quota_exceeded",
        "scheduling",
        "CPU quota of the namespace",
        quota_exceeded,
        "The CPU quota {quota} keeps pods of {component} from being made",
    ),
    Fault(
        "image_pull_failure",
        "scheduling",
        "the image new pods are made from",
        image_pull_failure,
        "The image of {component} cannot be pulled",
    ),
    Fault(
        "missing_secret_key",
        "configuration",
        "a key of a secret",
        missing_secret_key,
        "The secret of {component} lacks {key}",
    ),
    Fault(
        "malformed_setting",
        "configuration",
        "a setting read at start",
        malformed_setting,
        "{component} ends at start: {key} cannot be parsed",
    ),
    Fault(
        "dependency_errors",
        "dependency",
        "share of the provider's answers that are errors",
        dependency_errors,
        "The outside provider {component} fails",
    ),
    Fault(
        "dependency_rate_limited",
        "dependency",
        "requests a second that the provider takes",
        dependency_rate_limited,
        "The outside provider {component} limits our rate",
    ),
    Fault("no_fault", "none", "nothing but two minutes of extra traffic", no_fault, "Nothing is broken"),
)
