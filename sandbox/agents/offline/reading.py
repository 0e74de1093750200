"""What one raw return says: findings, and the facts about names that later readings need. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.agents.offline.names import component_of
from sandbox.knowledge.evidence import Aspect


def instant(text: str) -> datetime | None:
    """A time as tools print it, in UTC where it says no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """An Evidence to be, without its step: a reader knows only its text. ``quote`` is verbatim text of it."""

    aspect: Aspect
    component: str
    value: str
    quote: str
    kind: str = ""
    strength: float = 1.0
    direction: int = 0
    locator: str = ""
    object: str = ""
    namespace: str = ""
    node: str = ""
    onset: datetime | None = None


@dataclass(frozen=True)
class Reference:
    """A component says that it uses a host, by name or address."""

    component: str
    host: str
    port: str
    what: str  # the setting or message that says so
    quote: str
    failing: bool = False


@dataclass
class Reading:
    """Filled by readers. ``names`` is kind -> names as tools take them."""

    findings: list[Finding] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    namespaces: list[str] = field(default_factory=list)
    nodes: dict[str, str] = field(default_factory=dict)  # object or component -> node
    homes: dict[str, str] = field(default_factory=dict)  # component -> namespace
    addresses: dict[str, str] = field(default_factory=dict)  # address -> service
    ports: dict[str, list[str]] = field(default_factory=dict)  # service -> ports it offers
    edges: list[tuple[str, str]] = field(default_factory=list)  # caller, callee
    references: list[Reference] = field(default_factory=list)
    healthy: list[str] = field(default_factory=list)
    ailing: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)  # nodes of the control plane
    entries: list[str] = field(default_factory=list)  # components that users reach first

    def name(self, kind: str, name: str) -> None:
        known = self.names.setdefault(kind, [])
        if name and name not in known:
            known.append(name)

    def find(self, aspect: Aspect, component: str, value: str, quote: str, **more: Any) -> None:
        self.findings.append(Finding(aspect, component, value, quote, **more))


@dataclass(frozen=True)
class Question:
    """The call that a text answers: readers take component, kind and namespace from it where the text has none."""

    tool: str
    component: str = ""  # the object asked about, as asked
    kind: str = ""
    namespace: str = ""
    node: str = ""
    numbered: bool = False  # asked as a component, not as a pod: a number at its end is part of its name

    @property
    def about(self) -> str:
        """The component asked about."""
        return component_of(self.component, numbered=self.numbered)
