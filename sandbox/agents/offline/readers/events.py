"""Events of a cluster: what happened to which object, in the cluster's own words. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.agents.offline.names import component_of, template
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

LINE = re.compile(
    r"^\s*(?:(?P<namespace>[a-z][\w.-]*)\s+)?(?P<age>\d+[smhd][\dsmhd]*|<unknown>|<invalid>)(?:\s+\(x(?P<count>\d+) over [\w<>]+\))?\s+"
    r"(?P<type>Normal|Warning)\s+(?P<reason>[A-Za-z]+)\s+(?:(?P<object>[a-z]+/\S+)\s+)?(?P<message>.*)$"
)
DESCRIBED = re.compile(
    r"^\s*(?P<type>Normal|Warning)\s+(?P<reason>[A-Za-z]+)\s+(?P<age>\d+[smhd][\dsmhd]*|<unknown>|<invalid>)"
    r"(?:\s+\(x(?P<count>\d+) over [\w<>]+\))?\s+(?P<source>\S+)\s+(?P<message>.*)$"
)
NODES = re.compile(r"^(\d+)/(\d+) nodes are available: (.*?)\.?(?: preemption:.*)?$")
REASON = re.compile(r"(\d+) ([^,]+(?:, (?!\d+ )[^,]+)*)")
TELLING_NORMAL = re.compile(r"kill|fail|back-?off|evict|unhealthy|not ready|notready|drain|scaled down|cordon", re.I)
ROUTINE = {"Scheduled", "Pulled", "Created", "Started", "Pulling", "SuccessfulCreate", "NodeReady", "RegisteredNode"}
SUCCESS = {"SuccessfulCreate", "Started", "Created", "Scheduled", "Pulled"}
UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
STILL = 45  # a probe that still fails was seen failing within this many seconds
CAUSES = tuple(
    (re.compile(form, re.I), cause)
    for form, cause in (
        (r"pull.*(no such host|lookup |server misbehaving)", "image pull failed: registry name does not resolve"),
        (r"pull.*(401|403|unauthori[sz]ed|forbidden|denied|authoriz|authenticat)", "image pull failed: not authorised"),
        (r"pull.*(not found|manifest unknown|invalid reference)", "image pull failed: no such image"),
        (r"oom-?kill|out of memory|memory limit too low", "container was killed: out of memory"),
        (
            r"probe failed.*(malformed http|http response to https|http/1\.x transport)",
            "{probe} speaks another protocol than the container",
        ),
        (r"probe failed.*(connection refused|failed to connect)", "{probe} gets no connection"),
        (r"(containerd|dockerd|crio)\S*\.sock", "container runtime of the node does not answer"),
    )
)


@dataclass(frozen=True)
class Event:
    warning: bool
    reason: str
    object: str
    message: str
    quote: str
    locator: str
    count: int = 1
    age: int | None = None  # seconds since it was last seen


def event_of(line: str, number: int, owner: str = "") -> Event | None:
    """The event that a line of ``get events`` or of a description holds; None for any other line."""
    match = LINE.match(line) or DESCRIBED.match(line)
    if match is None:
        return None
    groups = match.groupdict()
    return Event(
        warning=groups["type"] == "Warning",
        reason=groups["reason"],
        object=groups.get("object") or owner,
        message=groups["message"].strip(),
        quote=line.strip(),
        locator=f"line:{number + 1}",
        count=int(groups["count"] or 1),
        age=seconds(groups["age"]),
    )


def seconds(age: str) -> int | None:
    """An age as kubectl prints it, in seconds; None where it is unknown."""
    parts = re.findall(r"(\d+)([smhd])", age)
    return sum(int(number) * UNIT[unit] for number, unit in parts) if parts else None


def read_events(events: list[Event], question: Question, reading: Reading) -> None:
    """Read them together: a warning that a later success of the same component follows is history, and faint."""
    well: dict[str, int] = {}
    for event in events:
        if not event.warning and event.reason in SUCCESS and event.age is not None:
            component = component_of(event.object)
            well[component] = min(well.get(component, event.age), event.age)
    for event in events:
        later = well.get(component_of(event.object))
        past = event.reason == "FailedCreate" and None not in (event.age, later) and later <= event.age
        stopped = event.reason == "Unhealthy" and event.age is not None and event.age > STILL
        read_event(event, question, reading, faint=past or stopped)


def read_event(event: Event, question: Question, reading: Reading, *, faint: bool = False) -> None:
    kind, _, name = event.object.rpartition("/")
    component = component_of(name, kind)
    routine = not event.warning and (event.reason in ROUTINE or not TELLING_NORMAL.search(event.reason + event.message))
    if name:
        reading.name({"pod": "pods", "replicaset": "replicasets", "node": "nodes"}.get(kind, ""), name)
    if assigned := re.search(r"Successfully assigned \S+ to (\S+)", event.message):
        reading.nodes[name] = reading.nodes[component] = assigned[1]
    if routine:
        return
    for form, cause in CAUSES:
        if not faint and form.search(event.message):
            reading.find(
                Aspect.EVENT, component, cause.format(probe=_probe(event.message)), event.quote, kind=kind or question.kind, strength=3.0,
                locator=event.locator, object=name, namespace=question.namespace,
            )  # fmt: skip
    for message, strength in _messages(event):
        reading.find(
            Aspect.EVENT,
            component,
            f"{event.reason}: {template(message)}",
            event.quote,
            kind=kind or question.kind,
            strength=0.3 if faint else strength * (2.0 if event.warning else 1.0),
            locator=event.locator,
            object=name,
            namespace=question.namespace,
        )


def _probe(message: str) -> str:
    found = re.match(r"(liveness|readiness|startup) probe", message, re.I)
    return found[0].lower() if found else "probe"


def _messages(event: Event) -> Iterator[tuple[str, float]]:
    """A scheduler's message in its parts, each with the share of the nodes that it speaks of."""
    nodes = NODES.match(event.message)
    parts = REASON.findall(nodes[3]) if nodes else []
    if not nodes or not parts:
        yield (nodes[3] if nodes else event.message), 1.0
        return
    total = int(nodes[2]) or 1
    for number, reason in parts:
        share = int(number) / total
        extent = "every node" if share == 1 else "most nodes" if share > 0.5 else "few nodes"
        yield f"{extent}: {reason.strip()}", max(share, 0.2)
