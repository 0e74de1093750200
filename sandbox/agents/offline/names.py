"""Names, numbers and times in what tools return: told apart, and generalised away. No Django here."""

from __future__ import annotations

import re
from functools import lru_cache

HASHED = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9.-]*?)-(?P<set>[a-f0-9]{6,10}|[bcdfghjklmnpqrstvwxz2456789]{6,10})(-[a-z0-9]{5})?$"
)
DAEMON = re.compile(r"^(?P<name>[a-z][a-z0-9.-]*?)-(?=[a-z0-9]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}$")
ORDINAL = re.compile(r"^(?P<name>[a-z][a-z0-9.-]*?)-(0|[1-9]\d?)$")
MARK = re.compile(r"<[a-z]+>")

MASKS = tuple(
    (re.compile(form), mark)
    for form, mark in (
        (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "<id>"),
        (r"\b\d{4}[-/]\d{2}[-/]\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|\s?[+-]\d{2}:?\d{2})?", "<time>"),
        (
            r"\b(\d{1,2} )?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}( \d{4})?( \d{1,2}:\d{2}(:\d{2})?([.,]\d+)?)?|\b\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{4}\b",
            "<time>",
        ),
        (r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD) /[^\s\"',;)]*", "<request>"),
        (r"\b\d{1,2}:\d{2}:\d{2}([.,]\d+)?\b", "<time>"),
        (r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b", "<ip>"),
        (r"\b\d{3,}_[a-z]\w*", "<id>"),  # a numbered script
        (r"\bsha256:[0-9a-f]+\b", "<id>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{10,}\b", "<id>"),
        (r"(?<=[\s\"'/])[a-z0-9.-]+-[a-f0-9]{6,10}-([a-z0-9]{5})?(?![\w])", "<name>"),
        (r"[\"'`][\w][\w.:/@-]*[\"'`]", "<name>"),
        (r"\b(?=[\w./-]*\d)[\w.-]+(/[\w.-]+)+(:[\w.-]+)?|(?<![\w/])/?[\w.-]+/[\w.-]+(/[\w.-]+)+(:[\w.-]+)?", "<path>"),
        (r"(?<![\w<])[-+]?\d+(\.\d+)?(?=[a-zA-Z%]{0,8}\b|\W|$)", "<n>"),
    )
)
SPACES = re.compile(r"\s+")


@lru_cache(maxsize=20_000)
def component_of(name: str, kind: str = "", *, numbered: bool = False) -> str:
    """The stable part of an object's name: without kind prefix, replica-set hash, pod hash or ordinal; a node keeps all.

    ``numbered``: the name is no pod's, so a number at its end is no ordinal and stays.
    """
    name = name.strip().strip("\"'").rsplit("/", 1)[-1]
    if kind.lower().startswith("node"):
        return name
    for form in (HASHED, DAEMON) if numbered else (HASHED, DAEMON, ORDINAL):
        if match := form.match(name):
            return match["name"]
    return name


def is_hashed(name: str) -> bool:
    return bool(HASHED.match(name))


@lru_cache(maxsize=10_000)
def template(text: str) -> str:
    """``text`` with ids, times, addresses, quoted names, paths and numbers replaced by marks, in one line."""
    found = text
    for form, mark in MASKS:
        found = form.sub(mark, found)
    return SPACES.sub(" ", found).strip()[:320]


@lru_cache(maxsize=2_000)
def any_name(names: frozenset[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of the names as a whole word, the longest first."""
    long_enough = sorted((name for name in names if len(name) > 2), key=lambda name: (-len(name), name))
    if not long_enough:
        return None
    return re.compile(
        rf"(?<![\w-])({'|'.join(map(re.escape, long_enough))})(-[a-z0-9]{{6,10}}(-[a-z0-9]{{5}})?|-\d{{1,2}})?(?!\w)"
    )


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words, with CamelCase and snake_case taken apart."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return tuple(re.findall(r"[a-z]+", spaced.lower()))
