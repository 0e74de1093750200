"""Settings as KEY: value lines: hosts that they name, values far from their siblings, counters at their limit. No Django here."""

from __future__ import annotations

import re
from statistics import median

from sandbox.agents.offline.names import words_of
from sandbox.agents.offline.readers.rows import number, read_rows
from sandbox.agents.offline.reading import Question, Reading, Reference
from sandbox.knowledge.evidence import Aspect

LINE = re.compile(r"^\s*(?P<key>[A-Za-z][\w.-]*)\s*[:=]\s+?(?P<value>\S.*)$")
URL = re.compile(
    r"^(?:[a-z][\w+]*://)?(?:[^@/\s]*@)?(?P<host>[a-z][a-z0-9-]*[a-z0-9])(?:\.[\w.-]+)?:(?P<port>\d+)(?:[/?].*)?$"
)
OFF = ("false", "off", "no", "disabled")
SIZE = re.compile(r"(?:^|-Xmx)(?P<size>\d+(?:\.\d+)?)\s*(?:ms|s|[kmg]b?)?$", re.I)
FAR = 8.0  # times the median of its siblings


def read(text: str, question: Question, reading: Reading) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    pairs = [(match["key"], match["value"].strip(), line.strip()) for line in lines if (match := LINE.match(line))]
    if len(pairs) < 3 or len(pairs) < 0.6 * len(lines) or any(len(value) > 300 for _, value, _ in pairs):
        return False
    owner = question.about
    before = len(reading.findings)
    for key, value, line in pairs:
        if found := URL.match(value):
            reading.references.append(Reference(owner, found["host"], found["port"], "setting", line))
        elif re.search(r"(HOST|ADDR|SERVER|ENDPOINT)$", key, re.I) and re.fullmatch(r"[a-z][a-z0-9-]+", value):
            reading.references.append(Reference(owner, value, "", f"setting {key.lower()}", line))
        elif value.lower() in OFF and len(words_of(key)) > 1:
            reading.find(
                Aspect.CONFIG, owner, f"setting {' '.join(words_of(key))} is off", line, kind="setting", strength=0.6
            )
    _odd_ones(pairs, owner, reading)
    _orders(pairs, owner, reading)
    figures = {key: value for key, value, _ in pairs if number(value) is not None}
    if figures and not any(key.isupper() for key in figures):
        quote = next(line for key, _, line in pairs if key in figures)
        read_rows([(figures, quote)], question, reading)
    if len(reading.findings) == before and not reading.references:
        reading.find(Aspect.NORMAL, owner, "settings without an odd one", pairs[0][2], kind="setting", strength=0.3)
    return True


def _orders(pairs: list[tuple[str, str, str]], owner: str, reading: Reading) -> None:
    """How large each setting is, in words: no sign of trouble by itself, but what a rule may ask for."""
    for key, value, line in pairs:
        found, words = SIZE.search(value), [word for word in words_of(key) if word.isalpha()]
        if found and words:
            size = float(found["size"])
            order = next((name for name, most in ORDERS if size < most), "thousands")
            reading.find(
                Aspect.NORMAL, owner, f"setting {' '.join(words[-2:])} of {order}", line, kind="setting", strength=0.3
            )


ORDERS = (("nought", 1), ("units", 10), ("tens", 100), ("a few hundred", 300), ("hundreds", 1000))


def _odd_ones(pairs: list[tuple[str, str, str]], owner: str, reading: Reading) -> None:
    """Settings of one meaning (the same last words) whose values should be alike."""
    groups: dict[tuple[str, ...], list[tuple[float, str, str]]] = {}
    for key, value, line in pairs:
        figure, words = number(value), words_of(key)
        if figure is not None and len(words) > 2:
            groups.setdefault(words[-2:], []).append((figure, key, line))
    for words, members in sorted(groups.items()):
        if len(members) < 2:
            continue
        for figure, _, line in members:
            others = median([other for other, _, said in members if said != line] or [figure])
            if figure > 0 and others > 0 and (others / figure >= FAR or figure / others >= FAR):
                how = "below" if figure < others else "above"
                reading.find(
                    Aspect.CONFIG,
                    owner,
                    f"setting {' '.join(words)} far {how} its siblings",
                    line,
                    kind="setting",
                    strength=2.5,
                )
