"""What may be behind what is seen: general knowledge of operations, to begin another look with. No Django here.

A sign is seldom its own cause. Each line names a sign, in words of evidence and of fault classes, and what has been
found behind such a sign, in words of fault classes, likeliest first; no word is of any known case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.knowledge.evidence import Aspect, Evidence
from sandbox.modalities import words_of

BEHIND = tuple(
    (frozenset(sign.split()), tuple(frozenset(words.split()) for words in behind.split("|")))
    for sign, behind in (
        (
            "pool connection client",
            "lock transaction|leak|index|query|storage|contention row|bloat|statistic|client|spill|dependency slow|small",
        ),
        ("cpu throttled utilisation utilization", "limit cpu|code inefficient|heap gc|neighbour noisy|retry storm|probe|index"),
        ("memory oom heap", "limit memory|leak|heap gc|cache"),
        ("restart crash exit killed", "probe|limit memory|heap|secret|setting malformed|deploy|leak"),
        ("disk space storage wal", "archiving wal|disk full|spill temp|bloat|storage slow"),
        ("queue backlog lag ready message", "consumer slow|poison|worker|outbox|replica|duplicate consumption"),
        ("certificate tls handshake x509", "expired|untrusted|clock skew"),
        ("credential password authentication denied", "credential|secret|certificate"),
        ("resolve host dns unknown", "dns|policy network|service"),
        ("connect connectivity refused unreachable reset", "policy network|dns|replica|unschedulable|cache unavailable|certificate|proxy"),
        ("timeout deadline slow latency wait", "dependency slow|network delay|cache|storage|index|lock|limit cpu|code inefficient|worker|neighbour"),
        ("error fail failed failing exception", "deploy|dependency error|configuration value|secret|credential|rate limited|policy|unavailable|dns"),
        ("pending schedule unschedulable ready readiness replica", "quota|unschedulable|image pull|replica|probe|node"),
        ("limited 429 rate", "rate limited|retry storm"),
        ("retry traffic surge", "retry storm|cache|surge|worker"),
        ("duplicate twice charged count diverge differ reconciliation compensation", "duplicate charge|outbox|compensation lost|duplicate consumption|clock|replication lag"),
        ("stale old lag behind replication", "replication lag|outbox|cache|clock"),
        ("index scan statement query rows", "index|statistic|bloat|n plus|spill|contention"),
        ("change deploy rollout setting config", "deploy|configuration value|setting malformed|limit|replica"),
    )
)  # fmt: skip
ALERTED, HELD = 1.0, 2.0  # loudness of a word of the alert, and of the conclusion that did not hold
LOUD = 2.0  # strength from which a sign is as loud as it gets


def behind(
    evidence: Sequence[Evidence], alert: str, concluded: Iterable[str], classes: Iterable[str]
) -> dict[str, float]:
    """How much of each class stands behind what was seen, complained of and concluded, from 0 up.

    What was ``concluded`` and did not hold is the sign that speaks loudest.
    """
    words: dict[str, float] = {word: ALERTED for word in words_of(alert)}
    for item in evidence:
        if item.aspect is not Aspect.NORMAL:
            for word in words_of(f"{item.aspect} {item.value}"):
                words[word] = max(words.get(word, 0.0), min(1.0, item.strength / LOUD))
    words |= {word: HELD for name in concluded for word in words_of(name)}
    spoken = {name: frozenset(words_of(name)) for name in classes}
    told: dict[str, list[float]] = {name: [] for name in spoken}
    for sign, found in BEHIND:
        heard = sorted((words[word] for word in sign if word in words), reverse=True)
        loud = sum(heard[:2]) / 2 if heard else 0.0
        for rank, cause in enumerate(found if loud else ()):
            for name, own in spoken.items():
                if own & cause:
                    told[name].append(loud * (len(own & cause) / len(cause)) / (3 + rank))
    return {
        name: sum(worth / 2**rank for rank, worth in enumerate(sorted(said, reverse=True)))
        for name, said in told.items()
    }
