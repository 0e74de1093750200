"""What an action may not be is said with the place and the remedy."""

import pytest

from cases.transcript import ToolSchema
from sandbox.environment.world.actions import Action, BadAction, check_action
from sandbox.environment.world.base import WorldSpec
from sandbox.environment.world.world import check_actions
from tests.sandbox.environment.world.conftest import ALERT

CART = {"kind": "Deployment", "name": "cart"}
GOOD = {
    "says": "done",
    "requires": [{"object": CART, "field": "spec.replicas", "is": "<", "value": "{{most|9}}"}],
    "effects": [{"metric": "cpu", "times": 2, "after": "30s"}],
}
TOOL = ToolSchema("scale", parameters={"type": "object", "properties": {"most": {"type": "integer"}}}, effectful=True)


def test_an_action_is_read_as_it_was_written():
    action = Action.from_json(GOOD)
    assert action.as_json() == GOOD
    assert action.places == {"most"}
    check_action("scale", action, TOOL, {"objects", "metrics"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("scale", "an action is an object, not str"),
        ({}, "says: must be given: what the tool prints when it is done"),
        ({"says": "x", "does": []}, "does: no such field; an action has says, requires, effects, leaves, ignored"),
        ({"says": "x", "leaves": "all"}, "leaves: a list is wanted, not str"),
        ({"says": "x", "leaves": [1]}, "leaves: a list of names is wanted"),
        ({"says": "x", "requires": [{}]}, "requires 1: either object or metric must be given"),
        ({"says": "x", "requires": [{"metric": "m", "is": "like"}]}, "requires 1: is: 'like' is none of exists, absent, =, !=, <, <=, >, >="),
        ({"says": "x", "requires": [{"metric": "m", "is": "<"}]}, "requires 1: value: must be given with is: '<'"),
        ({"says": "x", "requires": [{"object": CART, "is": "=", "value": 1}]}, "requires 1: field: must be given with is: '='"),
        ({"says": "x", "requires": [{"metric": "m", "field": "a"}]}, "requires 1: field: a metric has none"),
        ({"says": "x", "effects": [{"object": {"name": "a"}, "remove": True}]}, "effects 1: object: kind: must be given"),
        ({"says": "x", "effects": [{"object": {"kind": "Pod"}, "remove": True}]}, "effects 1: object: name or where: must be given, or it would be every object of the kind"),
        ({"says": "x", "effects": [{"object": CART, "remove": False}]}, "effects 1: remove: true is wanted"),
        ({"says": "x", "effects": [{"object": CART, "field": "a..b", "set": 1}]}, "effects 1: field: it is written as spec.replicas, or as a list of its segments"),
        ({"says": "x", "effects": [{"object": CART, "set": 1}]}, "effects 1: field: must be given, except to remove the object"),
        ({"says": "x", "effects": [{"object": CART, "field": "a", "set": 1, "plus": 1}]}, "effects 1: one of set, plus, earlier, remove must be given, not set, plus"),
        ({"says": "x", "effects": [{"object": CART, "field": "a", "times": 1}]}, "effects 1: one of set, plus, earlier, remove must be given, not times"),
        ({"says": "x", "effects": [{"object": CART, "field": "a", "set": 1, "after": "1m"}]}, "effects 1: after: an object changes at once; only a metric takes after and for"),
        ({"says": "x", "effects": [{"metric": "m", "times": 2, "for": "soon"}]}, "effects 1: for: 'soon' is not a duration; write it as 30s, 5m or 1h30m"),
        ({"says": "x", "effects": [{"metric": "m", "set": "high"}]}, "effects 1: set: a number or {{an argument}} is wanted, not 'high'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(body, words):
    with pytest.raises(BadAction) as said:
        Action.from_json(body)
    assert str(said.value) == words


@pytest.mark.parametrize(
    ("action", "schema", "tables", "words"),
    [
        (GOOD, ToolSchema("scale"), {"objects", "metrics"}, "scale: the tool says that it changes nothing; mark it effectful, or leave its action out"),
        (GOOD, TOOL, {"metrics"}, "scale: it is about objects, which this world does not hold; add the table"),
        ({"says": "{{who}}"}, TOOL, set(), "scale: {{who}} is no argument; the tool takes most"),
        ({"says": "{{most}}"}, TOOL, set(), "scale: {{most}} may be missing from a call; write {{most|default}}"),
    ],
)  # fmt: skip
def test_an_action_that_could_never_be_done_is_refused_at_opening(action, schema, tables, words):
    with pytest.raises(BadAction) as said:
        check_action("scale", Action.from_json(action), schema, tables)
    assert str(said.value) == words


def test_a_world_names_the_tool_whose_action_cannot_be_read():
    with pytest.raises(BadAction, match=r"^scale: says: must be given"):
        check_actions(WorldSpec((), {}, ALERT, actions={"scale": {}}), {})


def test_actions_travel_with_their_world_and_one_without_keeps_its_digest():
    bare = WorldSpec((), {}, ALERT)
    spec = WorldSpec((), {}, ALERT, actions={"scale": GOOD})
    assert WorldSpec.from_json(spec.as_json()) == spec
    assert "actions" not in bare.as_json()
    assert bare.digest != spec.digest
