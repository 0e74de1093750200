import json

import pytest

from cases.diagnosis import Answer, Cause, Conclusion, Diagnosis, RootCause
from cases.transcript import Task
from sandbox.bundle import CaseBundle, RecordedCall, RecordedSession
from sandbox.environment.base import Recording
from sandbox.importers import bundles
from sandbox.importers.reading import ImportProblem
from tests.factories import TOOLS, bundle_data, make_diagnosis, write_bundles


def read(tmp_path, data, catalogue="cloudopsbench"):
    folder = write_bundles(tmp_path, data, catalogue=catalogue)
    return next(iter(bundles.read(folder / "000.json")))


def answer(tmp_path, catalogue, **told):
    data = bundle_data(catalogue=catalogue, answer=told)
    return read(tmp_path, data, catalogue).answer


def test_bundle_becomes_a_case_with_its_experts_path(tmp_path):
    assert read(tmp_path, bundle_data()) == CaseBundle(
        identity=("somebody/failures", "benchmark/market/database/7"),
        name="slow-ledger",
        system="market",
        task=Task(
            prompt="Checkout is slow.",
            context={"snapshot_time": "2026-02-03T04:05:06"},
            tools=TOOLS,
            fault_classes=("slow_query", "missing_index", "oom_killed"),
        ),
        answer=Answer(
            causes=(Cause("ledger", "slow_query"),),
            aliases={"ledger": ["app/ledger", "deployment/ledger", "service/ledger", "pod/ledger"]},
            category="Database",
            title="slow query on app/ledger",
        ),
        recordings=(
            Recording("get_logs", {"service": "ledger"}, "WARN slow query\n", order=0),
            Recording("get_logs", {"service": "till"}, "", is_error=True, order=1),
        ),
        sessions=(
            RecordedSession(
                name="path1",
                actor="expert",
                calls=(RecordedCall("get_logs", {"service": "ledger"}),),
                diagnosis=Diagnosis(
                    Conclusion.ROOT_CAUSE,
                    root_causes=(RootCause("ledger", "slow_query"),),
                    summary="slow query on app/ledger",
                ),
                engine="expert",
            ),
        ),
        tags=("database",),
        gates=True,
        source={
            "source_repo": "somebody/failures",
            "source_path": "benchmark/market/database/7",
            "format": "case-bundle/1",
            "catalogue": "cloudopsbench",
        },
    )


@pytest.mark.parametrize(
    ("fault_object", "component", "written"),
    [
        ("node/worker-7", "worker-7", ["node/worker-7"]),
        ("namespace/market", "market", ["namespace/market"]),
        ("pvc/ledger-data", "ledger-data", ["pvc/ledger-data", "persistentvolumeclaim/ledger-data"]),
        ("ledger", "ledger", ["app/ledger", "deployment/ledger", "service/ledger", "pod/ledger"]),
    ],
)
def test_fault_object_is_a_component_with_its_other_names(tmp_path, fault_object, component, written):
    label = {"root_cause": "kubelet_unavailable", "fault_object": fault_object, "fault_taxonomy": "Infrastructure"}
    found = answer(tmp_path, "cloudopsbench", label=label)
    assert (found.causes, found.aliases) == ((Cause(component, "kubelet_unavailable"),), {component: written})


def test_service_and_fault_type_are_the_cause(tmp_path):
    label = {"root_cause_service": "till", "pod": "till-0", "fault_type": "exception", "inject_time": "noon"}
    assert answer(tmp_path, "nezha", title="t", label=label) == Answer(
        causes=(Cause("till", "exception"),),
        aliases={"till": ["service/till", "till-0", "pod/till-0"]},
        category="exception",
        title="t",
        notes="Injected at noon.",
    )


def test_vocabulary_a_prompt_asks_to_choose_from_is_the_tasks(tmp_path):
    label = {"root_cause_service": "till", "fault_type": "exception"}
    prompt = "market: something is wrong. Name the fault type (one of cpu_contention, exception, return)."
    bundle = read(tmp_path, bundle_data(catalogue="nezha", prompt=prompt, answer={"label": label}), "other")
    assert (bundle.system, bundle.task.fault_classes) == ("market", ("cpu_contention", "exception", "return"))


def test_keywords_must_and_must_not_be_mentioned(tmp_path):
    told = {
        "title": "t",
        "expected": ["The disk is full.", "Root cause category: storage", "Must mention: disk"],
        "label": {"root_cause_category": "storage", "required_keywords": ["disk"], "forbidden_keywords": ["cpu"]},
        "reference_answer": "the disk",
    }
    assert answer(tmp_path, "opensre_synthetic", **told) == Answer(
        causes=(Cause("", "storage"),),
        expected=("The disk is full.",),
        must_mention=("disk",),
        must_not_mention=("cpu",),
        category="storage",
        title="t",
        notes="the disk",
    )


