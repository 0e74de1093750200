"""What the task itself says: the symptom, the names and the scope it speaks of. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from cases.transcript import Task
from sandbox.agents.offline.lexicon import COMMON_WORDS
from sandbox.agents.offline.names import component_of
from sandbox.agents.offline.reading import instant

FAMILIES = tuple(
    (re.compile(words, re.I), family)
    for words, family in (
        (r"restart|crash|oom", "restart"),
        (r"pending|unschedul|cannot be scheduled", "pending"),
        (r"latency|slow|delay|degrad|response time|timeout", "latency"),
        (r"unreach|unavailab|disrupt|outage|\bdown\b|not (reachable|responding|ready)|mismatch", "unavailable"),
        (r"error|5xx|\b50\d\b|fail|exception", "errors"),
        (r"saturat|exhaust|\bfull\b|pool|cpu|memory|disk|pressure|throttl", "saturation"),
        (r"traffic|throughput|request rate|queue|lag", "traffic"),
        (r"corrupt|inconsisten|wrong data|missing data|stale", "data"),
    )
)
NAMESPACE = re.compile(r"namespace\W{1,5}([a-z][a-z0-9-]*)", re.I)
NAMED = re.compile(
    r"[`'\"<]+\s*([a-z][a-z0-9.-]{2,80})[`'\">](?!\s*:)|\b([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\b|\bon ([a-z][a-z0-9.-]{2,60}) since"
)
TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}| UTC)")
NAMING = (
    "service",
    "workload_name",
    "pod",
    "pod_name",
    "deployment",
    "component",
    "app",
    "name",
    "resource",
    "instance",
    "job",
)


@dataclass(frozen=True)
class Alert:
    text: str
    families: tuple[str, ...]  # strongest first
    namespaces: tuple[str, ...]
    objects: tuple[str, ...]  # names that the alert gives, as tools take them
    start: datetime | None = None  # where the task says when it began

    @cached_property
    def hinted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(component_of(name) for name in self.objects))

    @property
    def family(self) -> str:
        return self.families[0] if self.families else "unknown"

    def named(self, components: Iterable[str]) -> set[str]:
        return {name for name in components if _is_named(name.lower(), self._low)}

    @cached_property
    def _low(self) -> str:
        return self.text.lower()


@lru_cache(maxsize=10_000)
def _is_named(name: str, text: str) -> bool:
    """Whether a text holds a name as a word of its own; asked of the same few names at every step of a run."""
    return len(name) > 2 and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w])", text) is not None


def alert_of(task: Task) -> Alert:
    context = json.dumps(task.context, sort_keys=True, ensure_ascii=False, default=str) if task.context else ""
    text = f"{task.prompt}\n{context}"
    families = tuple(dict.fromkeys(family for words, family in FAMILIES if words.search(task.prompt)))
    if not families:
        families = tuple(dict.fromkeys(family for words, family in FAMILIES if words.search(context)))
    namespaces = tuple(dict.fromkeys(NAMESPACE.findall(text)))
    return Alert(
        text, families, namespaces, tuple(dict.fromkeys([*_hinted(task.context), *_named(task.prompt)])), start_of(text)
    )


def start_of(text: str) -> datetime | None:
    """The earliest time that the task gives with a zone: when what it complains of began."""
    times = [found for one in TIME.findall(text) if (found := instant(one.replace(" UTC", "Z"))) is not None]
    return min(times, default=None)


def _named(prompt: str) -> list[str]:
    """Words of a prompt that have the form of an object's name, or stand in quotes as one does."""
    found = [one or two or three for one, two, three in NAMED.findall(prompt)]
    return [name for name in dict.fromkeys(found) if not TIME.match(name) and name not in COMMON_WORDS][:8]


def _hinted(value: object) -> list[str]:
    found: list[str] = []
    if isinstance(value, dict):
        for key, inside in value.items():
            if isinstance(inside, str) and key.lower() in NAMING and re.fullmatch(r"[a-z0-9][\w.-]{2,80}", inside):
                found.append(inside)
            else:
                found += _hinted(inside)
    elif isinstance(value, list):
        for inside in value:
            found += _hinted(inside)
    return list(dict.fromkeys(found))
