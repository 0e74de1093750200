from datetime import UTC, datetime

import pytest

from cases.evaluation.coherence import cohere
from cases.evaluation.registry import evaluate
from cases.transcript import Observation, Step, Task, ToolSchema, Transcript
from sandbox.lab.case import happen, make
from sandbox.lab.tables import topology_rows
from sandbox.topology import Topology, edges_of, seen_in, tells
from tests.sandbox.lab.reading import expert_transcript

EDGES = frozenset({("web", "basket"), ("basket", "store"), ("mail", "relay")})
TASK = Task("web is slow since 2026-01-05T10:00:00Z")


def test_dependence_follows_the_edges_and_is_denied_against_them():
    topology = Topology(EDGES)
    assert (topology.depends("web", "store"), topology.depends("store", "web")) == (True, False)
    assert (topology.depends("web", "relay"), topology.depends("web", "elsewhere")) == (None, None)
    assert topology.depends("web", "web") is None


def test_only_a_whole_topology_denies_an_edge_that_is_not_there():
    topology = Topology(EDGES, whole=True)
    assert topology.depends("web", "relay") is False
    assert topology.depends("web", "elsewhere") is None


def test_two_that_depend_on_each_other_are_never_denied():
    topology = Topology(frozenset({("web", "basket"), ("basket", "web")}), whole=True)
    assert (topology.depends("web", "basket"), topology.depends("basket", "web")) == (True, True)


def test_names_are_recognised_as_people_and_tools_write_them():
    topology = Topology(EDGES)
    assert topology.depends("pod/web-579b9bff58-t2dbm", "service/store") is True
    several = Topology(frozenset({("basket-0", "a"), ("basket-1", "a")}))
    assert several.depends("basket", "a") is None


def test_edges_and_the_alert_are_read_from_what_a_session_saw():
    returned = Observation("web -> basket\nbasket -> store\n")
    topology = seen_in(Transcript(TASK, (Step(0, "topology", {}, returned),)), beside={("mail", "relay")})
    assert topology.edges == EDGES
    assert topology.components == ("basket", "mail", "relay", "store", "web")
    assert topology.alerted_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert topology.replay("topology", {}) is None
    assert edges_of(TASK, ()) == frozenset()


def test_tools_that_speak_of_calls_are_told_by_their_schema():
    assert tells(ToolSchema("get_service_dependencies", "Which services call a service, and which it calls"))
    assert not tells(ToolSchema("get_logs", "The newest log lines of a service"))


@pytest.mark.parametrize("fault", ["missing_index", "retry_storm", "replication_lag", "memory_leak_oom", "disk_full"])
@pytest.mark.parametrize("system", ["quayside", "millrace"])
def test_an_experts_chain_has_no_break_under_the_whole_topology(system, fault):
    transcript = expert_transcript(bundle := make(system, fault, 1004, world=False))
    edges = {(row["source"], row["target"]) for row in topology_rows(happen(system, fault, 1004))}
    evidence = seen_in(transcript, beside=edges, whole=True)
    coherence = cohere(transcript, evidence=evidence)
    assert not coherence.broken, coherence.findings
    assert coherence.checks["time_order"] is True
    assert evaluate(transcript, bundle.answer, evidence=evidence).reasons == ()
