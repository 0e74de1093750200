"""Secrets are taken out before anything is stored; what was taken out is counted by kind. No Django here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Redaction:
    kind: str
    count: int

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "count": self.count}


@dataclass(frozen=True)
class Redacted:
    text: str
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True)
class RedactedValue:
    """The same for JSON data: every text in it redacted."""

    value: Any
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True)
class Secret:
    """``hints``: lower-case texts of which one must occur, so that ordinary returns cost one scan each.

    The group ``secret`` of the pattern is what is replaced; without one, the whole match.
    """

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


Own = tuple[Secret, ...]  # what an installation looks for besides


# what stands where a secret would: references, placeholders, "nothing"
_NOT_A_SECRET = re.compile(
    r"(?i)[<$*{(%\[]|redacted|x{3,}|\.{3}"
    r"|(?:null|none|nil|true|false|undefined|string|str|bytes|optional|password|passwd|secret|token|key)\Z"
)
_NAMES = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|api[_-]?key|apikey"
    r"|private[_-]?key|access[_-]?key|(?:access|auth|refresh|bearer|session|api|id)[_-]?token)"
)
_SECRETS = (
    Secret(
        "private key",
        ("private key-----",),
        re.compile(r"-----BEGIN (?P<type>[A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END (?P=type)-----|\Z)", re.DOTALL),
    ),
    Secret(
        "token",
        ("eyj",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ),
    Secret("cloud key", ("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    Secret("cloud key", ("aiza",), re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    Secret(
        "token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,})"),
    ),
    Secret("token", ("xox",), re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    Secret(
        "token",
        ("sk-", "sk_", "rk_"),
        re.compile(r"\b(?:sk-(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{24,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,})"),
    ),
    Secret(
        "authorization header",
        ("authorization", "bearer "),
        re.compile(
            r"(?i)(?:\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token|digest)\s+|\bbearer\s+(?=[^\s\"']*[0-9]))"
            r"(?P<secret>[A-Za-z0-9._~+/=-]{12,})"
        ),
    ),
    Secret(
        "connection string",
        ("://",),
        re.compile(
            r"\b[a-z][a-z0-9+.-]*://[^\s:/@\"'<>?#,]*:(?P<secret>[^\s/@\"'<>?#,]{2,})@(?=[\w.\[$-])", re.IGNORECASE
        ),
    ),
    Secret(
        "password",
        ("@tcp(", "@unix("),
        re.compile(r"\b[\w.-]+:(?P<secret>[^\s:@/\"']{2,})@(?:tcp|unix)\("),
    ),
    Secret(
        "password",
        ("pass", "pwd", "secret", "key", "token"),
        re.compile(
            rf"(?i)(?<![a-z])(?:[a-z0-9]+[_.-])*{_NAMES}(?:[_.-]?\d+)?\\?[\"']?\s{{0,20}}[:=]\s{{0,20}}\\?[\"']?"
            r"(?P<secret>[^\s\"'\\,;&<>(){}\[\]|]{4,}+)(?!\()"
        ),
    ),
    Secret(
        "password",
        ("pass", "pwd", "secret", "key", "token"),
        re.compile(
            rf"(?i)\bname:\s*[\"']?(?:[a-z0-9]+[_.-])*{_NAMES}[\"']?[ \t]*\n[ \t]*value:[ \t]*[\"']?(?P<secret>[^\s\"']{{4,}})"
        ),
    ),
    Secret(
        "password",
        ("identified by", "--password", "--token"),
        re.compile(r"(?i)(?:\bidentified by\s+['\"]|--(?:password|token)[ =]['\"]?)(?P<secret>[^\s'\"]{4,})"),
    ),
)
_SECRET_MANIFEST = re.compile(r"(?m)^[ \t]*kind:[ \t]*Secret[ \t]*$")
_SECRET_DATA = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:data|stringData):[ \t]*\n(?P<entries>(?:(?P=indent)[ \t]+\S.*\n?)+)"
)
_ENTRY = re.compile(r"(?m)^(?P<name>[ \t]+[\w.-]+:[ \t]*)(?P<secret>\S.*)$")


def kinds() -> tuple[str, ...]:
    """What is looked for everywhere."""
    return tuple(dict.fromkeys([*(secret.kind for secret in _SECRETS), "secret data"]))


def redact(text: str, own: Own = ()) -> Redacted:
    """Replace every secret in ``text`` by [REDACTED kind]; text without secrets comes back as it is, byte for byte."""
    lower = text.lower()
    found: Counter[str] = Counter()
    for secret in (*_SECRETS, *own):
        if any(hint in lower for hint in secret.hints):
            text = secret.pattern.sub(lambda match, kind=secret.kind: _replaced(match, kind, found), text)
    if "kind: secret" in lower and _SECRET_MANIFEST.search(text):
        text = _SECRET_DATA.sub(lambda match: _without_entries(match, found), text)
    return Redacted(text, _listed(found))


@lru_cache(maxsize=4096)
def _redact_short(text: str, own: Own) -> Redacted:
    return redact(text, own)


def redact_value(value: Any, own: Own = ()) -> RedactedValue:
    """Redact every text inside JSON data; a value under a secret's name ({"password": ...}) counts as one."""
    found: Counter[str] = Counter()
    return RedactedValue(_walk(value, found, own), _listed(found))


def merged(*groups: Iterable[Redaction]) -> tuple[Redaction, ...]:
    """One list of redactions, each kind once, with its total."""
    found: Counter[str] = Counter()
    for group in groups:
        for redaction in group:
            found[redaction.kind] += redaction.count
    return _listed(found)


_SECRET_NAME = re.compile(rf"(?i)(?:[a-z0-9]+[_.-])*{_NAMES}")


def _walk(value: Any, found: Counter[str], own: Own, name: str = "") -> Any:
    if isinstance(value, str):
        if name and len(value) >= 4 and _SECRET_NAME.fullmatch(name) and not _NOT_A_SECRET.match(value):
            found["password"] += 1
            return "[REDACTED password]"
        redacted = _redact_short(value, own)
        for redaction in redacted.redactions:
            found[redaction.kind] += redaction.count
        return redacted.text
    if isinstance(value, dict):
        return {key: _walk(item, found, own, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, found, own) for item in value]
    return value


def _replaced(match: re.Match[str], kind: str, found: Counter[str]) -> str:
    whole = match.group()
    if "secret" not in match.re.groupindex:
        found[kind] += 1
        return f"[REDACTED {kind}]"
    secret = match["secret"]
    if _NOT_A_SECRET.match(secret):
        return whole
    found[kind] += 1
    start, end = match.span("secret")
    return f"{whole[: start - match.start()]}[REDACTED {kind}]{whole[end - match.start() :]}"


def _without_entries(match: re.Match[str], found: Counter[str]) -> str:
    def entry(line: re.Match[str]) -> str:
        found["secret data"] += 1
        return f"{line['name']}[REDACTED secret data]"

    start = match.start("entries") - match.start()
    return match.group()[:start] + _ENTRY.sub(entry, match["entries"])


def _listed(found: Counter[str]) -> tuple[Redaction, ...]:
    return tuple(Redaction(kind, found[kind]) for kind in sorted(found))
