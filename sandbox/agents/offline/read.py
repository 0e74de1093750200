"""Observations to evidence: each text by its shape, then what only several of them say together. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cases.calls import kind_of
from cases.transcript import Level, Step, Task
from sandbox.agents.offline.alert import Alert, alert_of
from sandbox.agents.offline.lexicon import COMMON_WORDS
from sandbox.agents.offline.names import any_name, component_of
from sandbox.agents.offline.readers import (
    certificates,
    changes,
    connectivity,
    counts,
    database,
    descriptions,
    insides,
    logs,
    manifests,
    records,
    rows,
    settings,
    tables,
    topology,
    traces,
    units,
)
from sandbox.agents.offline.reading import Finding, Question, Reading, Reference
from sandbox.agents.offline.slots import role_of
from sandbox.knowledge.evidence import Aspect, Evidence

READERS = (
    units.read,
    descriptions.read,
    manifests.read,
    records.read,
    traces.read,
    topology.read,
    connectivity.read,
    changes.read,
    certificates.read,
    tables.read,
    insides.read,
    database.read,
    counts.read,
    rows.read,
    settings.read,
    logs.read,
)


def evidence_of(task: Task, steps: Sequence[Step]) -> tuple[Evidence, ...]:
    """Everything the readers make of a session's observations, in the order of the steps."""
    file = CaseFile(task)
    for step in steps:
        file.add(step)
    return tuple(file.evidence)


def question_of(tool: str, arguments: dict) -> Question:
    """What a call asks about, told from the names of its arguments."""
    found: dict[str, Any] = {"component": "", "kind": "", "namespace": "", "node": "", "numbered": False}
    for name, value in sorted(arguments.items()):
        role = role_of(name)
        if isinstance(value, str) and role in ("object", "component", "pod"):
            if not found["component"]:
                found["component"], found["numbered"] = value, role == "component"
        elif isinstance(value, str) and role in found:
            found[role] = found[role] or (kind_of(value) or value if role == "kind" else value)
    return Question(tool=tool, **found)


@lru_cache(maxsize=2048)  # its keys are whole returns
def _read(tool: str, arguments: str, output: str) -> Reading:
    reading, question = Reading(), question_of(tool, json.loads(arguments))
    text = output.removeprefix("stdout:\n")
    if text.strip():
        for read in READERS:
            if read(text, question, reading):
                break
        rows.weigh_stopped(reading)
    return reading


