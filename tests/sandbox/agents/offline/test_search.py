"""What the agent asks next: near the trouble first, and nothing twice because an answer was empty."""

import json

from cases.transcript import Observation, Step, Task, ToolSchema
from sandbox.agents.base import Profile
from sandbox.agents.offline.agent import OfflineAgent
from sandbox.environment.base import Inventory
from sandbox.knowledge.language import parse
from sandbox.knowledge.rule import EMPTY, Knowledge
from tests.sandbox.agents.offline.test_suspicion import CHAIN, firing, topology


def tool(name, description, *required, **properties):
    text = {"type": "string"}
    parameters = {name: text for name in (*required, *properties)}
    return ToolSchema(name, description, {"type": "object", "properties": parameters, "required": list(required)})


TOOLS = (
    tool("get_alerts", "Alerts that fire now."),
    tool("get_metrics", "Metric series of a service or node.", "service"),
    tool("get_logs", "Newest log lines of a service.", "service"),
    tool("get_traces", "Slow and failed traces of a service.", "service"),
    tool("find_traces", "Traces by component or duration.", service="", duration=""),
    tool("get_topology", "Services and which calls which.", service=""),
    tool("get_config", "Configuration in effect of a service.", "service"),
)
RULE = """RULE ask-what-it-calls WHEN evidence(errors, "fail") THEN REQUIRE get_metrics(service = $callee) BEFORE CONCLUDE
BECAUSE "its callees tell" """
CONTEXT = {"alert": {"labels": {"alertname": "HighErrorRatio", "service": "web"}}}
TASK = Task("HighErrorRatio on web since 2026-01-01T10:00:00Z.", context=CONTEXT, tools=TOOLS)


def next_call(*seen):
    mind = OfflineAgent().start(TASK, knowledge=EMPTY, inventory=Inventory(), profile=Profile())
    steps = tuple(
        Step(index, name, arguments, Observation(output)) for index, (name, arguments, output) in enumerate(seen)
    )
    (call,) = mind.proposals(steps, 1)
    return call.tool, call.arguments


ALERTS = ("get_alerts", {}, firing(*CHAIN[:4]))


def test_what_fires_is_asked_first_and_who_calls_whom_where_several_do():
    figures = "time,error_ratio\n" + "".join(f"2026-01-01T10:{minute:02d}:00Z,0.3\n" for minute in range(8))
    assert next_call(("get_metrics", {"service": "web"}, figures)) == ("get_alerts", {})
    assert next_call(ALERTS) == ("get_topology", {})


def test_the_end_of_the_failing_path_is_looked_at_before_what_the_alert_names():
    assert next_call(ALERTS, ("get_topology", {}, topology(*CHAIN))) == ("get_metrics", {"service": "stock"})


def test_an_answer_that_said_nothing_does_not_count_as_having_looked():
    def rank(output):
        mind = OfflineAgent().start(TASK, knowledge=EMPTY, inventory=Inventory())
        steps = (
            Step(0, "get_alerts", {}, Observation(firing("web"))),
            Step(1, "find_traces", {"service": "web"}, Observation(output)),
        )
        calls = [(call.tool, call.arguments) for call in mind.proposals(steps, 20)]
        return calls.index(("get_traces", {"service": "web"}))

    read = "trace 1  GET /  12.0 ms\n  web: GET /  12.0 ms\n    api: GET /quote  1.0 ms\n"
    assert rank("") < rank(read)


def test_a_tool_that_is_about_a_component_comes_before_a_search_that_may_be_narrowed_to_it():
    mind = OfflineAgent().start(TASK, knowledge=EMPTY, inventory=Inventory())
    order = [call.tool for call in mind.proposals((Step(0, "get_alerts", {}, Observation(json.dumps([]))),), 30)]
    assert order.index("get_traces") < order.index("find_traces")


def test_a_rules_question_to_the_neighbours_ends_after_two_answers_without_a_word():
    knowledge = Knowledge(parse(RULE))
    mind = OfflineAgent().start(TASK, knowledge=knowledge, inventory=Inventory())
    calls = "\n".join(f"web -> part{letter}" for letter in "abcd")
    steps = [
        Step(0, "get_alerts", {}, Observation(firing("web"))),
        Step(1, "get_topology", {}, Observation(calls)),
    ]

    def required():
        return [want.arguments["service"] for want in mind._unmet(mind._think(tuple(steps))[1])]

    assert required() == ["parta", "partb", "partc", "partd"]
    for name in ("parta", "partb"):
        steps.append(Step(len(steps), "get_metrics", {"service": name}, Observation(f"no series for {name}")))
    assert required() == []


def test_pods_and_events_are_swept_once_anything_looks_ill():
    listing = ToolSchema(
        "get_resources",
        "kubectl get: list resources of a type.",
        {"type": "object", "properties": {"resource_type": {"type": "string"}}, "required": ["resource_type"]},
    )
    task = Task(TASK.prompt, context=CONTEXT, tools=(*TOOLS, listing))

    def rank(*fire):
        mind = OfflineAgent().start(task, knowledge=EMPTY, inventory=Inventory())
        steps = (Step(0, "get_alerts", {}, Observation(firing(*fire))),)
        calls = [(call.tool, call.arguments.get("resource_type")) for call in mind.proposals(steps, 40)]
        return calls.index(("get_resources", "pods"))

    assert rank("web") < rank() or rank() == 0
    assert rank("web") < 3
