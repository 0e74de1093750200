"""What a shell command was for, and the tool call that asks the same. No Django here.

A command becomes a call only where a tool of the task can say all of it: what it looks at, and every restriction.
Anything else stays what it is, a typed operation with its command, and says why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cases.calls import kind_of
from cases.transcript import ToolSchema


class Operation(StrEnum):
    """What an expert does at a terminal."""

    PANEL = "panel"  # looks at figures over time, or at a dashboard
    QUERY = "query"  # asks a system for its state, or a database
    GREP = "grep"  # reads or searches text and logs
    DOC = "doc"  # reads how something works
    ACTION = "action"  # changes something


@dataclass(frozen=True)
class Mapped:
    """``tool`` "" where no tool says all of the command; ``reason`` says why then."""

    operation: Operation
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass
class _Asked:
    """What a command asks: of which subject, with which facts."""

    subject: str  # resources, describe, logs, events, usage, metrics, sql, config, ""
    facts: dict[str, Any] = field(default_factory=dict)
    cannot: str = ""  # a part of the command that no tool's argument stands for


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
_DOCS = {"man", "help", "tldr", "info", "apropos", "whatis"}
_GREPS = {"grep", "egrep", "rg", "ag", "less", "more", "cat", "tail", "head", "awk", "sed", "journalctl", "dmesg", "zgrep", "zcat", "stern", "logcli", "jq", "yq"}  # fmt: skip
_PANELS = {"top", "htop", "vmstat", "iostat", "sar", "mpstat", "free", "uptime", "promtool", "open", "xdg-open", "watch", "iftop", "atop"}  # fmt: skip
_ACTIONS = {"rm", "mv", "cp", "kill", "pkill", "killall", "systemctl", "service", "reboot", "chmod", "chown", "vi", "vim", "nano", "tee", "terraform", "ansible-playbook", "helm", "docker", "git"}  # fmt: skip
_LOOKS = {
    "systemctl": {"status", "show", "cat", "list-units", "is-active", "is-failed"},
    "service": set(),
    "helm": {"list", "ls", "status", "get", "history", "show"},
    "docker": {"ps", "inspect", "logs", "stats", "images", "top", "port", "events"},
    "git": {"log", "show", "diff", "status", "blame"},
    "terraform": {"plan", "show", "output", "state"},
}
_KUBECTL_ACTIONS = {"apply", "delete", "edit", "patch", "scale", "rollout", "exec", "cordon", "uncordon", "drain", "set", "create", "replace", "label", "annotate", "taint", "run", "expose", "cp", "restart", "debug", "attach"}  # fmt: skip
_LONG = {
    "n": "namespace",
    "o": "output",
    "l": "selector",
    "c": "container",
    "p": "previous",
    "A": "all-namespaces",
    "f": "follow",
}
_TAKES = {"namespace", "output", "selector", "container", "tail", "since", "since-time", "context", "kubeconfig", "field-selector", "sort-by"}  # fmt: skip
_SECONDS = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}


def map_command(command: str, tools: Sequence[ToolSchema]) -> Mapped:
    """The operation and, where a tool says all of it, the call."""
    first, *pipes = _stages(command)
    words = _words(first)
    if words is None:
        return Mapped(_by_head(first.split()), reason="its quotation marks are not closed")
    words = _without_setting(words)
    operation = operation_of(words)
    if operation in (Operation.ACTION, Operation.DOC):
        why = "it changes something" if operation is Operation.ACTION else "it reads documentation"
        return Mapped(operation, reason=f"{why}: no call asks that")
    asked = _asked(words)
    if asked is None:
        return Mapped(operation, reason=f"nothing is known of what {words[0] if words else 'it'} asks")
    for stage in pipes:
        _narrow(asked, _words(stage) or [stage])
    if asked.cannot:
        return Mapped(operation, reason=f"no argument stands for {asked.cannot}")
    return _fitted(operation, asked, tools)


def operation_of(words: Sequence[str]) -> Operation:
    return _by_head(list(words))


def _by_head(words: list[str]) -> Operation:
    head = words[0].rsplit("/", 1)[-1] if words else ""
    verb = next((word for word in words[1:] if not word.startswith("-")), "")
    if head.startswith(("http:", "https:")) or (words[:1] and words[0].startswith(("http://", "https://"))):
        return Operation.PANEL
    if head in _DOCS or "--help" in words or (head in ("kubectl", "oc") and verb == "explain"):
        return Operation.DOC
    if head in ("kubectl", "oc"):
        if verb in _KUBECTL_ACTIONS:
            return Operation.ACTION
        return {"logs": Operation.GREP, "top": Operation.PANEL}.get(verb, Operation.QUERY)
    if head in _LOOKS and verb in _LOOKS[head]:
        return Operation.GREP if verb == "logs" else Operation.QUERY
    if head in _ACTIONS:
        return Operation.ACTION
    if head in _PANELS:
        return Operation.PANEL
    if head in _GREPS:
        return Operation.GREP
    if head == "curl" and any(word in ("-X", "--request", "-d", "--data") for word in words) and "GET" not in words:
        return Operation.ACTION
    if head == "curl" and any("/api/v1/query" in word or "grafana" in word for word in words):
        return Operation.PANEL
    return Operation.QUERY


def _stages(command: str) -> list[str]:
    """The command and what its output goes through; quoted bars stay."""
    parts, quote, current = [], "", ""
    for char in command:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "|":
            parts.append(current)
            current = ""
            continue
        current += char
    return [part.strip() for part in [*parts, current]]


def _words(text: str) -> list[str] | None:
    """The words of a command, what joins or redirects commands as words of its own; None where a quote is open."""
    reader = shlex.shlex(re.sub(r"\s2>&1|\s2>/dev/null", "", text), posix=True, punctuation_chars=";&<>")
    reader.whitespace_split, reader.commenters = True, ""
    try:
        return list(reader)
    except ValueError:
        return None


def _without_setting(words: list[str]) -> list[str]:
    while words and (re.fullmatch(r"[A-Z_][A-Z0-9_]*=.*", words[0]) or words[0] in ("sudo", "time")):
        words = words[1:]
    return words


def _asked(words: list[str]) -> _Asked | None:
    head = words[0].rsplit("/", 1)[-1] if words else ""
    if any(word and set(word) <= set(";&<>") for word in words):
        return _Asked("", cannot="several commands, or a file, in one line")
    if head in ("kubectl", "oc"):
        return _kubectl(words[1:])
    if head == "journalctl":
        return _journal(words[1:])
    if head in ("psql", "mysql", "mariadb", "sqlite3"):
        return _database(words[1:])
    if head in ("curl", "wget") or (words and words[0].startswith(("http://", "https://"))):
        return _address(next((word for word in words if word.startswith(("http://", "https://"))), ""))
    return None


def _kubectl(words: list[str]) -> _Asked | None:
    given, plain = _options(words)
    verb, *rest = plain or [""]
    facts: dict[str, Any] = {}
    asked = _Asked("", facts)
    for option, value in given.items():
        if option in ("context", "kubeconfig", "follow", "watch", "no-headers", "timestamps"):
            continue
        if option == "output":
            _printed(asked, value)
        elif option == "tail" and value.lstrip("-").isdigit():
            facts["lines"] = int(value)
        elif option == "all-namespaces":
            facts["all"] = True
        elif option == "show-labels":
            facts["labels"] = True
        elif option in ("namespace", "selector", "container", "since"):
            facts[option] = value
        elif option == "previous":
            facts["previous"] = True
        else:
            asked.cannot = f"--{option}"
    if verb == "get" or verb == "describe":
        asked.subject = asked.subject or ("describe" if verb == "describe" else "resources")
        kind, _, name = (rest[0] if rest else "").partition("/")
        facts["kind"] = kind_of(kind) or kind
        if name or rest[1:2]:
            facts["pod" if facts["kind"] == "pods" else "name"] = name or rest[1]
        if len(rest) > 2 or "," in kind:
            asked.cannot = "several things at once"
        if facts["kind"] == "events" and asked.subject == "resources" and len(rest) < 2 and not name:
            asked.subject = "events or resources"
        return asked if kind else None
    if verb == "logs" and rest:
        kind, _, name = rest[0].rpartition("/")
        asked.subject, facts["pod" if kind_of(kind or "pod") == "pods" else "name"] = "logs", name
        return asked
    if verb == "top" and rest:
        asked.subject, facts["kind"] = "usage", kind_of(rest[0]) or rest[0]
        if rest[1:]:
            facts["name"] = rest[1]
        return asked
    if verb == "events":
        asked.subject = "events"
        return asked
    return None


def _printed(asked: _Asked, form: str) -> None:
    if form == "wide":
        asked.facts["wide"] = True
    elif form == "yaml":
        asked.subject = "config"
    elif form != "name":
        asked.cannot = f"-o {form}"


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    given, plain, at = {}, [], 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        name, separator, value = word.lstrip("-").partition("=")
        if not word.startswith("--"):
            name, glued = _LONG.get(name[:1], name[:1]), name[1:]
            if glued and not separator:
                value, separator = glued, "="
        if name in _TAKES and not separator and at < len(words):
            value = words[at]
            at += 1
        given[name] = value or "true"
    return given, plain


def _journal(words: list[str]) -> _Asked:
    asked = _Asked("logs")
    at = 0
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if word in ("-u", "--unit"):
            asked.facts["name"] = value.removesuffix(".service")
            at += 1
        elif word in ("-n", "--lines") and value.isdigit():
            asked.facts["lines"] = int(value)
            at += 1
        elif word not in ("-f", "--no-pager", "-xe", "-x", "-e"):
            asked.cannot = word
        at += 1
    return asked


def _database(words: list[str]) -> _Asked | None:
    for at, word in enumerate(words[:-1]):
        if word in ("-c", "-e", "--command", "--execute"):
            return _Asked("sql", {"statement": words[at + 1].strip().rstrip(";")})
    return None


def _address(url: str) -> _Asked | None:
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
    except ValueError:
        return None
    if parts.path.endswith(("/api/v1/query", "/api/v1/query_range")) and "query" in asked:
        return _Asked("metrics", {"metric": asked["query"][0]})
    return None


def _narrow(asked: _Asked, words: list[str]) -> None:
    """What a pipe leaves of the output: a search for one word, or the last lines, where a call can ask so."""
    head, *rest = words
    if head == "grep" and len(plain := [word for word in rest if not word.startswith("-")]) == 1:
        if set(rest) - {*plain, "-i", "-E", "-e"}:
            asked.cannot = f"| grep {' '.join(word for word in rest if word.startswith('-'))}"
        elif "pattern" in asked.facts:
            asked.cannot = "two searches, one after the other"
        else:
            asked.facts["pattern"] = plain[0]
    elif head == "tail" and rest and rest[-1].lstrip("-n").isdigit() and "lines" not in asked.facts:
        asked.facts["lines"] = int(rest[-1].lstrip("-n"))
    elif head not in ("less", "more", "cat"):
        asked.cannot = f"| {head}"


def _fitted(operation: Operation, asked: _Asked, tools: Sequence[ToolSchema]) -> Mapped:
    problems = []
    for subject in asked.subject.split(" or "):
        for tool in _named(subject, tools):
            arguments, problem = _filled(tool, asked.facts)
            if not problem:
                return Mapped(operation, tool.name, arguments)
            problems.append((len(arguments), f"{tool.name}: {problem}"))
    nearest = max(problems, key=lambda row: row[0], default=(0, "no tool of this case asks that"))
    return Mapped(operation, reason=nearest[1])


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
