"""What a tool can tell, from its schema: BM25 of its words over a small general lexicon. No Django here."""

from __future__ import annotations

import math
from functools import lru_cache

from cases.transcript import ToolSchema
from sandbox.agents.offline.lexicon import CONCEPTS, concepts_of_class
from sandbox.agents.offline.names import words_of

CAPABILITIES = {
    name: words.split()
    for name, words in {
        "alerts": "alert alerts anomalous anomaly anomalies alerting firing monitors finding incident issue",
        "state": "list resources resource get pods deployments objects kubectl find status health rollout workloads cluster all jobs",
        "events": "events event warning",
        "describe": "describe description detail inspect exact resource by name",
        "logs": "logs log lines error previous container tail grep",
        "metrics": "metrics metric prometheus range query overview usage cpu memory top series performance utilization insights rates",
        "traces": "trace traces spans span slow tempo jaeger critical path summary",
        "topology": "dependencies dependency topology graph calls called upstream downstream",
        "configuration": "configuration config yaml manifest manifests settings deployed parameters values environment limits diff",
        "connectivity": "connectivity connection open reach port ping dns resolve network probe check from",
        "host": "node system service systemctl unit daemon kubelet status host machine",
        "database": "database sql slow queries statements explain plan locks lock sessions pool connections index table postgres mysql schema activity blocking",
        "changes": "changes change deployments rollout history commits recent releases diff versions deploys",
        "documents": "webpage document runbook url fetch read file documentation guide",
    }.items()
}
WORTH = {
    "alerts": 3.8, "state": 2.4, "events": 2.2, "metrics": 2.3, "logs": 1.3, "describe": 1.2, "topology": 1.1,
    "configuration": 1.1, "changes": 1.0, "traces": 1.3, "connectivity": 0.6, "host": 0.5, "database": 0.6, "documents": 0.1,
}  # fmt: skip
TELLING = 0.5  # of the best capability's score, from which another tells of a fault, too
FOREIGN = 0.5  # what a name without any known word loses
K1, B = 1.4, 0.5
_LENGTH = sum(len(words) for words in CAPABILITIES.values()) / len(CAPABILITIES)
_HOLDERS: dict[str, int] = {}
for _words in CAPABILITIES.values():
    for _word in set(_words):
        _HOLDERS[_word] = _HOLDERS.get(_word, 0) + 1


def bm25(query: tuple[str, ...], document: list[str]) -> float:
    """Okapi BM25 of a query against one capability's words."""
    score = 0.0
    for word in sorted(set(query)):
        if word in document:
            rarity = math.log(1 + (len(CAPABILITIES) - _HOLDERS[word] + 0.5) / (_HOLDERS[word] + 0.5))
            score += rarity * (K1 + 1) / (1 + K1 * (1 - B + B * len(document) / _LENGTH))
    return score


@lru_cache(maxsize=2048)
def _capabilities(name: str, description: str, parameters: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    told = [
        (
            capability,
            2 * bm25(words_of(name), words)
            + bm25(words_of(description), words)
            + 0.5 * bm25(words_of(" ".join(parameters)), words),
        )
        for capability, words in CAPABILITIES.items()
    ]
    best = max(score for _, score in told)
    words = words_of(name)
    foreign = sum(word not in _HOLDERS for word in words) / max(1, len(words))
    return tuple(
        sorted(
            ((one, (1 - FOREIGN * foreign) * score / best) for one, score in told if best and score > 0.3 * best),
            key=lambda pair: (-pair[1], pair[0]),
        )
    )


@lru_cache(maxsize=1024)
def capabilities_for(fault_class: str) -> dict[str, float]:
    """The capabilities in whose words a fault class would show, each from 0 to 1; none where nothing says it."""
    words = {word for concept in concepts_of_class(fault_class) for word in CONCEPTS.get(concept, (concept,))}
    told = {name: bm25(tuple(sorted(words)), known) for name, known in CAPABILITIES.items()}
    best = max(told.values())
    return {name: score / best for name, score in told.items() if best and score >= TELLING * best}


def capabilities_of(tool: ToolSchema) -> tuple[tuple[str, float], ...]:
    """The tool's capabilities, each from 0 to 1, its main one first."""
    return _capabilities(tool.name, tool.description, tuple(tool.parameters.get("properties", {})))
