"""kubectl's tables, from placement, restarts and parameters. No Django here."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf

from sandbox.lab import cluster
from sandbox.lab.incident import Incident
from sandbox.lab.parameters import Service

# kinds that an agent may list and that no system of the lab uses
NONE_OF = (
    "configmaps",
    "persistentvolumeclaims",
    "persistentvolumes",
    "ingresses",
    "horizontalpodautoscalers",
    "daemonsets",
    "secrets",
)
KINDS = (
    "pods",
    "deployments",
    "statefulsets",
    "services",
    "endpoints",
    "nodes",
    "events",
    "networkpolicies",
    "resourcequotas",
)
LAST_STATE = {"memory": "OOMKilled", "probe": "Error"}  # what ended a container -> how kubectl shows it


KEPT_EVENTS = 12  # of one service's restarts


# kinds that an agent may look for under a service's name, and that bear other names or none
NOT_BY_SERVICE = ("persistentvolumeclaims", "replicasets", "resourcequotas", "persistentvolumes")


def table(header: tuple[str, ...], rows: list[tuple[str, ...]], empty: str = "No resources found.") -> str:
    if not rows:
        return empty + "\n"
    widths = [max(len(row[column]) for row in (header, *rows)) + 3 for column in range(len(header))]
    return (
        "\n".join(
            "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (header, *rows)
        )
        + "\n"
    )


def image_of(service: Service) -> str:
    """The tag of its image."""
    return service.image or service.version


def none_of(incident: Incident) -> str:
    """What a listing says of a kind of which the namespace holds nothing."""
    return f"No resources found in {incident.system.namespace} namespace.\n"


def not_found(kind: str, name: str) -> str:
    return f'Error from server (NotFound): {kind} "{name}" not found'


def age(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 2880 else f"{minutes // 1440}d"


def stores(incident: Incident) -> tuple[str, ...]:
    system = incident.system
    return system.database.name, system.cache.name, system.queue.name


def born(incident: Incident, app: str) -> datetime:
    """When the pods of ``app`` started: when its pod template last changed, else days before."""
    if app in incident.rollouts:
        return incident.at(incident.rollouts[app])
    return incident.started - timedelta(days=incident.random(f"born:{app}").randint(2, 40), minutes=17)


def restarts(incident: Incident, app: str) -> tuple[int, ...]:
    if app == incident.system.cache.name and incident.system.cache.startup_error:
        return tuple(range(incident.onset, incident.count, 3))
    return incident.restarts.get(app, ())


def state_of(incident: Incident, pod: cluster.Pod) -> tuple[str, str, str]:
    """READY, STATUS, RESTARTS of one pod."""
    if not pod.node:
        return "0/1", "Pending", "0"
    if pod.problem:
        crashes = f"{_crashes(incident, pod)} (1m ago)" if pod.problem.reason == "CrashLoopBackOff" else "0"
        return "0/1", pod.problem.reason, crashes
    minutes = restarts(incident, pod.app)
    if pod.app == incident.system.cache.name and minutes:
        if incident.system.cache.reason != "CrashLoopBackOff":
            return "0/1", incident.system.cache.reason, "0"
        return "0/1", "CrashLoopBackOff", f"{len(minutes)} ({incident.count - minutes[-1]}m ago)"
    mine = minutes if pod == cluster.running(incident.last.pods, pod.app)[0] else minutes[:-1]
    if mine and mine[-1] >= incident.count - 2:
        status = LAST_STATE[incident.killed_by[pod.app]]
        return "0/1", status, f"{len(mine)} ({incident.count - mine[-1]}m ago)"
    return "1/1", "Running", f"{len(mine)} ({incident.count - mine[-1]}m ago)" if mine else "0"


def _crashes(incident: Incident, pod: cluster.Pod) -> int:
    """Starts that failed so far, with the doubling pause between them."""
    return min(6, 2 + (incident.count - incident.rollouts.get(pod.app, incident.onset)) // 3)


def ready_pods(incident: Incident, app: str) -> int:
    return sum(state_of(incident, pod)[0] == "1/1" for pod in cluster.pods_of(incident.last.pods, app))


def pods(incident: Incident) -> list[tuple[str, ...]]:
    rows = []
    for pod in sorted(incident.last.pods, key=lambda each: each.name):
        ready, status, count = state_of(incident, pod)
        rows.append((pod.name, ready, status, count, age(incident.now - born(incident, pod.app)), pod.node or "<none>"))
    for batch in incident.system.batches:
        rows.append(
            (f"{batch.name}-0", "1/1", "Running", "0", age(incident.now - incident.at(incident.onset)), batch.node)
        )
    return rows


def events(incident: Incident) -> list[tuple[str, ...]]:
    found: list[tuple[int, tuple[str, ...]]] = []
    system = incident.system

    def add(minute: int, kind: str, reason: str, subject: str, message: str) -> None:
        found.append((minute, (age(incident.now - incident.at(minute)), kind, reason, subject, message)))

    for pod in incident.last.pods:
        if pod.problem:
            reasons = {
                "ImagePullBackOff": "Failed",
                "CreateContainerConfigError": "Failed",
                "CrashLoopBackOff": "BackOff",
            }
            since = incident.rollouts.get(pod.app, incident.onset)
            add(since, "Warning", reasons[pod.problem.reason], f"pod/{pod.name}", pod.problem.message)
        if not pod.node:
            message = f"0/{len(system.nodes)} nodes are available: {len(system.nodes)} Insufficient cpu. preemption: No preemption victims found."
            add(_unplaced_since(incident, pod), "Warning", "FailedScheduling", f"pod/{pod.name}", message)
        elif pod.app in incident.rollouts:
            add(
                incident.rollouts[pod.app],
                "Normal",
                "Scheduled",
                f"pod/{pod.name}",
                f"Successfully assigned {system.namespace}/{pod.name} to {pod.node}",
            )
    for app in system.services:
        there = cluster.running(incident.last.pods, app.name)
        missing = app.replicas - len(cluster.pods_of(incident.last.pods, app.name))
        if missing:
            since, asked = incident.rollouts.get(app.name, incident.onset), f"{app.cpu_request * 1000:.0f}m"
            replica_set = cluster.names_of(system, incident.pod_seed)[app.name][0].rpartition("-")[0]
            used = sum(pod.cpu_request for pod in incident.last.pods) * 1000
            what = f"requested: requests.cpu={asked}, used: requests.cpu={used:.0f}m, limited: requests.cpu={system.cpu_quota * 1000:.0f}m"
            message = f'Error creating: pods "{replica_set}-" is forbidden: exceeded quota: {system.namespace}-compute, {what}'
            add(since, "Warning", "FailedCreate", f"replicaset/{replica_set}", message)
        for number, minute in enumerate(restarts(incident, app.name)[-KEPT_EVENTS:]):
            pod = f"pod/{there[number % len(there)].name}"
            if incident.killed_by[app.name] == "memory":
                message = "Memory cgroup out of memory: killed process 1 (server)"
                add(minute, "Warning", "OOMKilling", pod, message)
            else:
                message = "Container server failed liveness probe, will be restarted"
                add(minute, "Normal", "Killing", pod, message)
    cache = system.cache.name
    if restarts(incident, cache) and system.cache.reason != "CrashLoopBackOff":
        add(incident.onset, "Warning", "Failed", f"pod/{cache}-0", system.cache.startup_error)
    elif restarts(incident, cache):
        add(
            incident.count - 2,
            "Warning",
            "BackOff",
            f"pod/{cache}-0",
            f"Back-off restarting failed container {cache} in pod {cache}-0",
        )
    for batch in system.batches:
        add(incident.onset, "Normal", "Started", f"pod/{batch.name}-0", f"Started container {batch.name}")
    random = incident.random("events")
    add(random.randrange(8, 30), "Normal", "Sync", "ingress/edge", "Scheduled for sync")
    when = random.randrange(0, 8)
    once = random.choice([pod for pod in incident.minutes[when].pods if pod.node and system.has_service(pod.app)])
    message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    add(when, "Warning", "Unhealthy", f"pod/{once.name}", message)
    return [row for minute, row in sorted(found, key=lambda each: each[0]) if minute < incident.count]


def _unplaced_since(incident: Incident, pod: cluster.Pod) -> int:
    """The minute from which this pod has been without a node."""
    since = incident.count - 1
    while since and pod in incident.minutes[since - 1].pods:
        since -= 1
    return since


def resources(incident: Incident, kind: str, name: str = "") -> str:
    """``kubectl get KIND [NAME]``."""
    system = incident.system
    if kind == "pods":
        header, rows = ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE"), pods(incident)
    elif kind == "deployments":
        header = ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "IMAGES")
        rows = []
        for service in system.services:
            ready = ready_pods(incident, service.name)
            rows.append(
                (
                    service.name,
                    f"{ready}/{service.replicas}",
                    str(service.replicas),
                    str(ready),
                    "212d",
                    f"{service.name}:{image_of(service)}",
                )
            )
    elif kind == "statefulsets":
        header = ("NAME", "READY", "AGE")
        rows = [(store, f"{ready_pods(incident, store)}/1", "212d") for store in stores(incident)]
    elif kind == "services":
        header = ("NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "AGE")
        rows = [
            (app, "ClusterIP", address(incident, app), f"{port(incident, app)}/TCP", "212d") for app in apps(incident)
        ]
    elif kind == "endpoints":
        header = ("NAME", "ENDPOINTS", "AGE")
        rows = [(app, endpoints(incident, app), "212d") for app in apps(incident)]
    elif kind == "nodes":
        header = ("NAME", "STATUS", "ROLES", "AGE", "VERSION")
        rows = [
            (node.name, "Ready,SchedulingDisabled" if node.cordoned else "Ready", "worker", "212d", "v1.31.4")
            for node in system.nodes
        ]
    elif kind == "resourcequotas":
        header, rows = ("NAME", "REQUEST", "AGE"), []
        if system.cpu_quota < inf:
            used = sum(pod.cpu_request for pod in incident.last.pods) * 1000
            rows.append(
                (
                    f"{system.namespace}-compute",
                    f"requests.cpu: {used:.0f}m/{system.cpu_quota * 1000:.0f}m",
                    "212d",
                )
            )
    elif kind == "networkpolicies":
        header = ("NAME", "POD-SELECTOR", "AGE")
        rows = [
            (policy.name, f"app={policy.target}", age(incident.now - incident.at(incident.onset)))
            for policy in system.policies
        ]
        rows.append(("default-egress", "<none>", "212d"))
    else:
        header, rows = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"), events(incident)
    if name:
        rows = [row for row in rows if row[0] == name or (kind == "events" and row[3].endswith(f"/{name}"))]
        return table(header, rows, not_found(kind, name))
    return table(header, rows)


def apps(incident: Incident) -> tuple[str, ...]:
    return (*(service.name for service in incident.system.services), *stores(incident))


def port(incident: Incident, app: str) -> int:
    system = incident.system
    ports = {
        system.database.name: 5432,
        system.cache.name: system.cache.port,
        system.queue.name: system.queue.port,
    }
    return ports.get(app, 8080)


def address(incident: Incident, app: str) -> str:
    return f"10.96.{14 + len(app)}.{20 + apps(incident).index(app) * 7}"


def endpoints(incident: Incident, app: str) -> str:
    """Addresses of the pods that are ready."""
    ready = [pod for pod in cluster.running(incident.last.pods, app) if state_of(incident, pod)[0] == "1/1"]
    found = (f"10.244.{1 + number}.{31 + len(app)}:{port(incident, app)}" for number, _ in enumerate(ready))
    return ",".join(found) or "<none>"


def top(incident: Incident, kind: str) -> str:
    """``kubectl top pods`` or ``nodes``."""
    last, system = incident.last, incident.system
    if kind == "nodes":
        rows = [
            (node.name, f"{last.node_cpu[node.name] * node.cores * 1000:.0f}m", f"{last.node_cpu[node.name]:.0%}")
            for node in system.nodes
        ]
        return table(("NAME", "CPU(cores)", "CPU%"), rows)
    rows = []
    for pod in sorted(last.pods, key=lambda each: each.name):
        if pod.node and not pod.problem and system.has_service(pod.app):
            one, service = last.services[pod.app], system.service(pod.app)
            rows.append((pod.name, f"{one.cpu * service.cpu_limit * 1000:.0f}m", f"{one.memory_mb:.0f}Mi", pod.node))
        elif pod.node and pod.app == system.database.name:
            rows.append((pod.name, f"{last.db_cpu * system.database.cores * 1000:.0f}m", "11204Mi", pod.node))
    for batch in system.batches:
        rows.append(
            (
                f"{batch.name}-0",
                f"{min(batch.cores, system.node(batch.node).cores) * 1000 * 0.8:.0f}m",
                "2310Mi",
                batch.node,
            )
        )
    return table(("NAME", "CPU(cores)", "MEMORY(bytes)", "NODE"), rows)
