import io
import json

import pytest
from django.core.management import CommandError, call_command

from sandbox.agents.base import Call
from sandbox.agents.scripted import ScriptedAgent
from sandbox.bundle import RecordedCall
from sandbox.coverage import of_agent, of_experts
from tests.factories import bundle_data, make_bundle, write_bundles


def path_of(*calls):
    session = make_bundle().sessions[0]
    return make_bundle(sessions=(session.__class__("path1", "expert", calls),))


def test_experts_calls_are_counted_by_level_and_compared():
    (found,) = of_experts(
        [
            path_of(
                RecordedCall("get_logs", {"service": "ledger"}),
                RecordedCall("get_logs", {"service": "till", "lines": None}, output="INFO all quiet\n"),
                RecordedCall("get_logs", {"service": "till"}, output="something else\n"),
                RecordedCall("get_logs", {"service": "gate"}),
            )
        ]
    )
    assert found.as_dict() == {
        "source": "case-bundle/1 (own format)",
        "cases": 1,
        "calls": 4,
        "answered": 3,
        "levels": {"r0": 2, "r1": 1, "miss": 1},
        "compared": 3,
        "identical": 2,
        "unanswered": [
            {"case": "one", "session": "path1", "tool": "get_logs", "arguments": {"service": "gate"}, "level": "miss"}
        ],
        "different": [{"case": "one", "session": "path1", "tool": "get_logs", "arguments": {"service": "till"}}],
    }


def test_agents_calls_are_counted_by_level():
    agent = ScriptedAgent([Call("get_logs", {"service": "till"}), Call("get_logs", {"service": "gate"})])
    (found,) = of_agent([make_bundle()], agent)
    assert (found.source, found.cases, found.calls, found.levels) == (
        "case-bundle/1 (own format)",
        1,
        2,
        {"r0": 1, "miss": 1},
    )


def run(*paths, **options):
    out = io.StringIO()
    call_command("replay_coverage", *(str(path) for path in paths), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_command_prints_a_row_for_each_source(tmp_path):
    lines = run(write_bundles(tmp_path, bundle_data())).splitlines()
    assert lines[0] == "Experts' calls"
    assert lines[2].split() == [
        "cloudopsbench",
        "1",
        "1",
        *["100.0", "%", *["0.0", "%"] * 5],
        "100.0",
        "%",
        "100.0",
        "%",
        "of",
        "1",
    ]


def test_command_runs_the_untaught_agent_where_asked(tmp_path):
    told = bundle_data(answer=bundle_data()["answer"] | {"reference_paths": {}})
    lines = run(write_bundles(tmp_path, told), agent="offline").splitlines()
    assert lines[1] == "  none: no case brings an expert's path"
    assert lines[3] == "Calls of the offline agent, without rules"
    assert lines[5].split()[:2] == ["cloudopsbench", "1"]


def test_command_lists_what_is_not_answered_or_not_identical(tmp_path):
    path = [{"tool": "get_logs", "arguments": {"service": "gate"}}]
    told = bundle_data(answer=bundle_data()["answer"] | {"reference_paths": {"path1": path}})
    assert run(write_bundles(tmp_path, told)).splitlines()[-1] == (
        '  not answered (miss): slow-ledger path1: get_logs {"service": "gate"}'
    )


def test_command_fails_where_something_cannot_be_read(tmp_path):
    with pytest.raises(CommandError, match=r"1 problems\."):
        run(write_bundles(tmp_path, {"format": "case-bundle/1"}))


def test_command_names_the_engines_there_are(tmp_path):
    with pytest.raises(CommandError, match="offline"):
        run(write_bundles(tmp_path, bundle_data()), agent="psychic")


@pytest.mark.shared
def test_experts_calls_of_known_cases_are_answered_byte_for_byte(shared):
    bundles, raw = json.loads(run(shared / "cases" / "cloudopsbench", shared / "cases" / "raw", json=True))["experts"]
    assert (bundles["calls"], bundles["levels"], bundles["identical"]) == (1339, {"r0": 1339}, 1339)
    assert (raw["calls"], raw["answered"], raw["compared"], raw["identical"]) == (75, 75, 75, 75)
