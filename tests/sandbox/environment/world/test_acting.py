"""Declared actions on the small shop: what is done, who sees it, what refuses it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.calls import canonical
from cases.transcript import Level, ToolSchema
from sandbox.environment.base import Recording
from sandbox.environment.replay import Replay, ReplaySource, is_miss
from sandbox.environment.world import sql
from sandbox.environment.world.base import Binding, NotCaptured, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.environment.world.world import open_world
from tests.sandbox.environment.world.conftest import ALERT, END, at, rows

PAGE = (Path(sql.__file__).parent / "docs" / "actions.md").read_text()
ACTIONS = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1])
EXAMPLES = re.findall(r"^```action\n> (\w+) (.*?)\n(.*?)\n\? (\w+) (.*?)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
BINDINGS = {engine: Binding(engine, "{{query}}", "csv") for engine in ("promql", "sql", "objects")}


def tool(called, *required, effectful=False, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return ToolSchema(called, parameters=parameters, effectful=effectful)


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TOOLS = (
    *(tool(name, "query", query=TEXT) for name in BINDINGS),
    tool("scale", "name", "replicas", effectful=True, name=TEXT, replicas=WHOLE),
    tool("rollback", "name", effectful=True, name=TEXT),
    tool("restart", "name", effectful=True, name=TEXT),
    tool("set_config", "name", "key", "value", effectful=True, name=TEXT, key=TEXT, value=TEXT),
    tool("kill_session", "id", effectful=True, id=TEXT),
    tool("drain", "node", effectful=True, node=TEXT),
    tool("delete_all", effectful=True),
    tool("show_plan"),
    tool("show_notes"),
)


def deployment(replicas, image):
    return {"kind": "Deployment", "spec": {"replicas": replicas, "image": image}}


def shop():
    """The small shop with what its actions are about."""
    held = rows()
    for row in held["objects"]:
        if row["kind"] == "Pod":
            row["manifest"] = row["manifest"] | {"spec": {"nodeName": "node-1"}}
    held["objects"] += [
        {"kind": "Deployment", "name": "cart", "from_at": at(-60), "until_at": at(-20), "manifest": deployment(2, "cart:7")},
        {"kind": "Deployment", "name": "cart", "from_at": at(-20), "until_at": at(5), "manifest": deployment(2, "cart:8")},
        {"kind": "Deployment", "name": "cart", "from_at": at(5), "manifest": deployment(2, "cart:9")},
        {"kind": "ConfigMap", "name": "cart", "from_at": at(-60), "manifest": {"kind": "ConfigMap", "data": {"pool.size": "5"}}},
        {"kind": "Session", "name": "s7", "from_at": at(-30), "manifest": {"state": "idle in transaction"}},
        {"kind": "Session", "name": "s8", "from_at": at(-30), "manifest": {"state": "active"}},
        {"kind": "Node", "name": "node-1", "from_at": at(-60), "manifest": {"kind": "Node", "spec": {}}},
    ]  # fmt: skip
    return held


@pytest.fixture(scope="module")
def acted(worlds):
    spec = WorldSpec(build_tables(shop()), BINDINGS, ALERT, end=END, actions=ACTIONS)
    return open_world(spec, worlds, tools=TOOLS)


@pytest.fixture
def source(acted):
    recordings = [
        Recording("show_plan", {}, "Seq Scan"),
        Recording("show_notes", {}, "as ever"),
        Recording("objects", {"query": "list kind=node"}, "one node\n"),
        Recording("objects", {"query": "list kind=session"}, "two sessions\n"),
    ]
    return ReplaySource(TOOLS, recordings, world=acted)


def ask(environment, called, /, **arguments):
    seen = environment.call(called, arguments)
    return seen.level, seen.output


@pytest.mark.parametrize(("name", "arguments", "said", "engine", "query", "printed"), EXAMPLES)
def test_an_example_does_what_its_page_prints(acted, name, arguments, said, engine, query, printed):
    after, answer = acted.act(canonical(name, json.loads(arguments)), now=ALERT)
    seen = after.answer(canonical(engine, {"query": query}), now=ALERT + timedelta(seconds=5))
    assert (answer.output, seen.output) == (f"{said}\n", printed)


def test_every_declared_tool_has_an_example():
    assert {example[0] for example in EXAMPLES} == set(ACTIONS)


def test_an_effect_is_seen_by_the_run_that_made_it_and_by_no_other(source):
    one, other = source.open(), source.open()
    get = {"query": "get kind=deployment name=cart"}
    assert ask(one, "scale", name="cart", replicas=5) == (Level.R4, "deployment.apps/cart scaled to 5\n")
    assert ask(one, "objects", **get) == (Level.R4, "kind: Deployment\nspec:\n  replicas: 5\n  image: cart:8\n")
    assert ask(other, "objects", **get) == (Level.R3, "kind: Deployment\nspec:\n  replicas: 2\n  image: cart:8\n")
    assert ask(source.open(), "objects", **get)[0] is Level.R3


def test_an_answer_says_which_action_it_rests_on(source):
    run = source.open()
    assert run.call("scale", {"name": "cart", "replicas": 5}).derivation == (
        "scale at 2026-03-01T10:00:00Z: Deployment cart spec.replicas 2 -> 5; "
        "cpu_usage of cart times 0.5 in 36 samples from 2026-03-01T10:00:30Z on"
    )
    seen = run.call("objects", {"query": "get kind=deployment name=cart"})
    assert seen.derivation.startswith(
        "objects: get kind=deployment name=cart at 2026-03-01T10:00:05Z; after scale at 2026-03-01T10:00:00Z: "
    )


def test_samples_change_from_their_moment_on_and_not_before(acted):
    after, _ = acted.act(canonical("scale", {"name": "cart", "replicas": 4}), now=ALERT)
    query = "select value from metrics where labels like '%cart-2%' and at in ({}) order by at"
    times = ", ".join(f"TIMESTAMP '{at(minutes):%Y-%m-%d %H:%M:%S}'" for minutes in (0, 0.5, 1, 5))
    call = canonical("sql", {"query": query.format(times)})
    assert after.answer(call, now=END).output == "value\n0.3\n0.3\n0.15\n0.15\n"
    assert acted.answer(call, now=END).output == "value\n0.3\n0.3\n0.3\n0.3\n"
    average = canonical("promql", {"query": 'avg(cpu_usage{pod="cart-2"})'})
    assert [world.answer(average, now=at(5)).output.split(",")[-1] for world in (acted, after)] == ["0.3\n", "0.15\n"]


def test_nothing_of_the_effect_is_seen_before_it(acted):
    after, _ = acted.act(canonical("scale", {"name": "cart", "replicas": 4}), now=at(2))
    call = canonical("objects", {"query": "get kind=deployment name=cart"})
    assert after.answer(call, now=at(1)) == acted.answer(call, now=at(1))


def test_what_is_frozen_of_an_objects_later_life_does_not_undo_an_effect(acted):
    after, _ = acted.act(canonical("scale", {"name": "cart", "replicas": 4}), now=ALERT)
    seen = after.answer(canonical("objects", {"query": "get kind=deployment name=cart"}), now=at(6))
    assert seen.output == "kind: Deployment\nspec:\n  replicas: 4\n  image: cart:9\n"


def test_actions_follow_one_another(source):
    run = source.open()
    assert ask(run, "scale", name="cart", replicas=4)[0] is Level.R4
    assert ask(run, "scale", name="cart", replicas=4) == (Level.R4, "cart is scaled so already\n")
    assert ask(run, "rollback", name="cart") == (Level.R4, "deployment.apps/cart rolled back\n")
    seen = ask(run, "objects", query="get kind=deployment name=cart")
    assert seen == (Level.R4, "kind: Deployment\nspec:\n  replicas: 4\n  image: cart:7\n")
    assert ask(run, "rollback", name="nobody")[1] == 'Error from server (NotFound): deployments "nobody" not found\n'


def test_a_refused_action_changes_nothing(source):
    run = source.open()
    seen = run.call("kill_session", {"id": "s8"})
    assert (seen.level, seen.is_error, seen.output) == (Level.R4, True, "session s8 is at work\n")
    assert seen.derivation == "kill_session at 2026-03-01T10:00:00Z: refused, nothing changed"
    assert ask(run, "objects", query="list kind=session") == (Level.R0, "two sessions\n")


def test_an_undeclared_effectful_tool_stays_refused(source):
    assert ask(source.open(), "delete_all") == (
        Level.REFUSED,
        "delete_all would change the system; a snapshot only answers questions about it.",
    )


def test_arguments_against_the_schema_are_refused_and_do_nothing(source):
    run = source.open()
    assert ask(run, "scale", name="cart", replicas="many")[0] is Level.REFUSED
    assert ask(run, "objects", query="get kind=deployment name=cart")[0] is Level.R3


def test_a_recording_stands_where_the_action_does_not_change_what_the_world_says(source):
    run = source.open()
    ask(run, "kill_session", id="s7")
    assert ask(run, "objects", query="list kind=node") == (Level.R0, "one node\n")
    assert ask(run, "objects", query="list kind=session")[0] is Level.R4


def test_a_recording_that_no_table_stands_behind_is_a_miss_unless_the_action_leaves_it(acted, worlds, source):
    leaving = {"kill_session": ACTIONS["kill_session"] | {"leaves": ["show_notes"]}, "drain": ACTIONS["drain"]}
    world = open_world(replace(acted.spec, actions=leaving), worlds, tools=TOOLS)
    run = Replay(TOOLS, [Recording("show_plan", {}, "Seq Scan"), Recording("show_notes", {}, "as ever")], world=world)
    assert ask(run, "show_plan") == (Level.R0, "Seq Scan")
    run.call("kill_session", {"id": "s7"})
    missed = run.call("show_plan", {})
    assert is_miss(missed)
    assert json.loads(missed.output)["reason"].startswith(
        "it was recorded before kill_session at 2026-03-01T10:00:05Z: "
    )
    assert ask(run, "show_notes") == (Level.R0, "as ever")
    run.call("drain", {"node": "node-1"})
    assert is_miss(run.call("show_notes", {}))


def test_an_argument_that_the_action_does_not_know_is_not_captured(acted):
    with pytest.raises(NotCaptured, match="what force does is not captured"):
        acted.act(canonical("drain", {"node": "node-1", "force": True}), now=ALERT)


def test_the_copy_of_a_run_goes_with_it(source):
    run = source.open()
    ask(run, "drain", node="node-1")
    ask(run, "objects", query="list kind=pods")
    held = run.world.store.private.parent
    assert held.exists()
    del run
    assert not held.exists()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["cart", "nobody"]), st.integers(0, 6)), max_size=4))
def test_scaling_agrees_with_a_plain_model_and_repeats_itself(acted, calls):
    def played():
        world, said = acted, []
        for number, (name, replicas) in enumerate(calls):
            call = canonical("scale", {"name": name, "replicas": replicas})
            world, answer = world.act(call, now=ALERT + timedelta(seconds=number))
            said.append(answer.is_error)
        call = canonical(
            "sql", {"query": "select manifest from objects where kind = 'Deployment' and until_at is null"}
        )
        return said, world.answer(call, now=ALERT + timedelta(minutes=1)).output

    expected, now = [], 2
    for name, replicas in calls:
        refused = name == "nobody" or replicas == now
        expected.append(refused)
        now = now if refused else replicas
    first = played()
    assert first == played()
    assert first[0] == expected
    assert f"replicas: {now}" in first[1]
