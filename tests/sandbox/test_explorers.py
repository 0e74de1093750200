from sandbox.agents.registry import agent_named
from sandbox.environment.inventory import inventory_of
from sandbox.environment.replay import ReplaySource
from sandbox.explorers import Survey, held_back, survey
from sandbox.lab import make
from tests.factories import RECORDINGS, TASK, TOOLS

OFFLINE = agent_named("offline")


def found(**more):
    fields = {"explorers": 32, "calls": 200, "levels": {"r0": 198, "miss": 2}, "different": 10}
    return Survey(**{**fields, "different_answered": 9, "reference": 4, "reference_misses": (), **more})


def test_survey_counts_each_explorers_calls_by_level():
    source = ReplaySource(TOOLS, RECORDINGS, inventory=inventory_of(RECORDINGS))
    seen = survey(source, TASK, OFFLINE, explorers=8)
    assert seen.explorers == 8
    assert seen.calls == sum(seen.levels.values()) > 8
    assert 0 < seen.different_answered < seen.different <= seen.calls
    assert seen.misses == seen.levels["miss"] > 0


def test_survey_is_the_same_each_time():
    bundle = make("quayside", "long_transaction_lock", 1)
    source = ReplaySource(bundle.task.tools, bundle.recordings, inventory=inventory_of(bundle.recordings))
    assert survey(source, bundle.task, OFFLINE) == survey(source, bundle.task, OFFLINE)


def test_calls_of_reference_paths_are_replayed_each_from_the_start():
    source = ReplaySource(TOOLS, RECORDINGS)
    known, unknown = ("get_logs", {"service": "till"}), ("get_logs", {"service": "gate"})
    seen = survey(source, TASK, OFFLINE, paths=[[known], [known, unknown]], explorers=1)
    assert (seen.reference, seen.reference_misses) == (3, ("get_logs",))


def test_miss_on_the_reference_path_does_not_gate():
    words = "a call on its reference path is not captured (get_logs)"
    assert held_back(found(reference_misses=("get_logs", "get_logs")), world=False) == words


def test_world_with_more_than_one_in_a_hundred_misses_does_not_gate():
    assert held_back(found(), world=True) == ""
    assert held_back(found(levels={"r0": 197, "miss": 3}), world=True) == (
        "its world misses 1.5 % of 200 explorers' calls; more than 1 % does not gate"
    )


def test_recordings_alone_gate_whatever_explorers_miss():
    assert held_back(found(levels={"r0": 1, "miss": 199}), world=False) == ""


def test_shares_are_none_where_nothing_was_asked():
    none = found(calls=0, levels={}, different=0, different_answered=0)
    assert (none.miss_share, none.closure, held_back(none, world=True)) == (None, None, "")
