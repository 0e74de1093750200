import json

import pytest

from cases.diagnosis import Answer, Cause
from cases.transcript import Level
from sandbox.bundle import RecordedCall
from sandbox.environment.base import Recording
from sandbox.environment.replay import Replay
from sandbox.importers import bundles, cloudopsbench
from sandbox.importers.reading import ImportProblem

METADATA = {
    "namespace": "market",
    "query": "Checkout is slow.",
    "result": {"fault_taxonomy": "Database", "fault_object": "app/ledger", "root_cause": "slow_query"},
}
CACHE = {
    "collection_timestamp": "2026-02-03T04:05:06",
    'GetResources:{"resource_type":"pods","name":"","namespace":"market"}': "NAME   READY\n",
    "GetClusterConfiguration:{}": {"node_count": 2},
    "GetSomething-without-arguments": "left out",
}
TRACE = [
    {
        "tool_name": "GetResources",
        "calling": "tool_name='GetResources' arguments={namespace: 'market', resource_type: 'pod', name: None, wide: False}",
        "output": "NAME   READY\n",
    },
    {"calling": "tool_name='GetLogs' arguments={service: 'a, b: c', lines: 10}", "output": '"two\\nlines"'},
    {"calling": "tool_name='GetClusterConfiguration' arguments={}", "output": {"node_count": 2}},
]


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one case and one expert's path."""
    folder = tmp_path / "benchmark" / "market" / "database" / "7"
    paths = tmp_path / "golden-trajectory" / "market" / "database" / "7"
    folder.mkdir(parents=True)
    paths.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps(METADATA))
    (folder / "tool_cache.json").write_text(json.dumps(CACHE))
    (paths / "path1.json").write_text(json.dumps({"diagnostic_trace": TRACE}))
    return folder


def paths_of(checkout):
    return checkout.parents[3] / "golden-trajectory" / "market" / "database" / "7"


def test_case_folder_becomes_a_case_with_arguments_as_written(checkout):
    bundle = next(iter(cloudopsbench.read(checkout)))
    assert bundle.identity == ("LLM4Ops/Cloud-OpsBench", "benchmark/market/database/7")
    assert (bundle.name, bundle.system) == ("cob_market_database_7", "market")
    assert (bundle.task.prompt, bundle.task.context) == (
        "Checkout is slow. Namespace: market.",
        {"snapshot_time": "2026-02-03T04:05:06"},
    )
    assert bundle.answer == Answer(
        causes=(Cause("ledger", "slow_query"),),
        aliases={"ledger": ["app/ledger", "deployment/ledger", "service/ledger", "pod/ledger"]},
        category="Database",
        title="slow query on app/ledger",
    )
    assert bundle.recordings == (
        Recording(
            "GetResources", {"resource_type": "pods", "name": "", "namespace": "market"}, "NAME   READY\n", order=0
        ),
        Recording("GetClusterConfiguration", {}, '{\n  "node_count": 2\n}', order=1),
    )
    assert bundle.source["left_out"] == ["GetSomething-without-arguments"]
    session = bundle.sessions[0]
    assert (session.name, session.actor) == ("path1", "expert")
    assert session.calls == (
        RecordedCall(
            "GetResources",
            {"namespace": "market", "resource_type": "pod", "name": None, "wide": False},
            output="NAME   READY\n",
        ),
        RecordedCall("GetLogs", {"service": "a, b: c", "lines": 10}, output="two\nlines"),
        RecordedCall("GetClusterConfiguration", {}, output='{\n  "node_count": 2\n}'),
    )


def test_tools_come_from_the_cache_alone(checkout):
    assert [tool.name for tool in next(iter(cloudopsbench.read(checkout))).task.tools] == [
        "GetClusterConfiguration",
        "GetResources",
    ]


def test_tool_answered_from_a_log_file_exists(checkout):
    logged(checkout, {})
    assert "GetRecentLogs" in [tool.name for tool in next(iter(cloudopsbench.read(checkout))).task.tools]


