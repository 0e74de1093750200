"""People, cases, sessions and bundles for tests: plain defaults, no hidden state, made through the product's services."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from cases import intake, library, recording
from cases.access import make_roles
from cases.diagnosis import Answer, Cause, Claim, ClaimKind, Conclusion, Diagnosis, Ref, RootCause
from cases.models import Case, Session, System
from cases.parsing import parse_answer
from cases.transcript import Level, Observation, Task, ToolSchema
from sandbox import capture
from sandbox.bundle import CaseBundle, RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.models import Snapshot

_numbers = count(1)

LOGS = ToolSchema(
    "get_logs",
    "The last log lines of a service.",
    {
        "type": "object",
        "properties": {"service": {"type": "string"}, "lines": {"type": "integer"}},
        "required": ["service"],
    },
)
PODS = ToolSchema(
    "list_resources",
    "Kubernetes resources of one kind.",
    {
        "type": "object",
        "properties": {
            "kind": {"type": "string"},
            "namespace": {"type": "string"},
            "name": {"type": "string"},
            "wide": {"type": "boolean"},
        },
        "required": ["kind"],
    },
)
TOOLS = (LOGS, PODS)
TASK = Task(prompt="Checkout is slow.", context={"alert": {"severity": "page"}}, tools=TOOLS)
ANSWER = Answer(causes=(Cause("ledger", "missing_index"),), category="database", title="missing index on ledger")
RECORDINGS = (
    Recording("get_logs", {"service": "ledger"}, "WARN slow query took 4012 ms: Seq Scan on entries\n", order=0),
    Recording("get_logs", {"service": "till"}, "INFO all quiet\n", order=1),
    Recording(
        "list_resources",
        {"kind": "pods", "namespace": "market"},
        "NAME         READY   STATUS\nledger-0     1/1     Running\ntill-0       1/1     Running\n",
        order=2,
    ),
)


def make_user(*roles: str, name: str = ""):
    """A person with these roles."""
    make_roles()
    user = get_user_model().objects.create_user(name or f"{roles[0] if roles else 'person'}-{next(_numbers)}")
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def make_system(name: str = "market") -> System:
    return intake.system_named(name)


def make_case(
    *,
    answer: Answer | dict[str, Any] | None = ANSWER,
    task: Task = TASK,
    name: str = "",
    system: System | None = None,
    gates: bool = True,
) -> Case:
    """A case as it comes in: a draft."""
    name = name or f"case-{next(_numbers)}"
    opened = intake.open_case(
        system=system or make_system(),
        name=name,
        task=task,
        answer=parse_answer(answer) if isinstance(answer, dict) else answer,
        origin="tests",
        origin_path=name,
        gates=gates,
    )
    return opened.case


def make_labelled_case(**how: Any) -> Case:
    case = make_case(**how)
    library.settle(case)
    return case


def make_confirmed_case(*, recordings: tuple[Recording, ...] = RECORDINGS, **how: Any) -> Case:
    """A gating case of the library, with a snapshot."""
    case = make_labelled_case(**how)
    capture.freeze(case, recordings)
    library.confirm_in_bulk([case], by=make_user("lead"))
    return case


def make_snapshot(case: Case, recordings: tuple[Recording, ...] = RECORDINGS) -> Snapshot:
    return capture.freeze(case, recordings)


def make_diagnosis(component: str = "ledger", fault_class: str = "missing_index", **fields: Any) -> Diagnosis:
    """A root cause whose claim quotes step 0 of RECORDINGS' first return."""
    claim = Claim(
        "c1", ClaimKind.OBSERVATION, f"{component} scans a whole table", refs=(Ref(0, "Seq Scan on entries"),)
    )
    cause = RootCause(component, fault_class, claim="c1")
    return replace(Diagnosis(Conclusion.ROOT_CAUSE, root_causes=(cause,), claims=(claim,)), **fields)


