"""What a shell command asks: of which subject, with which restrictions. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cases.calls import kind_of

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


@dataclass
class Asked:
    """What a command asks: of which subject, with which facts."""

    subject: str  # resources, describe, logs, events, usage, metrics, sql, config, ""
    facts: dict[str, Any] = field(default_factory=dict)
    cannot: str = ""  # a part of the command that no tool's argument stands for


def asked_by(words: list[str]) -> Asked | None:
    """What the words of a command ask; None where nothing is known of it."""
    head = words[0].rsplit("/", 1)[-1] if words else ""
    if any(word and set(word) <= set(";&<>") for word in words):
        return Asked("", cannot="several commands, or a file, in one line")
    if head in ("kubectl", "oc"):
        return _kubectl(words[1:])
    if head == "journalctl":
        return _journal(words[1:])
    if head in ("psql", "mysql", "mariadb", "sqlite3"):
        return _database(words[1:])
    if head in ("curl", "wget") or (words and words[0].startswith(("http://", "https://"))):
        return _address(next((word for word in words if word.startswith(("http://", "https://"))), ""))
    return None


def _kubectl(words: list[str]) -> Asked | None:
    given, plain = _options(words)
    verb, *rest = plain or [""]
    facts: dict[str, Any] = {}
    asked = Asked("", facts)
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


def _printed(asked: Asked, form: str) -> None:
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


def _journal(words: list[str]) -> Asked:
    asked = Asked("logs")
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


def _database(words: list[str]) -> Asked | None:
    for at, word in enumerate(words[:-1]):
        if word in ("-c", "-e", "--command", "--execute"):
            return Asked("sql", {"statement": words[at + 1].strip().rstrip(";")})
    return None


def _address(url: str) -> Asked | None:
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
    except ValueError:
        return None
    if parts.path.endswith(("/api/v1/query", "/api/v1/query_range")) and "query" in asked:
        return Asked("metrics", {"metric": asked["query"][0]})
    return None


def narrow(asked: Asked, words: list[str]) -> None:
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