def test_healthy_system_has_no_fault(tmp_path):
    label = {"root_cause_category": "healthy", "required_keywords": ["recovered"], "forbidden_keywords": None}
    found = answer(tmp_path, "opensre_synthetic", label=label)
    assert (found.conclusion, found.causes, found.must_mention) == (Conclusion.NO_FAULT, (), ("recovered",))


def test_culprit_commit_must_be_named(tmp_path):
    label = {"root_cause_commit": "0123456789abcdef", "first_failing_service": "till"}
    found = answer(tmp_path, "rootcausebench", label=label, decoys=["fedcba9876543210"])
    assert (found.causes, found.must_mention, found.must_not_mention) == ((Cause("till", ""),), ("01234567",), ())


def test_where_no_commit_is_the_cause_none_may_be_blamed(tmp_path):
    label = {"root_cause_commit": "none", "first_failing_service": "till"}
    found = answer(tmp_path, "rootcausebench", label=label, decoys=["fedcba9876543210"])
    assert (found.causes, found.must_mention, found.must_not_mention) == ((Cause("till", ""),), (), ("fedcba98",))


@pytest.mark.parametrize(("grade", "gates"), [("A", True), ("B", True), ("C", False)])
def test_grade_c_does_not_gate(tmp_path, grade, gates):
    data = bundle_data(catalogue="holmesgpt", answer={"expected": ["It is slow"], "grade": grade, "category": "lookup"})
    bundle = read(tmp_path, data, "holmesgpt")
    assert (bundle.gates, bundle.answer) == (gates, Answer(expected=("It is slow",), category="lookup"))


def agent_run(**told):
    cells = [{"tool": "run", "arguments": {"code": f"# In[{n}]:\nx"}, "output": f"out {n}"} for n in (10, 2, 1)]
    return bundle_data(
        catalogue="agent_runs", recordings=cells, context={"agent": "somebody"}, answer={"expected": ["e"]} | told
    )


def test_agents_run_is_a_session_in_the_order_of_its_cells(tmp_path):
    bundle = read(tmp_path, agent_run(outcome={"score": 0.5}), "other")
    session = bundle.sessions[0]
    assert [call.output for call in session.calls] == ["out 1", "out 2", "out 10"]
    assert (session.actor, session.diagnosis) == ("agent", None)
    assert session.outcome == {"agent": "somebody", "order": "as run", "score": 0.5}
    assert bundle.gates is False


def test_agents_run_without_cells_says_that_its_order_is_not_known(tmp_path):
    recordings = [{"tool": "run", "arguments": {"cmd": "ls"}, "output": ""}]
    bundle = read(tmp_path, agent_run() | {"recordings": recordings}, "other")
    assert bundle.sessions[0].outcome["order"] == "not kept by the source"


def test_agents_last_words_are_an_unstructured_conclusion(tmp_path):
    bundle = read(tmp_path, agent_run(final_messages=["looking", "It was the disk."]), "other")
    assert bundle.sessions[0].diagnosis == Diagnosis(
        Conclusion.INCONCLUSIVE,
        summary="It was the disk.",
        missing=("a structured conclusion: the run ended in words only",),
    )


def test_bundle_may_tell_everything_itself(tmp_path):
    call = {"tool": "get_logs", "arguments": {"service": "ledger"}, "why": "it is alerted", "output": "seen\n"}
    concluded = make_diagnosis().as_dict()
    data = bundle_data(
        catalogue="",
        name="market slow-ledger 7",
        system="quay",
        tags=["made"],
        synthetic=True,
        tools=[{"type": "function", "function": {"name": "only", "parameters": {"type": "object"}}}],
        fault_classes=["slow_query"],
        answer={"structured": {"causes": [{"component": "ledger", "fault_class": "slow_query"}]}},
        sessions=[{"name": "walk", "actor": "expert", "engine": "expert", "calls": [call], "diagnosis": concluded}],
    )
    bundle = read(tmp_path, data)
    assert (bundle.name, bundle.system, bundle.tags, bundle.synthetic) == (
        "market slow-ledger 7",
        "quay",
        ("made",),
        True,
    )
    assert ([tool.name for tool in bundle.task.tools], bundle.task.fault_classes) == (["only"], ("slow_query",))
    assert bundle.answer == Answer(causes=(Cause("ledger", "slow_query"),))
    assert bundle.sessions == (
        RecordedSession(
            "walk",
            "expert",
            (RecordedCall("get_logs", {"service": "ledger"}, output="seen\n", why="it is alerted"),),
            diagnosis=make_diagnosis(),
            engine="expert",
        ),
    )


def test_source_without_a_catalogue_gets_tools_from_its_calls(tmp_path):
    tools = read(tmp_path, agent_run(), "other").task.tools
    assert [tool.as_function()["function"] for tool in tools] == [
        {
            "name": "run",
            "description": "",
            "parameters": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
        }
    ]


