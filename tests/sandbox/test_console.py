import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.transcript import ToolSchema
from sandbox.console import CommandError, Completion, complete, read_command, written
from sandbox.environment.base import Inventory
from tests.factories import LOGS, TOOLS

INVENTORY = Inventory({"pods": ("ledger-0", "till-0"), "services": ("ledger", "till"), "namespaces": ("market",)})

MEASURE = ToolSchema(
    "measure",
    parameters={
        "properties": {"ratio": {"type": "number"}, "ids": {"type": "array"}, "where": {"type": "object"}},
    },
)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("get_logs service=till", ("get_logs", {"service": "till"})),
        ("  get_logs   service=till lines=5 ", ("get_logs", {"service": "till", "lines": 5})),
        ("get_logs service='two words' lines=many", ("get_logs", {"service": "two words", "lines": "many"})),
        ('get_logs {"service": "till", "lines": 5}', ("get_logs", {"service": "till", "lines": 5})),
        ("list_resources kind=pods wide=yes", ("list_resources", {"kind": "pods", "wide": True})),
        ("list_resources selector=app=till", ("list_resources", {"selector": "app=till"})),
        ("unknown a=1", ("unknown", {"a": "1"})),
        (
            "measure ratio=0.5 ids=[1,2] where='{\"a\": 1}'",
            ("measure", {"ratio": 0.5, "ids": [1, 2], "where": {"a": 1}}),
        ),
        ("measure ratio=half ids=1,2", ("measure", {"ratio": "half", "ids": "1,2"})),
        ("get_logs", ("get_logs", {})),
    ],
)
def test_typed_call_is_read(text, call):
    assert read_command(text, (*TOOLS, MEASURE)) == call


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type a tool and its arguments. The tools are: get_logs, list_resources."),
        ("get_logs till", "'till' is no argument: write name=value."),
        ("get_logs service=a service=b", "service is there twice."),
        ("get_logs service='a", "A quotation mark is not closed."),
        ("get_logs {oops}", "The arguments are not JSON"),
        ("get_logs " + '{"a":' * 100_000, "The arguments are nested too deeply."),
        ("get_logs {} []", "The arguments are not JSON"),
    ],
)
def test_typed_call_that_cannot_be_read_says_what_to_type(text, message):
    with pytest.raises(CommandError) as caught:
        read_command(text, TOOLS)
    assert str(caught.value).startswith(message)


@settings(deadline=None)
@given(st.text(min_size=1).filter(lambda text: "\x00" not in text), st.integers(-(10**9), 10**9))
def test_written_call_is_read_back(service, lines):
    arguments = {"service": service, "lines": lines}
    assert read_command(written("get_logs", arguments), TOOLS) == ("get_logs", arguments)


def labels(text, tools=TOOLS):
    return [completion.label for completion in complete(text, tools, INVENTORY)]


def test_tools_are_completed_first():
    assert complete("get", TOOLS, INVENTORY) == [Completion("get_logs ", "get_logs", LOGS.description)]
    assert labels("") == ["get_logs", "list_resources"]
    assert labels("resou") == ["list_resources"]


def test_arguments_follow_required_ones_first_and_none_twice():
    assert complete("list_resources ", TOOLS, INVENTORY)[0] == Completion("list_resources kind=", "kind", "required")
    assert labels("list_resources kind=pods n") == ["name", "namespace"]
    assert labels("unknown ") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("get_logs service=", ["ledger", "till"]),
        ("get_logs service=t", ["till"]),
        ("list_resources kind=", ["pods", "services", "namespaces"]),
        ("list_resources kind=po name=", ["ledger-0", "till-0"]),
        ("list_resources name=", []),
        ("list_resources namespace=", ["market"]),
        ("list_resources wide=", ["true", "false"]),
        ("get_logs lines=", []),
    ],
)
def test_values_are_what_exists(text, values):
    assert labels(text) == values


def test_enumerated_values_come_from_the_schema():
    tool = ToolSchema("get", parameters={"properties": {"level": {"enum": ["warn", "error"]}}})
    assert complete("get level=e", [tool], INVENTORY) == [Completion("get level=error ", "error")]
