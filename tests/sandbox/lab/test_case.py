import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cases.diagnosis import Conclusion
from cases.parsing import parse_answer, parse_diagnosis
from cases.redaction import redact
from cases.transcript import digest_of
from sandbox.environment.matching import MATCHES
from sandbox.environment.replay import ReplaySource
from sandbox.importers.bundles import bundle_of
from sandbox.lab.case import UnknownName, faults, make, systems, vocabulary
from sandbox.lab.export import bundle_data
from sandbox.lab.library import HELD_OUT_FROM, plan, starter_library
from sandbox.lab.tools import TOOLS
from sandbox.lab.world import QUERY_TOOLS
from tests.sandbox.lab.reading import answer

ROOT = Path(__file__).resolve().parents[3]
EVERY = pytest.mark.parametrize("number", range(len(plan())), ids=["/".join(map(str, each)) for each in plan()])
POOL = ("connection_pool_too_small", "missing_index", "connection_leak", "long_transaction_lock")


def test_the_library_covers_every_class_with_different_components():
    by_fault = {}
    for system, fault, seed in plan():
        assert system in systems()
        assert seed < HELD_OUT_FROM
        by_fault.setdefault(fault, []).append(seed)
    assert set(by_fault) == set(faults())
    assert len(faults()) >= 30
    assert 40 <= len(plan()) <= 60
    assert {system for system, _, _ in plan()} == set(systems())
    assert len(set(plan())) == len(plan())
    assert all(len(by_fault[name]) == 3 for name in POOL)
    asked = {
        name: {
            b.task.context["alert"]["labels"]["service"] for b in starter_library() if b.answer.title.startswith(name)
        }
        for name in POOL
    }
    assert all(len(services) == 3 for services in asked.values()), asked


def test_classes_span_the_layers():
    assert {fault.category for fault in faults().values()} == {
        "capacity",
        "code",
        "configuration",
        "database",
        "network",
        "scheduling",
        "dependency",
        "data",
        "certificates",
        "none",
    }


@EVERY
def test_a_case_is_small_and_complete(number):
    bundle = starter_library()[number]
    assert sum(len(each.output.encode()) for each in bundle.recordings) <= 1_000_000
    assert {each.tool for each in bundle.recordings} == {tool.name for tool in TOOLS}
    assert bundle.task.tools == (*TOOLS, *QUERY_TOOLS)
    assert {each.match for each in bundle.recordings} <= set(MATCHES)
    asked = [(each.tool, digest_of(each.arguments)) for each in bundle.recordings]
    assert len(asked) == len(set(asked))
    assert bundle.task.fault_classes == vocabulary()


@EVERY
def test_every_recorded_call_is_answered_by_its_own_bytes(number):
    bundle = starter_library()[number]
    environment = ReplaySource(bundle.task.tools, bundle.recordings).open()
    for each in bundle.recordings:
        observation = environment.call(each.tool, each.arguments)
        assert (observation.level, observation.output) == ("r0", each.output), (each.tool, each.arguments)


@EVERY
def test_nothing_a_case_says_needs_redaction(number):
    """Else quotes of what tools returned would no longer be found in what is stored."""
    for each in starter_library()[number].recordings:
        assert redact(each.output).text == each.output, (each.tool, each.arguments)


@EVERY
def test_the_answer_is_said_nowhere_but_in_the_answer(number):
    bundle = starter_library()[number]
    told = json.dumps([bundle.name, bundle.tags, bundle.task.prompt, bundle.task.context, bundle.source])
    said = told + json.dumps([[each.tool, each.arguments] for each in bundle.recordings])
    returns = "\n".join(each.output for each in bundle.recordings)
    for cause in bundle.answer.causes:
        assert cause.fault_class not in said
        assert cause.fault_class.replace("_", " ") not in said
        assert cause.fault_class not in returns
    for words in (*bundle.answer.expected, bundle.answer.notes):
        assert words not in said
        assert words not in returns
    assert json.dumps([tool.as_function() for tool in bundle.task.tools]) == json.dumps(
        [tool.as_function() for tool in starter_library()[0].task.tools]
    )


