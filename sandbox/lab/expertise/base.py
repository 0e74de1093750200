"""How a person who knows such systems looks into a class of fault: which call, what it shows, and why. No Django here.

Looks hold for a class and name nothing: {names} are filled from the incident, and what a look shows is
found in the tool's answer by its pattern; a look whose pattern is not there is an error of the lab.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LATEST = r"(?m)^.*Z,\S+$(?=\n\Z)"  # the newest row of a series


@dataclass(frozen=True)
class Look:
    tool: str
    arguments: dict[str, Any]
    shows: str  # pattern; its last match is the quote
    says: str
    why: str
    role: str = "link"  # symptom, link (from the symptom inwards, in this order), cause, exclusion


@dataclass(frozen=True)
class Expertise:
    looks: tuple[Look, ...]
    remedy: str
    tempting: str = ""  # a measure against the symptom that does not help
    rejected: dict[str, str] = field(default_factory=dict)  # hypothesis -> reason


def series(service: str, says: str, why: str, role: str = "link", metric: str = "") -> Look:
    """The newest values of a component, or of one of its metrics."""
    arguments = {"service": service} | ({"metric": metric} if metric else {})
    return Look("get_metrics", arguments, LATEST, says, why, role)


def errors(service: str, shows: str, says: str, why: str, role: str = "link") -> Look:
    return Look("get_logs", {"service": service, "level": "error"}, shows, says, why, role)


def slowest(service: str, shows: str, says: str, why: str) -> Look:
    return Look("get_traces", {"service": service}, shows, says, why)


def listed(kind: str, row: str, says: str, why: str, role: str = "link") -> Look:
    """A row of kubectl get."""
    return Look("get_resources", {"resource_type": kind}, rf"(?m)^{row}$", says, why, role)


def changed(target: str, kind: str, says: str, why: str) -> Look:
    """The line of the change log about ``target``."""
    return Look("get_changes", {"service": target}, rf"(?m)^.* {kind} .*$", says, why)


def configured(service: str, line: str, says: str, why: str, role: str = "cause") -> Look:
    """A line of the configuration in effect."""
    return Look("get_config", {"service": service}, rf"(?m)^{line}$", says, why, role)


def event(row: str, says: str, why: str, role: str = "cause") -> Look:
    """A line of kubectl get events."""
    return listed("events", rf".*{row}.*", says, why, role)


def described(name: str, shows: str, says: str, why: str) -> Look:
    """What the deployment's specification says."""
    return Look("describe_resource", {"resource_type": "deployments", "name": name}, shows, says, why, "cause")


POOL = Look(
    "get_pool_status",
    {"service": "{suspect}"},
    r"active: \d+\n  idle: \d+\n  waiting: \d+",
    "every connection of {suspect} is lent out and requests wait for one",
    "The alert is about this pool: see whether connections are really all in use.",
)
NO_LOCKS = Look(
    "get_lock_waits",
    {},
    r"\(0 rows\)",
    "no session waits for a lock",
    "Connections held long may wait for locks: rule it out.",
    "exclusion",
)
NO_SLOW = Look(
    "get_slow_queries",
    {},
    r"-- no entries --",
    "no statement has a slow plan",
    "Slow statements hold connections long: rule it out.",
    "exclusion",
)
USUAL_TRAFFIC = series(
    "{suspect}",
    "traffic of {suspect} is as usual",
    "Does more traffic explain it? Compare with before.",
    "exclusion",
    metric="requests_per_second",
)
PODS_RUN = listed("pods", ".*1/1 +Running.*", "pods are running", "Is a part simply missing? Rule it out.", "exclusion")
TRAFFIC_AT_EDGE = series(
    "{edge}",
    "traffic at the edge is as usual",
    "Do users ask for more than usual? Compare with before.",
    "exclusion",
    metric="requests_per_second",
)
RECONCILED = Look(
    "get_reconciliation",
    {},
    r"(?m)^\d\d:\d\d .*$",
    "the stores hold different numbers of records for the same minutes",
    "The alert is about counts: which store has more, which has fewer?",
)
