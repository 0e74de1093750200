"""The aspect of a phrase, told from general words of operations. No Django here."""

from __future__ import annotations

import math
import re

from sandbox.agents.offline.names import template
from sandbox.knowledge.evidence import Aspect

ASPECTS: tuple[tuple[re.Pattern[str], Aspect], ...] = tuple(
    (re.compile(words, re.I), aspect)
    for words, aspect in (
        (r"certificate|x509|tls handshake", Aspect.CERTIFICATE),
        (r"deadlock|lock wait|waiting for .*lock|blocked by|long.?running transaction|idle in transaction", Aspect.LOCK),
        (r"slow quer|seq scan|full table scan|query plan", Aspect.QUERY),
        (r"retrans|packet loss|packet drop|network quality|connection refused|no such host|unreachable|dns", Aspect.CONNECTIVITY),
        (r"quota", Aspect.QUOTA),
        (r"(?<![a-z])oom|restart|crash", Aspect.RESTART),
        (r"saturat|throttl|utili[sz]ation|exhaust|at (its )?limit|pool|pressure|usage|(cpu|memory|disk|fd|connections?) .*(high|full|near|used)", Aspect.SATURATION),
        (r"clock (offset|drift|skew)|time (offset|skew)", Aspect.STATE),
        (r"latency|slow|duration|response time|round.?trip|\brtt\b|p9\d|p50|timeout", Aspect.LATENCY),
        (r"error|fail|success rate|5xx|exception|unavailable", Aspect.ERRORS),
        (r"growth|growing|leak|lag|queue|increas|messages? (ready|waiting)|backlog", Aspect.GROWTH),
        (r"throughput|traffic|rps|qps|req/s|requests? rate|pps|network (drop|surge)", Aspect.TRAFFIC),
        (r"no data|absent|stopped|flatline|missing", Aspect.FLATLINE),
        (r"deploy|rollout|release|config(uration)? chang|scaled", Aspect.CHANGE),
        (r"pending|not ?ready|down\b|crashloop|imagepull|evict", Aspect.STATE),
    )
)  # fmt: skip
USUALLY = re.compile(
    r"(-?[\d.]+)\s*(?:%|ms|s|[a-z/]+)?\s*\((?:usually|normally|baseline|was|before)\s*:?\s*(-?[\d.]+)", re.I
)
OUT_OF = re.compile(r"(\d+(?:\.\d+)?)\s*(?:of|/|out of)\s*(\d+(?:\.\d+)?)\b")
SHARE = re.compile(r"(\d+(?:\.\d+)?)\s?%")
FROM_TO = re.compile(
    r"(?:normal|baseline|before|was|from)[\s:=]*(-?[\d.]+)\s*([a-zA-Z%/]*)\s*(?:->|→|to|,|;)\s*(?:current|cur|now|after)?[\s:=]*(-?[\d.]+)",
    re.I,
)


def aspect_of(text: str) -> Aspect | None:
    return next((aspect for words, aspect in ASPECTS if words.search(text)), None)


def change_in(text: str) -> tuple[float, int]:
    """How strong a change the phrase speaks of (log2 of the ratio, at most 6; 1 where it gives none) and its direction."""
    found = FROM_TO.search(text)
    usual = USUALLY.search(text)
    if found is None and usual is None:
        return _level(text), 0
    try:
        before, after = (float(found[1]), float(found[3])) if found else (float(usual[2]), float(usual[1]))
    except ValueError:
        return 1.0, 0
    direction = (after > before) - (after < before)
    ratio = (abs(after) + 1e-3) / (abs(before) + 1e-3)
    return min(6.0, max(0.3, abs(math.log2(ratio)))), direction


def _level(text: str) -> float:
    """How strong a phrase without a comparison is: a limit reached says much, a small share little."""
    limits = [(float(used), float(limit)) for used, limit in OUT_OF.findall(text)]
    if any(limit >= 2 and used >= 0.95 * limit for used, limit in limits) or re.search(r"at (its|the) limit", text):
        return 3.0
    shares = [float(share) for share in SHARE.findall(text)]
    return min(2.5, 0.5 + max(shares) / 25) if shares else 1.0


def value_of(text: str) -> str:
    """The phrase as a template, with the size of its change in words."""
    strength, direction = change_in(text)
    head = template(re.split(r"\s*\|\s*", text)[0] if "|" in text else text)
    rest = template(FROM_TO.sub("", " ".join(re.split(r"\s*\|\s*", text)[1:]))) if "|" in text else ""
    how = (
        ""
        if not direction
        else f" {'rises' if direction > 0 else 'falls'} {'manifold' if strength > 2 else 'much' if strength > 0.8 else 'a little'}"
    )
    metric = re.sub(r"(<n>|<[a-z]+>|[^a-zA-Z _-])+", " ", rest).strip()[:60]
    return f"{head}{how}{' ' + metric if metric else ''}"