@EVERY
def test_answer_and_diagnosis_are_in_their_form(number):
    bundle = starter_library()[number]
    assert parse_answer(bundle.answer.as_dict()) == bundle.answer
    assert parse_diagnosis(bundle.sessions[0].diagnosis.as_dict()) == bundle.sessions[0].diagnosis
    healthy = bundle.answer.conclusion is Conclusion.NO_FAULT
    assert healthy == (not bundle.answer.causes)
    assert all(cause.fault_class in vocabulary() for cause in bundle.answer.causes)


@pytest.mark.parametrize("fault", ["connection_leak", "noisy_neighbour", "no_fault"])
def test_the_same_system_fault_and_seed_make_the_same_case(fault):
    assert make("quayside", fault, 1001) == make("quayside", fault, 1001)


def test_a_case_is_the_same_in_another_process_and_another_year():
    code = (
        "import time; time.time = lambda: 1.9e9\n"
        "from cases.transcript import digest_of\n"
        "from sandbox.lab.case import make\n"
        "from sandbox.lab.export import bundle_data\n"
        "print(digest_of(bundle_data(make('quayside', 'missing_index', 1002))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == digest_of(bundle_data(make("quayside", "missing_index", 1002))), ran.stderr


def test_another_seed_makes_another_case():
    first, second = make("quayside", "missing_index", 1000), make("quayside", "missing_index", 1001)
    assert first.identity != second.identity
    assert first.task.prompt != second.task.prompt
    assert first.answer.causes[0] != second.answer.causes[0]


def test_unknown_names_say_which_there_are():
    with pytest.raises(UnknownName, match="no system 'nowhere'; there are: quayside"):
        make("nowhere", "missing_index", 1)
    with pytest.raises(UnknownName, match="no fault 'gremlins'; there are: connection_pool_too_small"):
        make("quayside", "gremlins", 1)


@pytest.mark.parametrize("fault", ["connection_leak", "no_fault"])
def test_a_case_file_is_read_back_whole(fault):
    made = make("quayside", fault, 1003)
    read = bundle_of(json.loads(json.dumps(bundle_data(made))), Path("case.json"))
    assert (read.identity, read.name, read.system, read.tags, read.synthetic) == (
        made.identity,
        made.name,
        made.system,
        made.tags,
        made.synthetic,
    )
    assert replace(read.task, system=made.task.system) == made.task
    assert (read.answer, read.recordings, read.sessions) == (
        made.answer,
        made.recordings,
        made.sessions,
    )


def test_what_was_never_recorded_is_a_miss_in_recordings_only():
    bundle = starter_library()[0]
    environment = ReplaySource(bundle.task.tools, bundle.recordings).open()
    seen = environment.call("get_metrics", {"service": "docket", "minutes": 7})
    assert (seen.level, seen.is_error) == ("miss", True)


def test_arguments_that_change_nothing_do_not_matter():
    bundle = starter_library()[0]
    assert answer(bundle, "get_resources", resource_type="pod", namespace="quay") == answer(
        bundle, "get_resources", resource_type="pods"
    )


def test_whatever_a_listing_names_can_be_asked_about():
    for bundle in (starter_library()[0], make("quayside", "noisy_neighbour", 1000)):
        for row in answer(bundle, "get_resources", resource_type="pods").splitlines()[1:]:
            answer(bundle, "describe_resource", resource_type="pods", name=row.split()[0])
        for row in answer(bundle, "get_resources", resource_type="nodes").splitlines()[1:]:
            answer(bundle, "describe_resource", resource_type="nodes", name=row.split()[0])
            answer(bundle, "get_metrics", service=row.split()[0])
        for row in answer(bundle, "get_changes").splitlines()[1:]:
            for tool in ("get_changes", "get_metrics", "get_logs", "get_config"):
                answer(bundle, tool, service=row.split()[3])
        for line in answer(bundle, "get_topology").splitlines():
            if " -> " in line:
                source, target = line.split("  ")[0].split(" -> ")
                for name in (source, target):
                    for tool in ("get_metrics", "get_logs", "get_traces", "get_topology", "get_config", "get_changes"):
                        answer(bundle, tool, service=name)
                    answer(bundle, "check_connectivity", target=name)
