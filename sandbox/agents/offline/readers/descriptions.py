"""``kubectl describe``: states, conditions, probes, limits, selectors and the events of one object. No Django here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cases.calls import kind_of
from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.readers.events import event_of, read_events
from sandbox.agents.offline.readers.tables import CONTROL, amount
from sandbox.agents.offline.reading import Question, Reading
from sandbox.knowledge.evidence import Aspect

FIELD = re.compile(r"^(?P<indent>\s*)(?P<key>[A-Z][\w /#()-]*?):(?:\s+(?P<value>\S.*))?$")
NOTHING = {"", "<none>", "<unset>", "<nil>", "<unknown>"}
PROBE = re.compile(
    r"(?P<how>grpc|http-get|tcp-socket|exec)\s*(?P<target>\S*).*?delay=(?P<delay>\d+)s timeout=(?P<timeout>\d+)s period=(?P<period>\d+)s.*?#failure=(?P<failure>\d+)"
)
BAD_CONDITION = re.compile(r"^\s*(?P<type>[A-Z][A-Za-z]+)\s+(?P<status>True|False|Unknown)\b(?P<rest>.*)$")
SHOULD_BE_FALSE = re.compile(r"Pressure|Unavailable|Failure|Problem|Disruption")
PERCENT = re.compile(
    r"^\s*(?P<what>cpu|memory|ephemeral-storage)\s+\S+ \((?P<requests>\d+)%\)\s+\S+ \((?P<limits>\d+)%\)"
)
LIMIT_ROW = re.compile(r"^\s*(?P<what>[a-z][\w./-]+)\s+(?P<used>\d+[A-Za-z]*)\s+(?P<hard>\d+[A-Za-z]*)\s*$")
CONTAINER = re.compile(r"^ {1,3}[a-z][\w-]*:\s*$")
SIDECAR = re.compile(r"proxy|envoy|istio|linkerd|sidecar|agent")
IMPATIENT = 6  # seconds from start to the first kill that no real service can meet


def read(text: str, question: Question, reading: Reading) -> bool:
    lines = text.splitlines()
    if not lines or not re.match(r"^Name:\s+\S", lines[0]):
        return False
    name = lines[0].split(":", 1)[1].strip()
    kind = kind_of(question.kind) or question.kind or _kind_of(text)
    fields = list(_fields(lines))
    top = {key: value for key, value, indent, _, _ in reversed(fields) if indent == 0}
    component = component_of(name, kind)
    node = top.get("Node", "").split("/")[0]
    node = "" if node in NOTHING else node
    namespace = top.get("Namespace", "") or question.namespace
    reading.name(kind, name)
    if namespace:
        reading.homes[component] = namespace
    if node:
        reading.nodes[name] = reading.nodes[component] = node
    more = {"kind": kind, "object": name, "namespace": namespace, "node": node}
    before = len(reading.findings)
    control = kind == "nodes" and CONTROL.search(top.get("Roles", ""))
    if control:
        reading.control.append(name)
    for aspect, value, strength, quote, number in _statements(kind, fields, lines):
        if control and "unschedulable" in value:
            strength = 0.3
        owner = namespace if aspect is Aspect.QUOTA else component
        reading.find(aspect, owner, value, quote, strength=strength, locator=f"line:{number + 1}", **more)
    owner_kind = kind.rstrip("s") if kind != "endpoints" else kind
    events = [event for number, line in enumerate(lines) if (event := event_of(line, number, f"{owner_kind}/{name}"))]
    read_events(events, question, reading)
    if kind == "pods" and not events and top.get("Status") == "Pending":
        quote = next((line.strip() for line in lines if line.startswith("Events:")), lines[0])
        reading.find(Aspect.ABSENCE, component, "pending without any event", quote, strength=2.5, **more)
    if len(reading.findings) == before:
        reading.find(Aspect.NORMAL, component, f"{kind} described, in order", lines[0].strip(), strength=0.5, **more)
    return True


def _kind_of(text: str) -> str:
    for kind, telling in (
        ("nodes", "\nAllocatable:"),
        ("persistentvolumeclaims", "\nUsed By:"),
        ("persistentvolumes", "\nReclaim Policy:"),
        ("deployments", "\nStrategyType:"),
        ("replicasets", "\nPods Status:"),
        ("services", "\nSession Affinity:"),
        ("pods", "\nQoS Class:"),
        ("endpoints", "\nSubsets:"),
        ("resourcequotas", "Used  Hard"),
    ):
        if telling in text:
            return kind
    return ""


def _fields(lines: list[str]) -> Iterator[tuple[str, str, int, str, int]]:
    for number, line in enumerate(lines):
        if match := FIELD.match(line):
            yield match["key"], (match["value"] or "").strip(), len(match["indent"]), line.strip(), number


def _statements(
    kind: str, fields: list[tuple[str, str, int, str, int]], lines: list[str]
) -> Iterator[tuple[Aspect, str, float, str, int]]:
    ports: dict[int, set[str]] = {}  # line of a container's name -> the ports it opens
    containers = [number for number, line in enumerate(lines) if CONTAINER.match(line)]
    probes: list[tuple[str, re.Match[str], str, int]] = []
    before = ""
    for key, value, _, quote, number in fields:
        at = max((one for one in containers if one < number), default=0)
        sidecar = bool(containers) and SIDECAR.search(lines[at])
        if key in ("Port", "Ports") and kind in ("pods", "deployments", "replicasets"):
            ports.setdefault(at, set()).update(re.findall(r"(\d+)/", value))
        if key in ("Liveness", "Readiness", "Startup") and (probe := PROBE.match(value)) and not sidecar:
            probes.append((key.lower(), probe, quote, number))
        yield from _field(kind, before, key, value, quote, number)
        if key in ("State", "Last State"):
            before = f"{key.lower()} {value}"
        elif key not in ("Reason", "Exit Code", "Started", "Finished", "Message"):
            before = ""
    for which, probe, quote, number in probes:
        at = max((one for one in containers if one < number), default=0)
        yield from _probe(which, probe, ports.get(at, set()), quote, number)
    yield from _rows(kind, lines)


def _field(
    kind: str, before: str, key: str, value: str, quote: str, number: int
) -> Iterator[tuple[Aspect, str, float, str, int]]:
    if key == "Reason" and before and value not in ("Completed",):
        strength = 3.0 if re.search(r"OOM|Error|BackOff|Err", value) else 1.0
        yield Aspect.STATE, f"container {before.lower()}: {value}", strength, quote, number
    elif key == "Status" and value in ("Pending", "Failed", "Lost", "Terminating", "Released"):
        yield Aspect.STATE, f"{kind} status {value}", 1.5, quote, number
    elif key == "Replicas" and (counts := re.search(r"(\d+) desired.*?(\d+) available", value)):
        if int(counts[2]) < int(counts[1]):
            yield Aspect.READINESS, f"{kind} available fewer than desired", 1.5, quote, number
        elif int(counts[1]) == 0:
            yield Aspect.READINESS, f"{kind} scaled to zero replicas", 2.5, quote, number
    elif key == "Endpoints" and value in NOTHING and kind == "services":
        yield Aspect.READINESS, "services no endpoints behind the service", 2.0, quote, number
    elif key == "Node-Selectors" and value not in NOTHING:
        yield Aspect.CONFIG, "node selector is set", 0.7, quote, number
    elif key == "NotReadyAddresses" and value not in NOTHING:
        yield Aspect.READINESS, "endpoints with not ready addresses", 1.0, quote, number
    elif key == "Image pull secrets" and "not found" in value:
        yield Aspect.ABSENCE, "image pull secret not found", 2.0, quote, number
    elif key == "Unschedulable" and value == "true":
        yield Aspect.STATE, "nodes unschedulable", 1.5, quote, number
    elif (key == "Taints" and value not in NOTHING and "not-ready" in value) or (
        key == "Taints" and "unreachable" in value
    ):
        yield Aspect.STATE, "nodes tainted not-ready or unreachable", 2.0, quote, number


def _probe(
    which: str, probe: re.Match[str], ports: set[str], quote: str, number: int
) -> Iterator[tuple[Aspect, str, float, str, int]]:
    port = re.search(r":(\d+)", probe["target"])
    if port and ports and port[1] not in ports:
        yield Aspect.CONFIG, f"{which} probe asks a port that the container does not open", 3.0, quote, number
    patience = int(probe["delay"]) + int(probe["period"]) * int(probe["failure"])
    if patience < IMPATIENT and which != "readiness":
        yield (
            Aspect.CONFIG,
            f"{which} probe timing kills after {'one failure' if probe['failure'] == '1' else 'few seconds'}",
            2.5,
            quote,
            number,
        )


def _rows(kind: str, lines: list[str]) -> Iterator[tuple[Aspect, str, float, str, int]]:
    section = ""
    for number, line in enumerate(lines):
        if line and not line[0].isspace():
            section = line.split(":")[0]
        if section == "Conditions" and (match := BAD_CONDITION.match(line)):
            good = "False" if SHOULD_BE_FALSE.search(match["type"]) else "True"
            if match["status"] != good:
                reason = re.findall(r"\b[A-Z][A-Za-z]{4,}\b", match["rest"])
                why = next((word for word in reversed(reason) if not word.startswith(("Mon", "Tue", "Wed", "Thu"))), "")
                strength = 2.5 if kind == "nodes" else 0.7
                yield (
                    Aspect.STATE,
                    f"{kind} condition {match['type']} is {match['status']} {why}".strip(),
                    strength,
                    line.strip(),
                    number,
                )
        if section == "Allocated resources" and (match := PERCENT.match(line)) and int(match["requests"]) >= 95:
            yield Aspect.SATURATION, f"nodes {match['what']} requests allocated in full", 1.5, line.strip(), number
        if kind == "resourcequotas" and (match := LIMIT_ROW.match(line)):
            used, hard = amount(match["used"]), amount(match["hard"])
            if used is not None and hard is not None:
                share = used / hard if hard else 9.0
                level = "over" if share > 1 else "at" if share == 1 else "near" if share >= 0.9 else "below"
                yield (
                    Aspect.QUOTA,
                    f"{match['what']} {level} quota",
                    {"below": 1.0}.get(level, 3.0),
                    line.strip(),
                    number,
                )
