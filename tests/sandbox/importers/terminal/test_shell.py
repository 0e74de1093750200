import pytest

from cases.transcript import ToolSchema
from sandbox.importers.terminal.operations import Operation
from sandbox.importers.terminal.shell import Mapped, map_command


def tool(called, *required, **optional):
    properties = {key: {"type": "string"} for key in (*required, *optional)}
    return ToolSchema(called, "", {"type": "object", "properties": properties, "required": list(required)})


TOOLS = (
    tool("get_resources", "resource_type", name=1, namespace=1, output_wide=1),
    tool("describe_resource", "resource_type", "name", namespace=1),
    tool("get_pod_logs", "pod_name", namespace=1, lines=1, filter=1, since=1),
    tool("get_service_yaml", "service", namespace=1),
    tool("run_sql", "query"),
    tool("query_metrics", "promql"),
    tool("top_pods", namespace=1),
    ToolSchema("scale_resource", "", {}, effectful=True),
)


@pytest.mark.parametrize(
    ("command", "operation", "call", "arguments"),
    [
        ("kubectl get po -n market", "query", "get_resources", {"resource_type": "pods", "namespace": "market"}),
        ("sudo kubectl -n m get deploy/till -owide", "query", "get_resources", {"resource_type": "deployments", "name": "till", "namespace": "m", "output_wide": True}),
        ("kubectl get events", "query", "get_resources", {"resource_type": "events"}),
        ("kubectl describe pod till-0 --namespace=m", "query", "describe_resource", {"resource_type": "pods", "name": "till-0", "namespace": "m"}),
        ("kubectl logs till-0 --tail=20 -f", "grep", "get_pod_logs", {"pod_name": "till-0", "lines": 20}),
        ("kubectl logs pod/till-0 | grep -i 'out of memory' | tail -5", "grep", "get_pod_logs", {"pod_name": "till-0", "filter": "out of memory", "lines": 5}),
        ("kubectl top pods -n m", "panel", "top_pods", {"namespace": "m"}),
        ("kubectl get svc/till -o yaml", "query", "get_service_yaml", {"service": "till"}),
        ("PGPASSWORD=x psql -U me shop -c 'select 1;'", "query", "run_sql", {"query": "select 1"}),
        ("curl -s 'http://prom:9090/api/v1/query?query=rate(x%5B5m%5D)'", "panel", "query_metrics", {"promql": "rate(x[5m])"}),
        ("kubectl get pods 2>/dev/null | less", "query", "get_resources", {"resource_type": "pods"}),
    ],
)  # fmt: skip
def test_a_command_becomes_the_call_that_says_all_of_it(command, operation, call, arguments):
    mapped = map_command(command, TOOLS)
    assert mapped == Mapped(Operation(operation), call, arguments)


@pytest.mark.parametrize(
    ("command", "operation", "reason"),
    [
        ("kubectl delete pod till-0", "action", "it changes something: no call asks that"),
        ("kubectl scale deploy/till --replicas=3", "action", "it changes something: no call asks that"),
        ("systemctl restart nginx", "action", "it changes something: no call asks that"),
        ("curl -X POST http://till/reload", "action", "it changes something: no call asks that"),
        ("man pg_stat_activity", "doc", "it reads documentation: no call asks that"),
        ("kubectl explain pod.spec", "doc", "it reads documentation: no call asks that"),
        ("systemctl status nginx", "query", "nothing is known of what systemctl asks"),
        ("https://graphs.example/d/1?from=now-1h", "panel", "nothing is known of what https://graphs.example/d/1?from=now-1h asks"),
        ("grep ERROR app.log", "grep", "nothing is known of what grep asks"),
        ("kubectl get pods | wc -l", "query", "no argument stands for | wc"),
        ("kubectl get pods -A", "query", "get_resources: it takes no all namespaces at once"),
        ("kubectl get pods -l app=till", "query", "get_resources: it takes no selector"),
        ("kubectl get pods > out.txt", "query", "no argument stands for several commands, or a file, in one line"),
        ("kubectl get pods && kubectl get svc", "query", "no argument stands for several commands, or a file, in one line"),
        ("kubectl logs till-0 | grep -v INFO", "grep", "no argument stands for | grep -v"),
        ("kubectl logs deploy/till", "grep", "get_pod_logs: it takes no single thing"),
        ("kubectl get pods -o json", "query", "no argument stands for -o json"),
        ("echo it's", "query", "its quotation marks are not closed"),
    ],
)  # fmt: skip
def test_any_other_command_stays_as_typed_and_says_why(command, operation, reason):
    assert map_command(command, TOOLS) == Mapped(Operation(operation), reason=reason)


def test_nothing_maps_without_tools():
    assert map_command("kubectl get pods", ()).reason == "no tool of this case asks that"
