"""What a call looks at, what evidence is about, what a fault class speaks of: one small vocabulary for all three. No Django here."""

from __future__ import annotations

import re

from sandbox.knowledge.evidence import Aspect

# modality -> words of tools and of fault classes that belong to it: what a call looks at, what a fault is about
MODALITIES: dict[str, tuple[str, ...]] = {
    "database": ("database", "db", "sql", "query", "slow", "index", "lock", "transaction", "pool", "connection"),
    "traces": ("trace", "span", "latency", "slow", "delay", "dependency"),
    "logs": ("log", "error", "exception", "leak", "credential"),
    "metrics": ("metric", "series", "usage", "saturation", "cpu", "memory", "oom", "overload", "traffic", "alert"),
    "events": ("event", "describe", "schedule", "probe", "quota", "capacity", "affinity", "taint", "volume"),
    "configuration": ("config", "yaml", "manifest", "env", "port", "selector", "secret", "mismatch", "image"),
    "changes": ("change", "deploy", "rollout", "release", "commit", "version", "replica"),
    "connectivity": ("connectivity", "network", "dns", "route", "proxy", "port", "packet"),
}
ASPECT_MODALITY: dict[Aspect, str] = {
    Aspect.QUERY: "database",
    Aspect.LOCK: "database",
    Aspect.TRACE: "traces",
    Aspect.LATENCY: "traces",
    Aspect.LOG: "logs",
    Aspect.ERRORS: "logs",
    Aspect.SATURATION: "metrics",
    Aspect.GROWTH: "metrics",
    Aspect.TRAFFIC: "metrics",
    Aspect.FLATLINE: "metrics",
    Aspect.EVENT: "events",
    Aspect.STATE: "events",
    Aspect.READINESS: "events",
    Aspect.RESTART: "events",
    Aspect.QUOTA: "events",
    Aspect.CONFIG: "configuration",
    Aspect.CERTIFICATE: "configuration",
    Aspect.ABSENCE: "configuration",
    Aspect.CHANGE: "changes",
    Aspect.CONNECTIVITY: "connectivity",
}


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words; names in CamelCase, snake_case and kebab-case fall apart; plurals become singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)
    return tuple(_singular(part.lower()) for part in parts if len(part) > 1)


def modalities_of(text: str) -> set[str]:
    """The modalities whose words a tool, a kind or a fault class uses."""
    words = set(words_of(text))
    return {name for name, own in MODALITIES.items() if words & {_singular(word) for word in own}}


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
