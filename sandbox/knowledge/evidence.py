"""What a reader makes of a raw return: a located, quoted, general statement. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Aspect(StrEnum):
    """What kind of thing was seen. Rules trigger on these; the set is closed."""

    STATE = "state"  # a state word of an object: Pending, CrashLoopBackOff, NotReady, failed
    READINESS = "readiness"  # fewer ready than desired, no endpoints
    RESTART = "restart"
    EVENT = "event"  # a cluster or system event with its message
    LOG = "log"  # an error or novel log line template
    CONFIG = "config"  # a configuration value that differs from its siblings or contradicts another
    SATURATION = "saturation"  # a resource at or near its limit
    LATENCY = "latency"
    ERRORS = "errors"
    TRAFFIC = "traffic"
    GROWTH = "growth"  # keeps rising: leak, queue, lag
    FLATLINE = "flatline"  # stopped: no traffic, no samples
    CONNECTIVITY = "connectivity"  # refused, timed out, name not resolved
    QUOTA = "quota"
    CHANGE = "change"  # a deployment, a configuration change, a scaling
    QUERY = "query"  # a slow or badly planned database query
    LOCK = "lock"  # waits on a lock, long transactions
    TRACE = "trace"  # the span that takes the time or fails
    CERTIFICATE = "certificate"
    ABSENCE = "absence"  # something expected is not there: an object that is referred to but missing
    NORMAL = "normal"  # looked at and found healthy: what rules an explanation out


@dataclass(frozen=True)
class Evidence:
    """One statement about one component, grounded by construction in a quote of one step."""

    aspect: Aspect
    component: str  # canonical component name (no pod hash), or "" where none is named
    value: str  # what was seen, as a template: names, ids, times and numbers generalised
    quote: str  # verbatim text of the raw return
    step: int
    tool: str
    kind: str = ""  # pod, node, service, deployment, namespace, metric name's noun ...
    strength: float = 1.0  # 0..; robust z or severity, comparable within an aspect only
    direction: int = 0  # -1 falls, +1 rises
    onset: datetime | None = None
    locator: str = ""  # line:12, json:$.alerts[0], row:3
    object: str = ""  # the very name a tool takes, pod hash and all
    namespace: str = ""
    node: str = ""