def test_log_file_answers_for_fewer_lines_of_each_service(checkout):
    logged(checkout, {"ledger": ["one", "two", "three"]})
    bundle = next(iter(cloudopsbench.read(checkout)))
    asked = {"namespace": "market", "service_name": "ledger", "lines": 2}
    seen = Replay(bundle.task.tools, bundle.recordings).call("GetRecentLogs", asked)
    assert (json.loads(seen.output), seen.level) == (["two", "three"], Level.R2)
    assert bundle.recordings[-1].derived


def test_log_lines_that_an_expert_was_shown_are_a_recording(checkout):
    call = "tool_name='GetRecentLogs' arguments={namespace: 'market', service_name: 'ledger', lines: 10}"
    changed(paths_of(checkout) / "path1.json", {"diagnostic_trace": [{"calling": call, "output": ["refused"]}]})
    bundle = next(iter(cloudopsbench.read(checkout)))
    asked = {"namespace": "market", "service_name": "ledger", "lines": 10}
    assert bundle.recordings[-1] == Recording("GetRecentLogs", asked, '[\n  "refused"\n]', order=2)


def changed(file, data):
    file.write_text(json.dumps(data))


def logged(checkout, logs):
    (checkout / "raw_data").mkdir()
    changed(checkout / "raw_data" / "logs.json", logs)


@pytest.mark.parametrize(
    ("break_it", "file", "field", "reason"),
    [
        (lambda c: (c / "metadata.json").unlink(), "metadata.json", "", "cannot be read"),
        (lambda c: changed(c / "metadata.json", METADATA | {"query": 3}), "metadata.json", "query", "must be text"),
        (
            lambda c: changed(c / "metadata.json", METADATA | {"result": []}),
            "metadata.json",
            "result",
            "must be an object",
        ),
        (lambda c: changed(c / "tool_cache.json", {}), "tool_cache.json", "", "holds no call"),
        (
            lambda c: changed(c / "tool_cache.json", {"A:{": "x"}),
            "tool_cache.json",
            "A:{",
            "its arguments cannot be read",
        ),
        (lambda c: changed(c / "tool_cache.json", {"A:{}": 3}), "tool_cache.json", "A:{}", "must be text"),
        (lambda c: logged(c, {"ledger": 3}), "logs.json", "ledger", "must be a list"),
        (lambda c: changed(paths_of(c) / "path1.json", {}), "path1.json", "diagnostic_trace", "must be a list"),
        (
            lambda c: changed(paths_of(c) / "path1.json", {"diagnostic_trace": [{"calling": "rm -rf"}]}),
            "path1.json",
            "diagnostic_trace[0].calling",
            "is not of the form",
        ),
        (
            lambda c: changed(
                paths_of(c) / "path1.json",
                {"diagnostic_trace": [{"calling": "tool_name='A' arguments={a: __import__('os')}"}]},
            ),
            "path1.json",
            "diagnostic_trace[0].calling",
            "holds an argument that cannot be read",
        ),
    ],
)
def test_case_that_cannot_be_read_comes_in_not_even_in_part(checkout, break_it, file, field, reason):
    break_it(checkout)
    (problem,) = cloudopsbench.read(checkout)
    assert isinstance(problem, ImportProblem)
    assert (problem.file.rpartition("/")[2], problem.field) == (file, field)
    assert problem.reason.startswith(reason)


@pytest.mark.shared
def test_folder_and_bundle_of_one_case_have_one_identity(shared):
    for folder in sorted(shared.glob("cases/raw/cloudopsbench/benchmark/*/*/*")):
        raw = next(iter(cloudopsbench.read(folder)))
        bundle = next(iter(bundles.read(shared / "cases" / "cloudopsbench" / f"{raw.name}.json")))
        assert (raw.identity, raw.answer, raw.task.prompt, raw.task.context, len(raw.sessions)) == (
            bundle.identity,
            bundle.answer,
            bundle.task.prompt,
            bundle.task.context,
            len(bundle.sessions),
        )
