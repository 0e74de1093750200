"""Whom the agent looks at next: down the path of calls to where the trouble ends, and beneath it where many are ill."""

import json
from itertools import pairwise

import pytest

from cases.transcript import Observation, Step, Task
from sandbox.agents.offline.hypotheses import scored
from sandbox.agents.offline.read import CaseFile
from sandbox.agents.offline.readers.tables import HOG
from sandbox.agents.offline.suspicion import APART, EXPLAINED, SHARED, suspects, worth_of

CHAIN = ("web", "orders", "quotes", "stock", "ledger")
TASK = Task("HighErrorRatio on web since 2026-01-01T10:00:00Z. Namespace: shop.")


def firing(*components):
    return json.dumps(
        [
            {
                "labels": {"alertname": "HighErrorRatio", "service": name},
                "annotations": {"summary": f"30.0% of requests to {name} fail"},
            }
            for name in components
        ]
    )


def topology(*components):
    return "\n".join(f"{caller} -> {callee}" for caller, callee in pairwise(components))


def seen(*outputs, nodes=()):
    file = CaseFile(TASK)
    file.names["nodes"] = list(nodes)
    for index, output in enumerate(outputs):
        file.add(Step(index, "look", {}, Observation(output)))
    return suspects(file)


def test_the_end_of_a_path_of_ill_callers_is_the_suspect_however_long_the_path():
    found = seen(firing(*CHAIN[:4]), topology(*CHAIN))
    assert found.shares == {
        **dict.fromkeys(CHAIN[:3], pytest.approx(EXPLAINED)),
        "stock": 1.0,
        "ledger": SHARED,  # nothing is known of it, and what calls it is ill
    }
    assert not found.unmapped


def test_a_callee_that_was_looked_at_and_is_well_shares_nothing():
    well = json.dumps({"service": "ledger", "status": "ok"})
    file = CaseFile(TASK)
    for index, (output, asked) in enumerate(((firing("stock"), {}), (topology("stock", "ledger", "disk"), {}))):
        file.add(Step(index, "look", asked, Observation(output)))
    assert "ledger" in suspects(file).shares
    file.add(Step(2, "get_status", {"service": "ledger"}, Observation(well)))
    assert "ledger" not in suspects(file).shares


def test_several_ill_ones_that_nothing_connects_ask_for_the_topology():
    assert seen(firing("web", "orders", "quotes")).unmapped
    assert not seen(firing("web")).unmapped
    assert not seen(firing("web", "orders", "quotes"), topology("web", "orders", "quotes")).unmapped


def test_where_many_are_ill_the_nodes_beneath_them_are_suspects_too():
    assert seen(firing(*CHAIN), nodes=("rack-1",)).shares["rack-1"] == SHARED
    few = seen(firing(*CHAIN[:2]), nodes=("rack-1",))
    assert not few.beneath
    assert "rack-1" not in few.shares


def test_nodes_are_suspected_more_where_no_path_of_calls_explains_all_the_ill_ones():
    one_end = seen(firing(*CHAIN), topology(*CHAIN), nodes=("rack-1",))
    several = seen(firing(*CHAIN), topology("web", "orders", "quotes"), nodes=("rack-1",))
    assert (one_end.shares["rack-1"], several.shares["rack-1"]) == (SHARED, APART)


def test_a_certificate_that_has_not_expired_clears_its_component_of_just_that():
    task = Task(TASK.prompt, fault_classes=("expired_certificate", "untrusted_certificate"))
    log = "2026-01-01T10:00:01Z ERROR call to api failed: tls: handshake failure"
    listed = (
        "NAME      COMPONENT  ISSUER  NOT BEFORE            NOT AFTER\n"
        "api-tls   api        ca1     2025-11-01T00:00:00Z  2026-03-01T00:00:00Z\n"
        "web-tls   web        ca1     2025-11-01T00:00:00Z  2026-03-01T00:00:00Z\n"
    )

    def scores(*outputs):
        file = CaseFile(task)
        file.edges |= {("web", "api"), ("api", "store"), ("store", "disk")}
        file.names["services"] = ["api"]
        file._components.add("api")
        for index, output in enumerate(outputs):
            file.add(Step(index, "look", {"service": "web"}, Observation(output)))
        return {one.fault_class: one.score for one in scored(file, task.fault_classes) if one.component == "api"}

    before, after = scores(log), scores(log, listed)
    assert after["expired_certificate"] < before["expired_certificate"]
    assert after["untrusted_certificate"] == before["untrusted_certificate"]


def test_traffic_and_changes_make_nobody_a_suspect():
    changes = "TIME              KIND    TARGET  CHANGE                BY\n2026-01-01 09:59  deploy  web     image web:1 -> web:2  me\n"
    assert seen(changes).shares == {}


def test_using_far_more_than_all_others_says_little_of_one_that_others_call():
    usage = "NAME     CPU(cores)\nstore-0  9000m\nweb-0    90m\napi-0    80m\njob-0    70m\n"
    file = CaseFile(TASK)
    file.add(Step(0, "top", {"resource_type": "pods"}, Observation(usage)))
    (hog,) = [one for one in file.evidence if HOG in one.value]
    alone = worth_of(hog, file)
    file.edges.add(("web", "store"))
    assert worth_of(hog, file) < alone
