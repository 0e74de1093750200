"""A lab case: (system, fault, seed) -> CaseBundle, pure and deterministic. No Django here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cases.diagnosis import Answer, Cause, Conclusion
from cases.transcript import Task
from sandbox.bundle import CaseBundle
from sandbox.environment.base import Recording
from sandbox.lab import expert, incident
from sandbox.lab.faults.base import Fault
from sandbox.lab.faults.registry import FAULTS
from sandbox.lab.incident import Incident
from sandbox.lab.millrace import millrace
from sandbox.lab.parameters import System
from sandbox.lab.quayside import quayside
from sandbox.lab.tools import TOOLS, recordings
from sandbox.lab.views import overview
from sandbox.lab.world import QUERY_TOOLS, world_of

SYSTEMS: dict[str, Callable[[], System]] = {"quayside": quayside, "millrace": millrace}
GENERATOR = "sandbox.lab"


@dataclass(frozen=True)
class Plot:
    """What happens, whoever looks: system, fault and seed."""

    system: str
    fault: str
    seed: int

    @property
    def path(self) -> str:
        """Where a case of it comes from, as its identity says."""
        return f"{self.system}/{self.fault}/{self.seed}"


def plot_of(path: str) -> Plot | None:
    """The plot of this path; None for what the lab does not make."""
    system, _, rest = path.partition("/")
    fault, _, seed = rest.partition("/")
    known = system in SYSTEMS and fault in FAULTS and seed.isdecimal()
    return Plot(system, fault, int(seed)) if known else None


class Posed(NamedTuple):
    """An incident as a case poses it: what is asked, what is right, and what the tools say."""

    task: Task
    answer: Answer
    recordings: tuple[Recording, ...]


class UnknownName(ValueError):
    """No such system or fault; the message lists those there are."""


def systems() -> dict[str, System]:
    """The systems of the lab by name, healthy."""
    return {name: build() for name, build in SYSTEMS.items()}


def faults() -> dict[str, Fault]:
    """The fault classes by name, with what each changes."""
    return dict(FAULTS)


def vocabulary() -> tuple[str, ...]:
    """Every class a diagnosis may name, whatever the case."""
    return tuple(sorted(name for name, fault in FAULTS.items() if fault.category != "none"))


def happen(system: str, fault: str, seed: int) -> Incident:
    """The incident behind a case. Raises UnknownName."""
    if system not in SYSTEMS:
        raise UnknownName(f"no system {system!r}; there are: {', '.join(SYSTEMS)}")
    if fault not in FAULTS:
        raise UnknownName(f"no fault {fault!r}; there are: {', '.join(FAULTS)}")
    return incident.happen(SYSTEMS[system](), FAULTS[fault], seed)


def make(system: str, fault: str, seed: int, *, world: bool = True) -> CaseBundle:
    """The case of one incident with its recordings, answer and an expert's session. Raises UnknownName.

    ``world`` False leaves the tables out, for who asks recorded calls alone.
    Seeds from 1000 up are kept for held-out cases: the starter library never uses them.
    """
    happened = happen(system, fault, seed)
    alert = overview.primary(happened)
    told = posed(happened)
    symptom = f"{alert.name} {alert.component}" if alert else "reported slow"
    return CaseBundle(
        identity=(GENERATOR, Plot(system, fault, seed).path),
        name=f"{system}: {symptom}, {happened.now.strftime('%Y-%m-%d %H:%M')}",
        system=system,
        task=told.task,
        answer=told.answer,
        recordings=told.recordings,
        sessions=(expert.session_of(happened, alert, told.recordings),),
        world=world_of(happened) if world else None,
        tags=("lab", alert.name if alert else "no alert"),
        source={"licence": "Apache-2.0", "provenance": "made by the lab's simulator"},
        synthetic=True,
    )


def posed(happened: Incident) -> Posed:
    """The incident as a case poses it."""
    alert = overview.primary(happened)
    return Posed(_task(happened, alert), _answer(happened, alert), recordings(happened))


def answer_of(happened: Incident) -> Answer:
    """What a right diagnosis of the incident says."""
    return _answer(happened, overview.primary(happened))


def _task(happened: Incident, alert: overview.Alert | None) -> Task:
    system, now = happened.system, happened.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    context: dict[str, object] = {"snapshot_time": now}
    if alert:
        since = happened.at(alert.since).strftime("%Y-%m-%dT%H:%M:%SZ")
        context["alert"] = {
            "labels": {
                "alertname": alert.name,
                "severity": alert.severity,
                "service": alert.component,
                "namespace": system.namespace,
            },
            "annotations": {"summary": alert.summary},
            "startsAt": since,
        }
        prompt = f"{alert.name} on {alert.component} since {since} ({alert.severity}): {alert.summary}. System: {system.name}. Find the root cause: which component is at fault, and what is wrong with it?"
    else:
        prompt = f"A customer wrote that the {system.name} {system.business} felt slow around {happened.at(happened.onset + 1).strftime('%H:%M')} UTC; it is now {now}. Is anything wrong? If so, find the root cause: which component is at fault, and what is wrong with it?"
    tools = (*TOOLS, *QUERY_TOOLS)
    return Task(prompt=prompt, context=context, tools=tools, fault_classes=vocabulary(), system=system.name)


def _answer(happened: Incident, alert: overview.Alert | None) -> Answer:
    fault, effect = happened.fault, happened.effect
    frame = {
        "scope": alert.component if alert else happened.system.name,
        "symptom": alert.name if alert else "reported slowness",
        "ask": "root cause",
    }
    if not effect.component:
        return Answer(
            Conclusion.NO_FAULT,
            expected=(fault.expected,),
            category=fault.category,
            title="nothing is broken",
            notes=effect.mechanism,
            frame=frame,
        )
    names = expert.names_of(happened, alert)
    return Answer(
        causes=tuple(Cause(component, fault.name) for component in (effect.component, *effect.accepted)),
        expected=(fault.expected.format(**names),),
        aliases={component: _aliases(happened, component) for component in (effect.component, *effect.accepted)},
        category=fault.category,
        title=f"{fault.name} ({effect.component})",
        notes=effect.mechanism,
        frame=frame,
    )


def _aliases(happened: Incident, component: str) -> list[str]:
    """Other ways to write a component: its pods, its controller, its service, or its kind and name."""
    system = happened.system
    pods = [pod.name for pod in happened.last.pods if pod.app == component]
    if pods:
        controller = "deployment" if system.has_service(component) else "statefulset"
        return [*pods, *(f"{kind}/{component}" for kind in (controller, "service", "app", "pod"))]
    if any(node.name == component for node in system.nodes):
        return [f"node/{component}"]
    if any(table.name == component for table in system.database.tables):
        return [f"table/{component}", f"{system.table(component).owner}.{component}"]
    if any(batch.name == component for batch in system.batches):
        return [f"{component}-0", f"pod/{component}-0", f"job/{component}"]
    return [f"{kind}/{component}" for kind in ("queue", "networkpolicy", "job", "provider")]