def with_recording(**fields):
    taken = {"tool": "get_logs", "arguments": {}, "output": "x"} | fields
    return bundle_data(recordings=[taken])


def without(data, *path):
    data = json.loads(json.dumps(data))
    inner = data
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return data


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        ([], "", "must be an object, not a list."),
        (bundle_data(format="case-bundle/9"), "format", "is 'case-bundle/9'; this importer reads 'case-bundle/1'."),
        (without(bundle_data(), "id"), "id", "must be text, not nothing."),
        (bundle_data(answer={"structured": []}), "answer.structured", "answer must be an object."),
        (bundle_data(sessions=[{"actor": "cat"}]), "sessions[0].actor", "is 'cat'; it must be expert or agent."),
        (
            bundle_data(sessions=[{"actor": "agent", "name": "n", "calls": [], "diagnosis": {"conclusion": "maybe"}}]),
            "sessions[0].diagnosis",
            "diagnosis.conclusion is 'maybe'; it must be one of root_cause, no_fault, inconclusive.",
        ),
        (bundle_data(context={"a": ["\x00"]}), "", "holds a NUL character, so it is not text: leave it out."),
        (bundle_data(prompt=" "), "prompt", "is empty: say what it is."),
        (bundle_data(prompt=7), "prompt", "must be text, not a number."),
        (bundle_data(context=[1]), "context", "must be an object, not a list."),
        (bundle_data(recordings={"a": 1}), "recordings", "must be a list, not an object."),
        (bundle_data(recordings=["x"]), "recordings[0]", "must be an object, not text."),
        (with_recording(tool=None), "recordings[0].tool", "must be text, not nothing."),
        (with_recording(arguments="a"), "recordings[0].arguments", "must be an object, not text."),
        (with_recording(output=None), "recordings[0].output", "must be text, not nothing."),
        (with_recording(is_error="no"), "recordings[0].is_error", "must be true or false, not text."),
        (with_recording(match="fuzzy"), "recordings[0].match", "is 'fuzzy'; it must be one of exact, subset, any."),
        (with_recording(latency_ms=-1), "recordings[0].latency_ms", "must be a whole number of milliseconds."),
        (without(bundle_data(), "source", "source_repo"), "source.source_repo", "must be text, not nothing."),
        (without(bundle_data(), "answer"), "answer", "must be an object, not nothing."),
        (
            without(bundle_data(), "answer", "label", "fault_object"),
            "answer.label.fault_object",
            "must be text, not nothing.",
        ),
        (
            bundle_data(catalogue="holmesgpt", answer={}),
            "answer.expected",
            "is empty: say in a sentence what a right diagnosis says.",
        ),
        (
            bundle_data(answer=bundle_data()["answer"] | {"reference_paths": {"path1": [{"tool": "x"}]}}),
            "answer.reference_paths.path1[0].arguments",
            "must be an object, not nothing.",
        ),
    ],
)
def test_wrong_field_is_named_with_the_reason(tmp_path, data, field, reason):
    folder = write_bundles(tmp_path, data)
    assert list(bundles.read(folder / "000.json")) == [ImportProblem(str(folder / "000.json"), field, reason)]


def test_missing_catalogues_are_asked_for(tmp_path):
    (tmp_path / "alone.json").write_text(json.dumps(bundle_data()))
    problem = next(iter(bundles.read(tmp_path / "alone.json")))
    assert (problem.field, problem.reason) == (
        "catalogue",
        "'cloudopsbench' is not here: put the folder catalogues/ beside the bundle's folder.",
    )


def test_catalogues_without_a_vocabulary_leave_fault_classes_free(tmp_path):
    folder = write_bundles(tmp_path, bundle_data())
    (tmp_path / "catalogues" / "fault_classes.json").unlink()
    assert next(iter(bundles.read(folder / "000.json"))).task.fault_classes == ()


def test_catalogue_outside_its_folder_is_not_read(tmp_path):
    data = bundle_data(catalogue="../bundles/000", answer={"expected": ["e"]})
    assert [tool.name for tool in read(tmp_path, data).task.tools] == ["get_logs"]


def test_catalogue_that_names_a_tool_twice_is_refused(tmp_path):
    folder = write_bundles(tmp_path, bundle_data())
    tools = [{"name": "get_logs"}, {"name": "get_logs"}]
    (tmp_path / "catalogues" / "cloudopsbench.json").write_text(json.dumps(tools))
    problem = next(iter(bundles.read(folder / "000.json")))
    assert problem.field == "catalogues/cloudopsbench.json"


@pytest.mark.shared
def test_every_known_bundle_is_read(shared):
    read_ones = [
        item
        for path in sorted(shared.glob("cases/*/*.json"))
        if path.parent.name != "catalogues"
        for item in bundles.read(path)
    ]
    assert [item for item in read_ones if isinstance(item, ImportProblem)] == []
    assert len(read_ones) == 247
    assert len({bundle.identity for bundle in read_ones}) == 247