def make_session(case: Case | None = None, **how: Any) -> Session:
    """A session being recorded, without steps."""
    case = case or make_case()
    return recording.start(case.current, **({"actor": "agent", "engine": "scripted"} | how))


def add_step(session: Session, taken: Recording = RECORDINGS[0], *, level: Level = Level.R0, **how: Any):
    observation = Observation(taken.output, taken.is_error, level, taken.latency_ms)
    return recording.append(session, tool=taken.tool, arguments=taken.arguments, observation=observation, **how)


def make_finished_session(
    case: Case | None = None,
    *,
    steps: tuple[Recording, ...] = RECORDINGS[:2],
    diagnosis: Diagnosis | None = None,
    stop_reason: str = "concluded",
    **how: Any,
) -> Session:
    """A finished session that asked ``steps`` and concluded ``diagnosis`` (that of make_diagnosis where none is given)."""
    session = make_session(case, **how)
    for step in steps:
        add_step(session, step)
    recording.finish(session, diagnosis=diagnosis or make_diagnosis(), stop_reason=stop_reason)
    return session


def make_bundle(**fields: Any) -> CaseBundle:
    """A case with an expert's path, as an importer hands it over."""
    path = RecordedSession(
        "path1",
        "expert",
        (RecordedCall("get_logs", {"service": "ledger"}),),
        diagnosis=Diagnosis(Conclusion.ROOT_CAUSE, root_causes=(RootCause("ledger", "slow_query"),), summary="slow"),
        engine="expert",
    )
    bundle = CaseBundle(
        identity=("tests/bundles", "one"),
        name="one",
        system="market",
        task=TASK,
        answer=ANSWER,
        recordings=RECORDINGS,
        sessions=(path,),
        source={"format": "case-bundle/1"},
    )
    return replace(bundle, **fields)


def bundle_data(**fields: Any) -> dict[str, Any]:
    """The JSON of a bundle file with a structured label, an expert's path and two recordings."""
    data = {
        "format": "case-bundle/1",
        "id": "slow-ledger",
        "catalogue": "cloudopsbench",
        "source": {"source_repo": "somebody/failures", "source_path": "benchmark/market/database/7"},
        "prompt": "Checkout is slow.",
        "context": {"snapshot_time": "2026-02-03T04:05:06"},
        "recordings": [
            {"tool": "get_logs", "arguments": {"service": "ledger"}, "output": "WARN slow query\n", "match": "exact"},
            {"tool": "get_logs", "arguments": {"service": "till"}, "output": "", "is_error": True},
        ],
        "answer": {
            "title": "slow query on ledger",
            "expected": ["The ledger's query is slow"],
            "label": {"root_cause": "slow_query", "fault_object": "app/ledger", "fault_taxonomy": "Database"},
            "tags": ["database"],
            "reference_paths": {"path1": [{"tool": "get_logs", "arguments": {"service": "ledger"}}]},
        },
    }
    return data | fields


def catalogue_data() -> list[dict[str, Any]]:
    return [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "effectful": tool.effectful}
        for tool in TOOLS
    ]


def write_bundles(folder: Path, *bundles: dict[str, Any], catalogue: str = "cloudopsbench") -> Path:
    """Bundle files as they lie in a checkout, with their catalogue beside them; gives the folder of the bundles."""
    (folder / "catalogues").mkdir(parents=True, exist_ok=True)
    (folder / "catalogues" / f"{catalogue}.json").write_text(json.dumps(catalogue_data()))
    classes = {catalogue: {"Database": ["slow_query", "missing_index"], "Memory": ["oom_killed"]}}
    (folder / "catalogues" / "fault_classes.json").write_text(json.dumps(classes))
    place = folder / "bundles"
    place.mkdir(exist_ok=True)
    for number, bundle in enumerate(bundles):
        (place / f"{number:03}.json").write_text(json.dumps(bundle))
    return place
