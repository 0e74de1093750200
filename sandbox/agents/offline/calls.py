"""The calls worth considering: every tool with arguments that names seen so far can fill. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

from cases.calls import canonical, kind_of
from cases.transcript import ToolSchema
from sandbox.agents.offline.capabilities import capabilities_of
from sandbox.agents.offline.lexicon import concepts_in
from sandbox.agents.offline.names import component_of, is_hashed, words_of
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.slots import role_of
from sandbox.knowledge.evidence import Aspect

# kinds worth listing, with the capability that listing them serves and how much it tells before anything is known
KINDS = {
    "pods": ("state", 1.0), "events": ("events", 1.0), "nodes": ("state", 0.75), "deployments": ("state", 0.7),
    "services": ("state", 0.72), "endpoints": ("state", 0.7), "replicasets": ("state", 0.45), "statefulsets": ("state", 0.4),
    "persistentvolumeclaims": ("state", 0.5), "persistentvolumes": ("state", 0.42), "resourcequotas": ("state", 0.5),
    "configmaps": ("configuration", 0.4), "ingresses": ("state", 0.4), "networkpolicies": ("configuration", 0.4),
    "jobs": ("state", 0.4), "horizontalpodautoscalers": ("state", 0.35),
}  # fmt: skip
SINGULAR = {"resourcequotas": "resourcequota"}
DESCRIBED = (
    "pods",
    "deployments",
    "services",
    "nodes",
    "persistentvolumeclaims",
    "replicasets",
    "endpoints",
    "resourcequotas",
    "persistentvolumes",
)
CLUSTER_WIDE = {"nodes", "persistentvolumes", "namespaces", "storageclasses"}
UNITS = ("kubelet", "containerd", "kube-proxy", "kube-scheduler")
NODES = re.compile(r"\bnodes?\b|\bhosts?\b", re.I)
MOST_NAMES = 14
LINES = 50
AROUND = 30  # minutes


@dataclass(frozen=True)
class Candidate:
    tool: str
    arguments: dict[str, Any]
    key: str
    capability: str
    aptness: float  # of the tool and its kind, from 0 to 1
    component: str = ""
    kind: str = ""  # of the objects it lists or describes
    concepts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    @cached_property
    def written(self) -> str:
        """The arguments as text, by which calls of the same worth are put in order."""
        return json.dumps(self.arguments, sort_keys=True, default=str)


@dataclass(frozen=True)
class Slots:
    """The parameters of a tool by their role; ``required`` as the schema says."""

    roles: tuple[tuple[str, str], ...]
    required: frozenset[str]
    enums: tuple[tuple[str, tuple[Any, ...]], ...]
    types: tuple[tuple[str, str], ...]
    of_nodes: bool = False  # the component it takes may be a node, its description says

    def role(self, role: str) -> str:
        """The first parameter of that role; "" where there is none."""
        return self._first.get(role, "")

    @cached_property
    def _first(self) -> dict[str, str]:
        return {role: name for name, role in reversed(self.roles)}


@lru_cache(maxsize=1024)
def slots_of(tool: ToolSchema) -> Slots:
    properties = tool.parameters.get("properties", {})
    return Slots(
        roles=tuple((name, role_of(name)) for name in properties),
        required=frozenset(tool.parameters.get("required", ())),
        enums=tuple(
            (name, tuple(one["enum"])) for name, one in properties.items() if isinstance(one, dict) and one.get("enum")
        ),
        types=tuple(
            (name, str(one.get("type", "string"))) for name, one in properties.items() if isinstance(one, dict)
        ),
        of_nodes=any(
            role_of(name) == "component" and NODES.search(str(one.get("description", "")))
            for name, one in properties.items()
            if isinstance(one, dict)
        ),
    )


Memory = dict[tuple[Any, ...], Candidate]


def candidates(
    tools: tuple[ToolSchema, ...], file: CaseFile, suspects: list[str], memory: Memory, *, window: int = 0
) -> Iterator[Candidate]:
    """Every call that can be filled; ``suspects`` are components, the most suspicious first.

    ``window`` is how many minutes to ask for wherever a tool takes a time; 0 asks only where it must.

    ``memory`` is the run's own: a call that was considered before is not worked out again.
    """
    components = list(
        dict.fromkeys([*suspects, *file.alert.hinted, *sorted(file.symptom_components()), *file.components()])
    )
    elsewhere = {*file.names.get("nodes", []), *file.namespaces, ""}
    components = [name for name in components if name not in elsewhere]
    for tool in tools:
        if tool.effectful:
            continue
        slots = slots_of(tool)
        told = capabilities_of(tool)
        for filled, component, kind in _fillings(slots, told[0][0] if told else "", file, components):
            arguments = {**filled, **_timed(slots, file, window)} if window else filled
            known = (tool.name, component, kind, *sorted(arguments.items()))
            if known not in memory:
                memory[known] = _candidate(tool, arguments, component, kind, slots)
            yield memory[known]


def _candidate(tool: ToolSchema, arguments: dict[str, Any], component: str, kind: str, slots: Slots) -> Candidate:
    told = capabilities_of(tool)
    capability, aptness = told[0] if told else ("documents", 0.2)
    if kind and component and capability == "state":
        capability, aptness = "describe", 0.55
    elif kind and not component:
        capability, share = KINDS.get(kind, ("state", 0.3))
        aptness *= share
    if component and kind and kind != "pods":
        aptness *= 0.9  # what runs tells more than what owns it
    if component and not kind and not slots.required:
        aptness *= 0.95  # a search that may be narrowed to it tells less than a tool that is about it
    telling = [
        str(value)
        for name, value in sorted(arguments.items())
        if role_of(name) in ("kind", "unit", "metric") or value in UNITS
    ]
    text = " ".join([tool.name, *telling, kind])
    numbered = any(value == component and role_of(name) == "component" for name, value in arguments.items())
    return Candidate(
        tool=tool.name,
        arguments=arguments,
        key=canonical(tool.name, arguments, tool).key,
        capability=capability,
        aptness=aptness,
        component=component_of(component, numbered=numbered),
        kind=kind,
        concepts=concepts_in(text),
        words=frozenset(words_of(f"{text} {tool.description} {component}")),
    )


def _fillings(
    slots: Slots, main: str, file: CaseFile, components: list[str]
) -> Iterator[tuple[dict[str, Any], str, str]]:
    kind, named = slots.role("kind"), slots.role("object") or slots.role("pod") or slots.role("component")
    choices = dict(slots.enums)
    if kind and kind not in choices:
        yield from _by_kind(
            slots, kind, named, file, components, listing=main != "describe" and named not in slots.required
        )
        return
    node, owner = slots.role("node"), slots.role("component") or slots.role("object")
    unit = slots.role("unit") or (owner if node and node in slots.required and owner in slots.required else "")
    if node and unit:
        for name, daemon in product(file.names.get("nodes", [])[:8], UNITS):
            yield {**_rest(slots, file, "", {node, unit}), node: name, unit: daemon}, name, ""
        return
    pod, component = slots.role("pod"), owner
    subject = component or pod or node
    if subject and (subject in slots.required or not slots.required):
        if subject not in slots.required:
            yield from _varied(slots, file, "", set(), choices)
        for name in _names(slots, pod == subject, node == subject, file, components):
            for arguments, _, _ in _varied(slots, file, name, {subject}, choices):
                yield {subject: name, **arguments}, name, ""
                if caller := slots.role("caller"):
                    for one in _failing_callers(name, file):
                        yield {subject: name, **arguments, caller: one}, name, ""
        if slots.of_nodes and subject == component:
            for name in file.names.get("nodes", [])[:MOST_NAMES]:
                yield {subject: name, **_rest(slots, file, "", {subject})}, name, ""
        return
    yield from _varied(slots, file, "", set(), choices)


def _failing_callers(callee: str, file: CaseFile) -> list[str]:
    """Who calls it and complains of the calls: asking from there tells a callee that is down from a way that is barred."""
    blamed = {one.component for one in file.evidence if one.aspect is Aspect.CONNECTIVITY}
    return sorted(caller for caller, one in file.edges if one == callee and callee in blamed)[:2]


def _names(slots: Slots, pods: bool, nodes: bool, file: CaseFile, components: list[str]) -> list[str]:
    if nodes:
        return file.names.get("nodes", [])[:MOST_NAMES]
    if not pods:
        return components[:MOST_NAMES]
    known = file.names.get("pods") or list(file.alert.objects)
    ranked = [name for component in components for name in known if component_of(name) == component]
    return (ranked or components)[:MOST_NAMES]


def _by_kind(
    slots: Slots, kind: str, named: str, file: CaseFile, components: list[str], *, listing: bool
) -> Iterator[tuple[dict[str, Any], str, str]]:
    if listing:
        for one in KINDS:
            yield (
                {
                    kind: SINGULAR.get(one, one),
                    **_rest(slots, file, "", {kind, named}, cluster=one in CLUSTER_WIDE, wide=one in ("pods", "nodes")),
                },
                "",
                one,
            )
        return
    for one in DESCRIBED:
        known = file.names.get(one) or list(file.alert.objects)
        if one != "pods":
            known = [name for name in known if one == "replicasets" or not is_hashed(name)]
        ranked = [name for component in components for name in known if component_of(name) == component] or known
        for name in list(dict.fromkeys(ranked))[:MOST_NAMES]:
            yield (
                {
                    kind: one,
                    named: name,
                    **_rest(slots, file, component_of(name), {kind, named}, cluster=one in CLUSTER_WIDE),
                },
                name,
                one,
            )


def _varied(
    slots: Slots, file: CaseFile, component: str, given: set[str], choices: dict[str, tuple[Any, ...]]
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """One call for each value of the first required enumeration; none where a required argument cannot be filled."""
    base = _rest(slots, file, component, given)
    lacking = [name for name in slots.required if name not in given and name not in base and name not in choices]
    if lacking:
        return
    enumerated = [name for name in choices if name in slots.required and name not in given]
    if not enumerated:
        yield base, component, ""
        return
    for values in product(*(choices[name][:8] for name in enumerated[:2])):
        yield {**base, **dict(zip(enumerated, values, strict=False))}, component, kind_of(str(values[0])) or ""


def _timed(slots: Slots, file: CaseFile, window: int) -> dict[str, Any]:
    """Every argument of time, required or not, for a window of so many minutes."""
    types = dict(slots.types)
    return {name: _moment(name, types.get(name, ""), file, window) for name, role in slots.roles if role == "time"}


def _moment(name: str, kind: str, file: CaseFile, around: int = AROUND) -> Any:
    """A window around what the task complains of; the last ``around`` minutes where it gives no time."""
    if "int" in kind or "number" in kind:
        return around
    if file.alert.start is None:
        return f"-{around}m"
    later = re.search(r"end|until|^to$", name)
    at = file.alert.start + timedelta(minutes=around if later else -around)
    return at.isoformat().replace("+00:00", "Z")


def _rest(
    slots: Slots, file: CaseFile, component: str, given: set[str], *, cluster: bool = False, wide: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    types = dict(slots.types)
    for name, role in slots.roles:
        if name in given:
            continue
        required = name in slots.required
        if role == "namespace" and not cluster and (home := file.home(component)):
            found[name] = home
        elif role == "count" and required:
            found[name] = LINES if "int" in types.get(name, "") else str(LINES)
        elif role == "port" and required and (ports := file.ports.get(component)):
            found[name] = int(ports[0]) if "int" in types.get(name, "") else ports[0]
        elif role == "wide" and wide:
            found[name] = True
        elif role == "node" and required and (node := file.nodes.get(component)):
            found[name] = node
        elif (
            role == "pod"
            and required
            and (pod := next((one for one in file.names.get("pods", []) if component_of(one) == component), ""))
        ):
            found[name] = pod
        elif role == "component" and required and component:
            found[name] = component
        elif role == "time" and required:
            found[name] = _moment(name, types.get(name, ""), file)
        elif role == "query" and required and component and "log" in " ".join(one for one, _ in slots.roles):
            found[name] = "error"
    return found
