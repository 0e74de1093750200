import pytest

from cases import intake, labelling, proposing
from cases.models import Case
from rules import merge, patches, review
from rules.lineage import lineage
from rules.models import Patch
from sandbox.importers.store import bring_in
from sandbox.lab import make
from tests import factories
from tests.rules import builders, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return factories.make_user("lead", name="lena")


def came(case, user) -> list[tuple[str, str]]:
    return [(line.name, line.words) for line in lineage(case, user)["came"]]


def test_alert_lab_and_import_say_what_a_case_was_made_from(lead):
    (alert,) = intake.receive_alert({"title": "slow", "description": "checkout", "labels": {"service": "till"}})
    bring_in(make("quayside", "no_fault", 3), confirm_as=lead)
    made = Case.objects.get(origin="sandbox.lab")
    imported = factories.make_case()
    assert came(alert, lead)[0] == ("Came in as", "an alert")
    assert came(made, lead)[0] == ("Made by the lab", "quayside, seed 3")
    assert came(imported, lead) == [("Came from", "tests"), ("Answer from", "its source")]


def test_answer_names_the_session_it_was_proposed_from(lead):
    case = factories.make_case(answer=None)
    expert = factories.make_user("expert", name="elif")
    session = factories.make_finished_session(case, actor="expert", engine="expert", by=expert)
    case = proposing.propose(session, by=expert)
    line = lineage(case, lead)["came"][-1]
    assert (line.name, line.words, line.url) == ("Answer from", f"session {session.pk}", session.get_absolute_url())
    assert line.note == "proposed by elif"


def test_patches_versions_and_copies_of_a_case(lead):
    case = factories.make_confirmed_case(name="the case")
    twin = factories.make_labelled_case(name="its twin")
    patch = patches.draft(title="look behind", add=(builders.rule(),), engine="offline")
    patches.propose(patch)
    regression = scene.regression(patch=patch)
    pair = scene.pair(regression, "fixed", name="other")
    pair.case_version = case.current
    pair.save()
    scene.transition(patch, "testing", regression=regression)
    patches.judge(patch)
    reviewer = factories.make_user("reviewer")
    review.decide(patch, by=reviewer, decision="approve")
    for other in Case.objects.exclude(pk=case.pk):
        other.gates = False
        other.save()
    version = merge.merge(patch, by=reviewer)
    Patch.objects.update(case=case)
    found = lineage(case, lead)
    assert twin in found["copies"]
    (learned,) = found["learned"]
    assert (learned.patch, learned.version, learned.rules) == (patch, version, ("look-behind-the-pool",))
    assert learned.served == learned.rules
    assert [(one.version, one.outcome) for one in found["moved"]] == [(version, "fixed")]
    labelling.take(twin, by=lead)
    assert twin not in lineage(case, lead)["copies"]


def test_case_page_loads_its_lineage(client, lead):
    client.force_login(lead)
    case = factories.make_confirmed_case()
    beside = f"/panels/cases/{case.pk}/sandbox/"  # which the page loads, and which loads it once it stands
    assert beside in client.get(case.get_absolute_url()).content.decode()
    assert f"/panels/cases/{case.pk}/lineage/" in client.get(beside).content.decode()
    polled = client.get(beside, headers={"HX-Request": "true", "HX-Target": "case-sandbox"})
    assert "lineage" not in polled.content.decode()
    page = client.get(f"/panels/cases/{case.pk}/lineage/").content.decode()
    assert "No patch was written for it." in page


def test_lineage_asks_as_often_for_20_patches_as_for_1(client, lead, django_assert_max_num_queries):
    client.force_login(lead)
    case = factories.make_confirmed_case()

    def asked() -> int:
        with django_assert_max_num_queries(100) as captured:
            client.get(f"/panels/cases/{case.pk}/lineage/")
        return len(captured)

    def another(number: int):
        patches.draft(title=f"n {number}", add=(builders.rule(f"rule-{number}"),), engine="offline", case=case)

    another(0)
    asked()
    one = asked()
    for number in range(1, 20):
        another(number)
        factories.make_labelled_case()
    assert asked() == one
