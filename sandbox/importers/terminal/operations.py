"""What an expert does at a terminal: the operation of a command line. No Django here."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Operation(StrEnum):
    """What an expert does at a terminal."""

    PANEL = "panel"  # looks at figures over time, or at a dashboard
    QUERY = "query"  # asks a system for its state, or a database
    GREP = "grep"  # reads or searches text and logs
    DOC = "doc"  # reads how something works
    ACTION = "action"  # changes something


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


def operation_of(words: Sequence[str]) -> Operation:
    """What a command line of these words does; an unknown command asks something."""
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