@dataclass
class CaseFile:
    """All that was read so far on one case; grows by one step at a time."""

    task: Task
    evidence: list[Evidence] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  # kind -> names as tools take them
    namespaces: list[str] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    ports: dict[str, list[str]] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    healthy: set[str] = field(default_factory=set)
    ailing: set[str] = field(default_factory=set)
    control: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    read_steps: int = 0
    _open: list[tuple[Reference, Step]] = field(default_factory=list)
    _seen: set[tuple[str, ...]] = field(default_factory=set)
    _components: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.alert: Alert = alert_of(self.task)
        self.namespaces += self.alert.namespaces

    def add(self, step: Step) -> None:
        """Read one more step. A miss or a refused call says nothing of the system."""
        self.read_steps += 1
        if step.observation.level in (Level.MISS, Level.REFUSED):
            return
        reading = _read(step.tool, json.dumps(step.arguments, sort_keys=True, default=str), step.observation.output)
        self._learn(reading)
        names = any_name(frozenset(self._components))
        for finding in reading.findings:
            self._keep(finding, step, names)
        self._open += [(reference, step) for reference in reading.references]
        self._resolve(names)
        self._gather()

    def components(self) -> list[str]:
        """Names that stand for a part of the system, in the order they were met."""
        return list(
            dict.fromkeys(
                component_of(name)
                for kind in ("pods", "deployments", "services", "statefulsets", "components")
                for name in self.names.get(kind, [])
            )
        )

    def home(self, component: str) -> str:
        return self.homes.get(component) or (self.namespaces[0] if self.namespaces else "default")

    def symptom_components(self) -> set[str]:
        """The components that the alert names."""
        return self.alert.named(self._components)

    def _learn(self, reading: Reading) -> None:
        for kind, names in reading.names.items():
            known = self.names.setdefault(kind, [])
            known += [name for name in names if name not in known]
            if kind in ("pods", "deployments", "services", "statefulsets", "components", "nodes"):
                self._components |= {component_of(name, kind) for name in names} - COMMON_WORDS
        self.namespaces += [
            name for name in [*reading.namespaces, *reading.homes.values()] if name not in self.namespaces
        ]
        for mine, read in (
            (self.nodes, reading.nodes),
            (self.homes, reading.homes),
            (self.addresses, reading.addresses),
            (self.ports, reading.ports),
        ):
            mine.update(read)
        for ours, new in ((self.control, reading.control), (self.entries, reading.entries)):
            ours += [name for name in new if name not in ours]
        self.edges |= set(reading.edges)
        self.healthy = (self.healthy | set(reading.healthy)) - set(reading.ailing)
        self.ailing = (self.ailing | set(reading.ailing)) - set(reading.healthy)

    def _keep(self, finding: Finding, step: Step, names) -> None:
        if finding.aspect is Aspect.CERTIFICATE and finding.onset and not self._over(finding.onset):
            finding = replace(
                finding, aspect=Aspect.NORMAL, value="certificate has not expired", strength=0.5, onset=None
            )
        value = names.sub("<name>", finding.value) if names else finding.value
        key = (finding.aspect, finding.component, value, step.tool, finding.kind)
        if key in self._seen:
            return
        self._seen.add(key)
        strength = finding.strength
        if finding.aspect is Aspect.CHANGE and finding.onset is not None and self.alert.start is not None:
            before = (self.alert.start - finding.onset).total_seconds() / 60
            near = -AROUND <= before <= SHORTLY
            strength, value = (2.0, f"{value}, shortly before") if near else (0.3, value)
        node = finding.node or self.nodes.get(finding.object, "") or self.nodes.get(finding.component, "")
        self.evidence.append(
            Evidence(
                aspect=finding.aspect,
                component=finding.component,
                value=value,
                quote=finding.quote,
                step=step.index,
                tool=step.tool,
                kind=finding.kind,
                strength=round(strength, 4),
                direction=finding.direction,
                onset=finding.onset,
                locator=finding.locator,
                object=finding.object or finding.component,
                namespace=finding.namespace or self.home(finding.component),
                node=node,
            )
        )

    def _over(self, moment: datetime) -> bool:
        """Whether this was before the trouble was noticed; not where that has no time."""
        return self.alert.start is not None and moment <= self.alert.start + timedelta(minutes=AROUND)

    def _resolve(self, names) -> None:
        """References to hosts, as soon as it is known which host that is, or that there is none of that name."""
        waiting = []
        for reference, step in self._open:
            finding = self._settled(reference)
            if finding is None:
                waiting.append((reference, step))
            elif finding.value:
                self._keep(finding, step, names)
        self._open = waiting

    def _gather(self) -> None:
        """Slow components that share a node point at the node: more of its components are slow than of any other."""
        slow = {one.component: one for one in self.evidence if one.aspect is Aspect.LATENCY and one.strength >= 1}
        hosted: dict[str, set[str]] = {}
        for name in self.names.get("pods", []):
            if node := self.nodes.get(name):
                hosted.setdefault(node, set()).add(component_of(name))
        if len(hosted) < 2 or len(slow) < 3:
            return
        shares = sorted(
            ((len(names & slow.keys()) / len(names), node) for node, names in hosted.items() if len(names) > 1),
            reverse=True,
        )
        if len(shares) > 1 and shares[0][0] >= 0.5 and shares[0][0] >= 1.3 * shares[1][0]:
            node = shares[0][1]
            worst = max((slow[name] for name in sorted(hosted[node] & slow.keys())), key=lambda one: one.strength)
            key = (Aspect.LATENCY, node, GATHERED, worst.tool, "node")
            if key not in self._seen:
                self._seen.add(key)
                self.evidence.append(
                    replace(worst, component=node, value=GATHERED, kind="node", strength=3.0, object=node, node=node)
                )

    def _settled(self, reference: Reference) -> Finding | None:
        """None: not known yet. A finding without a value: nothing is wrong."""
        if "." in reference.host and not reference.host[0].isdigit() and not IN_CLUSTER.search(reference.host):
            return replace(NOTHING, component=reference.component)
        host = reference.host.split(".")[0] if not reference.host[0].isdigit() else reference.host
        services = {**{name: [] for edge in self.edges for name in edge}, **self.ports}
        if host[0].isdigit():
            if host not in self.addresses:
                return None
            if not reference.failing:
                return replace(NOTHING, component=reference.component)
            return self._finding(
                Aspect.CONNECTIVITY, self.addresses[host], f"calls to it fail, {reference.what}", reference, 2.0
            )
        if host in services:
            if reference.port and services[host] and reference.port not in services[host]:
                return self._finding(
                    Aspect.CONFIG,
                    reference.component,
                    f"{reference.what} asks for a port that the service does not offer",
                    reference,
                    3.0,
                )
            if "no such host" in reference.what:
                return self._unresolved(host, reference)
            if reference.failing:
                return self._finding(Aspect.CONNECTIVITY, host, f"calls to it fail, {reference.what}", reference, 2.0)
            return replace(NOTHING, component=reference.component)
        if len(services) < 3:
            return None
        if host in self._components and not self.ports:  # no list of services was read, so nothing says it has none
            if not reference.failing:
                return None
            return self._finding(Aspect.CONNECTIVITY, host, f"calls to it fail, {reference.what}", reference, 2.0)
        if host in self._components:
            return self._finding(Aspect.ABSENCE, host, f"no service of this name, {reference.what}", reference, 2.5)
        if not self.ports and not self.entries:  # a few traces name those they passed, not all there are
            return None
        if reference.failing and "no such host" not in reference.what:
            return replace(NOTHING, component=reference.component)
        return self._finding(
            Aspect.CONFIG, reference.component, f"{reference.what} names a host that is no service", reference, 3.0
        )

    def _unresolved(self, host: str, reference: Reference) -> Finding | None:
        """A name that did not resolve, although the service is there, did so while it came up."""
        if not self.ports:
            return None
        if host in self.ports:
            value = "calls to it failed by name, though the service is there"
            return self._finding(Aspect.CONNECTIVITY, host, value, reference, 0.6)
        return self._finding(Aspect.ABSENCE, host, f"no service of this name, {reference.what}", reference, 2.5)

    def _finding(self, aspect: Aspect, component: str, value: str, reference: Reference, strength: float) -> Finding:
        return Finding(aspect, component, value, reference.quote, kind="reference", strength=strength)


IN_CLUSTER = re.compile(r"\.(svc|cluster|local)\b")
GATHERED = "latency concentrates on the components of this node"
SHORTLY, AROUND = 20, 5  # minutes before and after the alert in which a change is near it
NOTHING = Finding(Aspect.NORMAL, "", "", "")
