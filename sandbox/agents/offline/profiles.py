"""The offline engine's "different models": how soon it stops and where it looks first. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Temper:
    threshold: float = 3.0  # log-odds that a conclusion needs
    margin: float = 0.7  # over the best rival
    least_calls: int = 3
    most_calls: int = 15
    floor: float = 0.45  # a call worth less than this is not made
    taste: dict[str, float] = field(default_factory=dict)  # capability -> added worth


TEMPERS = {
    "balanced": Temper(),
    "fast": Temper(threshold=2.4, margin=0.3, least_calls=2, most_calls=8, floor=0.9),
    "thorough": Temper(threshold=3.4, margin=1.2, least_calls=8, most_calls=30, floor=0.2),
    "log_first": Temper(taste={"logs": 2.5}),
    "trace_first": Temper(taste={"traces": 2.5, "topology": 1.5}),
    "change_first": Temper(taste={"changes": 2.5, "configuration": 1.5}),
}
FOCUS = {
    "metrics": ("metrics", "alerts"),
    "logs": ("logs",),
    "traces": ("traces", "topology"),
    "events": ("events", "state"),
    "configuration": ("configuration", "describe"),
    "database": ("database",),
    "changes": ("changes",),
    "connectivity": ("connectivity", "host"),
}


def temper_named(name: str) -> Temper:
    """The temper of a profile; a name that is not known is balanced."""
    return TEMPERS.get(name, TEMPERS["balanced"])
