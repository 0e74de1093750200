"""When two names mean the same component: a pod, its replica set, deployment and service are one thing. No Django here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Aliases = Mapping[str, Sequence[str]]

_GROUPS = {
    "workload": "app application workload pod po deployment deploy service svc microservice statefulset sts daemonset ds"
    " replicaset rs container component job cronjob endpoint",
    "node": "node no",
    "namespace": "namespace ns",
    "claim": "pvc persistentvolumeclaim",
    "volume": "pv persistentvolume",
    "table": "table",
    "queue": "queue topic",
    "configuration": "configmap cm",
    "secret": "secret",
    "policy": "networkpolicy netpol",
    "ingress": "ingress",
}
_GROUP_OF = {word: group for group, words in _GROUPS.items() for word in words.split()}
_GROUP_OF |= {f"{word}s": group for word, group in list(_GROUP_OF.items()) if len(word) > 2}

_ROLES = frozenset({"database", "db", "cache", "broker"})  # before a slash: what the thing is for, not its namespace

_HASH = "[bcdfghjklmnpqrstvwxz2456789]"  # the alphabet of generated suffixes: no vowels, no 0, 1, 3
_POD = re.compile(rf"-(?:{_HASH}{{8,10}}|(?=[a-z]*\d)[a-z0-9]{{8,10}})-[a-z0-9]{{5}}$")
_REPLICAS = re.compile(rf"-(?=[a-z]*\d){_HASH}{{8,10}}$")
_MEMBER = re.compile(rf"-(?:(?=[a-z]*\d){_HASH}{{5}}|0|[1-9]\d?)$")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_CLUSTER_NAME = re.compile(r"^([^.]+)\.([^.]+)\.svc(?:\..*)?$")


@dataclass(frozen=True)
class Component:
    """A name taken apart. ``base`` is the name without what a replica or stateful set adds to it."""

    base: str
    whole: str = ""  # with the kind that was written after it: "payment service"
    group: str = ""  # workload, node, namespace ...; "" where nothing says
    namespace: str = ""


@lru_cache(maxsize=4096)
def component(text: str) -> Component:
    """Read a name as people, tools and models write it: kind/name, namespace/name, name.namespace.svc, "name (kind)"."""
    words = re.sub(r"[()\"'`,]", " ", text.lower().replace("_", "-")).split()
    named = [word for word in words if word.rstrip(":") not in _GROUP_OF] or words
    kinds = [word.rstrip(":") for word in words if word not in named]
    group, namespace = _GROUP_OF[kinds[0]] if kinds else "", ""
    *prefixes, name = [part for part in re.split(r"[/:]", "-".join(named)) if part and not part.isdigit()] or [""]
    for prefix in prefixes:
        if prefix in _GROUP_OF:
            group = group or _GROUP_OF[prefix]
        elif prefix not in _ROLES:
            namespace = prefix
    if match := _CLUSTER_NAME.match(name):
        name, namespace, group = match[1], namespace or match[2], group or "workload"
    base = name
    if group in ("", "workload"):
        base = _POD.sub("", name)
        if base == name:
            base = _REPLICAS.sub("", name)
    return Component(base, "-".join(words) if kinds else base, group, namespace)


def same(one: str, other: str, aliases: Aliases | None = None) -> bool:
    """Whether two names stand for one component, by their form or by the case's own aliases."""
    if _alike(component(one), component(other)):
        return True
    for known, names in (aliases or {}).items():
        group = [component(name) for name in (known, *names)]
        if all(any(_alike(component(name), member) for member in group) for name in (one, other)):
            return True
    return False


def _alike(one: Component, other: Component) -> bool:
    if not one.base or not other.base:
        return False
    if one.group and other.group and one.group != other.group:
        return False
    if one.namespace and other.namespace and one.namespace != other.namespace:
        return False
    if {_joined(one.base), _joined(one.whole)} & {_joined(other.base), _joined(other.whole)}:
        return True
    if {one.group, other.group} - {"", "workload"}:
        return False
    # a member of a set against the set itself; two members are two things
    return _MEMBER.sub("", one.base) == other.base or _MEMBER.sub("", other.base) == one.base


def _joined(name: str) -> str:
    return name.replace("-", "")


def mentioned(name: str, text: str) -> bool:
    """Whether ``text`` (lower case) speaks of the component, under its base name, on word boundaries."""
    pattern = "[-_]".join(map(re.escape, component(name).base.split("-")))
    return bool(pattern) and re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", text) is not None


def squeezed(label: str) -> str:
    """A fault class without case and separators: OOMKilled, oom_killed and "OOM killed" are one."""
    return re.sub(r"[^a-z0-9]", "", label.lower())


def same_class(one: str, other: str, aliases: Aliases | None = None) -> bool:
    """Whether two labels name one fault class."""
    first, second = squeezed(one), squeezed(other)
    if first == second:
        return bool(first)
    groups = ({squeezed(name) for name in (known, *names)} for known, names in (aliases or {}).items())
    return any({first, second} <= group for group in groups)


def class_mentioned(label: str, text: str) -> bool:
    """Whether ``text`` (lower case) names the fault class, its words together, however they are joined."""
    words = [word.lower() for word in _WORDS.findall(label)]
    pattern = r"[\s_-]*".join(map(re.escape, words))
    return bool(words) and re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", text) is not None
