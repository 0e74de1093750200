"""The loop without a browser: evolve and agent run, as a person types them."""

import json
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from cases.models import Case
from rules import versions
from rules.models import Patch, Review
from sandbox.importers.store import bring_in
from tests import factories
from tests.lab import lab_case
from tests.rules.builders import user

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    lead = user("lead", "lead")
    user("reviewer", "reviewer")
    for fault in ("long_transaction_lock", "connection_pool_too_small", "no_fault"):
        bring_in(lab_case("quayside", fault, 1), confirm_as=lead)


def told(*words) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_evolve_learns_and_prints_old_beside_new(library, tmp_path):
    report, junit = tmp_path / "report.json", tmp_path / "report.xml"
    text = told("evolve", "--approve-as", "reviewer", "--json", str(report), "--junit", str(junit))
    data = json.loads(report.read_text())
    assert (data["before"], data["after"]) == (0, 1)
    assert (data["totals"]["old"]["passed"], data["totals"]["new"]["passed"], data["totals"]["new"]["n"]) == (2, 3, 3)
    assert (data["totals"]["regressed"], data["totals"]["fixed"]) == (0, 1)
    assert "pass rate 2/3 -> 3/3; 0 regressed, 1 fixed" in text
    assert "RULE " in text
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "0", "0")
    given = Review.objects.get()
    assert (given.by.username, given.by_flag, given.decision) == ("reviewer", True, "approve")


def test_evolve_leaves_the_decision_to_a_person_where_none_is_given(library):
    text = told("evolve")
    assert versions.head().number == 0
    assert Patch.objects.get().state == Patch.State.IN_REVIEW
    assert "1 of these wait for a person's decision: review them, or give --approve-as" in text


def test_evolve_without_cases_says_what_to_do():
    with pytest.raises(CommandError, match="no confirmed case: import some with --confirm-as"):
        told("evolve")


def test_evolve_takes_no_approval_of_an_expert():
    factories.make_confirmed_case()
    user("eve", "expert")
    with pytest.raises(CommandError, match="eve is neither a reviewer nor a lead"):
        told("evolve", "--approve-as", "eve")


def test_agent_run_shows_each_step_and_stores_nothing(library):
    case = Case.objects.get(current__fault_class="connection_pool_too_small")
    text = told("agent", "run", str(case.pk))
    assert "\n1. get_" in text
    assert "conclusion: root_cause" in text
    assert "connection_pool_too_small at" in text
    assert "verdict: success" in text
    assert not case.sessions.filter(actor="agent").exists()


def test_agent_run_of_an_unknown_case_says_so():
    with pytest.raises(CommandError, match="There is no case 'nothing'"):
        told("agent", "run", "nothing")


def test_evolve_on_an_unknown_system_names_those_there_are():
    system = factories.make_confirmed_case().system.name
    with pytest.raises(CommandError, match=f"There is no system 'nope'; there are: {system}"):
        told("evolve", "--system", "nope")
