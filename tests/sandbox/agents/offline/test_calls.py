"""Which calls are worth considering, from schemas and what was seen."""

from cases.transcript import Observation, Step, Task, ToolSchema
from sandbox.agents.offline.calls import candidates
from sandbox.agents.offline.read import CaseFile


def tool(name, description, required=(), **properties):
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSchema(name, description, parameters)


CHECK = tool(
    "check_connectivity",
    "Open a TCP connection to a component, from a service.",
    ("target",),
    target={"type": "string", "description": "name of a service"},
    source={"type": "string"},
)
METRICS = tool(
    "get_metrics",
    "Metric series of a service or node.",
    ("service",),
    service={"type": "string", "description": "name of a service or node"},
    minutes={"type": "integer"},
)
TRACE = "trace 1  GET /  1200 ms\n  web: GET /  1200 ms\n    api: GET /quote  1100 ms  error=timeout\n"
LOG = "2026-01-01T10:00:01Z ERROR call GET /quote to api failed: connect timeout after 1000ms"


def case_file(*steps):
    file = CaseFile(Task("HighLatency on web since 2026-01-01T10:00:00Z.", tools=(CHECK, METRICS)))
    file.names["nodes"] = ["rack-1", "rack-2"]
    for index, (name, output) in enumerate(steps):
        file.add(Step(index, name, {"service": "web"}, Observation(output)))
    return file


def asked(file, **more):
    return [(one.tool, one.arguments, one.component) for one in candidates((CHECK, METRICS), file, [], {}, **more)]


def test_callee_that_a_caller_complains_of_is_tried_from_there_too():
    plain, blamed = case_file(("get_traces", TRACE)), case_file(("get_traces", TRACE), ("get_logs", LOG))
    from_web = ("check_connectivity", {"target": "api", "source": "web"}, "api")
    assert from_web not in asked(plain)
    assert from_web in asked(blamed)


def test_tool_whose_component_may_be_a_node_is_asked_for_nodes_by_their_whole_name():
    calls = asked(case_file())
    assert ("get_metrics", {"service": "rack-2"}, "rack-2") in calls
    assert not [call for call in calls if call[0] == "check_connectivity" and call[2].startswith("rack")]


def test_window_is_asked_for_wherever_a_tool_takes_a_time():
    assert ("get_metrics", {"service": "web", "minutes": 10}, "web") in asked(case_file(), window=10)
    assert ("get_metrics", {"service": "web"}, "web") in asked(case_file())
