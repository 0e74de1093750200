"""The tool call that asks what a command asks, where one says all of it. No Django here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cases.calls import kind_of
from cases.transcript import ToolSchema
from sandbox.importers.terminal.asking import Asked

# subject -> words of which a tool's name has one
_NAMED = {
    "resources": ("resources", "resource", "get", "list", "pods", "find"),
    "describe": ("describe",),
    "logs": ("logs", "log"),
    "events": ("events", "event"),
    "usage": ("usage", "top"),
    "metrics": ("metrics", "metric", "prometheus", "promql"),
    "sql": ("sql", "query", "database", "select"),
    "config": ("yaml", "config", "manifest"),
}
# words that make a tool another one than the subject's plain one
_ANOTHER = {
    "resources": {"describe", "logs", "log", "events", "usage", "metrics", "yaml", "config", "dependencies", "alerts", "topology", "changes", "memory", "cpu", "jq", "lineage", "status", "slow", "traces"},
    "logs": {"patterns", "previous", "error"},
    "sql": {"metric", "metrics", "logs", "monitors", "slow", "prometheus"},
    "metrics": {"metadata", "names"},
}  # fmt: skip
# fact -> what an argument that takes it may be called
_ARGUMENTS = {
    "kind": ("resource_type", "kind", "resource", "resource_kind"),
    "name": ("name", "resource_name", "service_name", "service", "app_name", "workload"),
    "pod": ("pod_name", "pod", "name", "resource_name"),
    "namespace": ("namespace", "ns", "namespace_name"),
    "lines": ("lines", "tail", "tail_lines", "limit"),
    "since": ("since", "since_time", "minutes"),
    "container": ("container", "container_name"),
    "previous": ("previous",),
    "wide": ("output_wide", "wide"),
    "labels": ("show_labels",),
    "selector": ("label_selector", "selector", "labels"),
    "all": ("all_namespaces",),
    "pattern": ("pattern", "filter", "grep", "keyword", "search", "logs_filter"),
    "statement": ("query", "sql", "statement"),
    "metric": ("metric", "query", "promql"),
}
_SAID = {
    "pod": "single pod",
    "name": "single thing",
    "pattern": "search",
    "all": "all namespaces at once",
    "lines": "number of lines",
}
_SECONDS = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}


def fitted(asked: Asked, tools: Sequence[ToolSchema]) -> tuple[str, dict[str, Any], str]:
    """The tool that says all of what is asked, with its arguments; or none, and why."""
    problems = []
    for subject in asked.subject.split(" or "):
        for tool in _named(subject, tools):
            arguments, problem = _filled(tool, asked.facts)
            if not problem:
                return tool.name, arguments, ""
            problems.append((len(arguments), f"{tool.name}: {problem}"))
    nearest = max(problems, key=lambda row: row[0], default=(0, "no tool of this case asks that"))
    return "", {}, nearest[1]


def _named(subject: str, tools: Sequence[ToolSchema]) -> list[ToolSchema]:
    """The tools whose names speak of it, those that say it first and least beside it first."""
    found = []
    for tool in tools:
        if tool.effectful:
            continue
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", tool.name)
        words = [word.lower() for word in words]
        rank = next((at for at, word in enumerate(_NAMED[subject]) if word in words), None)
        if rank is not None and not _ANOTHER.get(subject, set()) & set(words):
            found.append((rank, len(words), tool.name, tool))
    return [tool for *_, tool in sorted(found, key=lambda row: row[:3])]


def _filled(tool: ToolSchema, facts: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The tool's arguments from the facts; or what it cannot say, or wants to know."""
    properties = tool.parameters.get("properties") or {}
    arguments: dict[str, Any] = {}
    for fact, value in facts.items():
        name = next((one for one in _ARGUMENTS[fact] if one in properties and one not in arguments), None)
        if name is None and fact == "kind" and kind_of(str(value)) in _kinds_in(tool.name):
            continue
        if name is None:
            return arguments, f"it takes no {_SAID.get(fact, fact)}"
        if name == "minutes":
            value = _minutes(value)
        arguments[name] = value
    wanting = [name for name in tool.parameters.get("required") or [] if name not in arguments]
    return arguments, f"it wants {', '.join(wanting)}, which the command does not say" if wanting else ""


def _kinds_in(name: str) -> set[str | None]:
    return {kind_of(word) for word in re.findall(r"[A-Z]?[a-z]+", name)} - {None}


def _minutes(value: Any) -> Any:
    match = re.fullmatch(r"(\d+)([smhd])", str(value))
    return max(round(int(match[1]) * _SECONDS[match[2]]), 1) if match else value
