from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases import work as cases_work
from cases.models import Case
from sandbox import incidents
from sandbox.models import LiveIncident
from tests import factories
from tests.sandbox.lab.drawn import seed_of

pytestmark = pytest.mark.django_db
HERE = reverse("sandbox:lab")


@pytest.fixture
def me(client):
    user = factories.make_user("expert", name="ada")
    client.force_login(user)
    return user


@pytest.fixture
def row(me):
    return begun(me)


def begun(by, seed=None):
    seed = seed_of("missing_index", category="database") if seed is None else seed
    return incidents.begin(system="quayside", category="database", level="hard", pace=5, by=by, seed=seed)


def text(answer):
    return answer.content.decode()


def form(**fields):
    return {"system": "quayside", "category": "", "level": "", "begins": "paged", "pace": "5"} | fields


def test_lab_offers_kinds_and_difficulties_and_names_no_fault(client, me):
    said = text(client.get(HERE))
    assert "Surprise me" in said and "Database" in said and "10 services" in said
    assert not any(fault in said for fault in incidents.live.FAULTS)


def test_starting_leads_into_the_room(client, me):
    answer = client.post(reverse("sandbox:begin_incident"), form(category="network", pace="20"))
    row = LiveIncident.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url())
    assert (row.pace, row.session.by) == (20, me)


def test_what_cannot_be_started_is_said_and_what_was_chosen_stays(client, me):
    answer = client.post(reverse("sandbox:begin_incident"), form(category="database", level="easy"))
    assert answer.status_code == 422
    assert "No incident of that kind is that hard" in text(answer)
    assert '<option value="database" selected>' in text(answer)
    assert LiveIncident.objects.count() == 0


@pytest.mark.parametrize("field", ["system", "category", "level", "begins", "pace"])
def test_what_is_no_choice_is_refused(client, me, field):
    assert client.post(reverse("sandbox:begin_incident"), form(**{field: "nonsense"})).status_code == 422


def test_room_shows_alerts_and_nothing_of_the_cause(client, row):
    said = text(client.get(row.get_absolute_url()))
    effect = incidents.seen(row, timezone.now()).effect
    assert "DatabasePoolAtLimit" in said
    assert row.fault not in said and effect.mechanism not in said
    assert "rollback_deployment" in said


def test_room_alone_comes_to_a_poll(client, row):
    answer = client.get(row.get_absolute_url(), headers={"HX-Request": "true"})
    assert text(answer).strip().startswith('<div class="room" id="room">')
    assert 'hx-trigger="every 5s' in text(answer)


def test_standing_still_asks_no_more(client, row):
    answer = client.post(
        reverse("sandbox:incident_clock", args=[row.pk]), {"running": "no"}, headers={"HX-Request": "true"}
    )
    assert "every" not in text(answer) and "Stands still" in text(answer)
    row.refresh_from_db()
    assert row.since is None


def test_pace_is_set_without_a_script_too(client, row):
    answer = client.post(reverse("sandbox:incident_clock", args=[row.pk]), {"pace": "20"})
    row.refresh_from_db()
    assert (answer["Location"], row.pace, row.since is not None) == (row.get_absolute_url(), 20, True)


@pytest.mark.parametrize("sent", [{"pace": "7"}, {"running": "maybe"}])
def test_a_clock_nobody_has_changes_nothing(client, row, sent):
    client.post(reverse("sandbox:incident_clock", args=[row.pk]), sent)
    assert LiveIncident.objects.values("pace", "minute_at", "since").get() == {
        "pace": row.pace,
        "minute_at": row.minute_at,
        "since": row.since,
    }


def test_others_find_no_incident_and_a_lead_only_watches(client, row):
    client.force_login(factories.make_user("expert"))
    assert client.get(row.get_absolute_url()).status_code == 404
    client.force_login(factories.make_user("lead"))
    said = text(client.get(row.get_absolute_url()))
    assert "DatabasePoolAtLimit" in said and "Conclude" not in said
    assert client.post(reverse("sandbox:incident_clock", args=[row.pk]), {"pace": "20"}).status_code == 403
    assert client.get(reverse("sandbox:conclude_incident", args=[row.pk])).status_code == 403
    assert client.post(reverse("sandbox:give_up_incident", args=[row.pk])).status_code == 403


def test_what_is_typed_at_the_console_is_answered_live(client, row):
    answer = client.post(reverse("sandbox:console_run", args=[row.session_id]), {"line": "get_lock_waits"})
    assert answer.status_code == 200
    assert row.session.steps.get().level == "live"


def test_console_outside_the_room_leads_there(client, row):
    where = reverse("sandbox:console", args=[row.session_id])
    outside = client.get(where, headers={"HX-Current-URL": f"http://x/sessions/{row.session_id}/record/"})
    inside = client.get(where, headers={"HX-Current-URL": f"http://x{row.get_absolute_url()}"})
    assert (row.get_absolute_url() in text(outside), row.get_absolute_url() in text(inside)) == (True, False)


def conclusion(component, fault_class, **fields):
    sent = {"conclusion": "root_cause", "summary": "", "unsupported": "on", "causes-0-component": component}
    sent |= {"causes-0-fault_class": fault_class, "causes-0-confidence": "0.9"}
    for part, count in (("causes", 1), ("claims", 0), ("links", 0), ("mitigations", 0), ("rejected", 0)):
        sent |= {f"{part}-TOTAL_FORMS": str(count), f"{part}-INITIAL_FORMS": "0"}
    return sent | fields


def test_concluding_ends_in_the_debrief(client, row):
    effect = incidents.seen(row, timezone.now()).effect
    where = reverse("sandbox:conclude_incident", args=[row.pk])
    assert "What did you find?" in text(client.get(where))
    answer = client.post(where, conclusion(effect.component, row.fault))
    assert (answer.status_code, answer["Location"]) == (302, row.get_absolute_url()), text(answer)
    said = text(client.get(row.get_absolute_url()))
    assert "Being evaluated" in said and effect.component in said and row.fault in said
    waiting = client.get(f"{row.get_absolute_url()}?evaluation", headers={"HX-Request": "true"})
    cases_work.turn()
    ready = client.get(f"{row.get_absolute_url()}?evaluation", headers={"HX-Request": "true"})
    assert [(one.status_code, one.get("HX-Refresh")) for one in (waiting, ready)] == [(204, None), (204, "true")]
    assert "Being evaluated" not in text(client.get(row.get_absolute_url()))
    assert client.get(where)["Location"] == row.get_absolute_url()


def test_a_conclusion_that_lacks_something_leaves_the_incident_open(client, row):
    answer = client.post(reverse("sandbox:conclude_incident", args=[row.pk]), conclusion("", ""))
    assert answer.status_code == 422
    row.session.refresh_from_db()
    assert row.session.state == "recording"


def test_debrief_says_what_each_action_did(client, row):
    facts = incidents.seen(row, row.since).effect.facts
    incidents.run_tool(row, "get_pool_status", {"service": facts["owner"]}, now=row.since)
    incidents.run_tool(row, "create_index", {"table": facts["table"], "column": facts["column"]}, now=row.since)
    incidents.give_up(row, now=row.since + timedelta(minutes=4))
    said = text(client.get(row.get_absolute_url()))
    assert "Symptoms gone" in said and "Given up" in said
    assert "your step 1" in said and "1 call that the expert did not make" in said


def test_a_room_whose_incident_has_ended_is_loaded_anew(client, row):
    incidents.give_up(row, now=timezone.now())
    answer = client.get(row.get_absolute_url(), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_proposing_leads_to_the_case(client, row):
    where = reverse("sandbox:propose_incident", args=[row.pk])
    assert client.post(where)["Location"] == row.get_absolute_url()
    client.post(reverse("sandbox:give_up_incident", args=[row.pk]))
    answer = client.post(where)
    case = Case.objects.get(origin="sandbox.lab")
    assert answer["Location"] == case.get_absolute_url()
    assert case.get_absolute_url() in text(client.get(row.get_absolute_url()))


def test_history_is_mine_and_a_lead_sees_the_teams(client, row, me):
    incidents.give_up(row, now=timezone.now())
    assert "Given up" in text(client.get(HERE))
    client.force_login(factories.make_user("expert"))
    assert "No incident has ended yet" in text(client.get(f"{HERE}?of=team"))
    client.force_login(factories.make_user("lead"))
    assert "No incident has ended yet" in text(client.get(HERE))
    team = text(client.get(f"{HERE}?of=team"))
    assert "Given up" in team and "ada" in team


def test_history_takes_the_same_queries_for_one_and_for_twenty(client, me):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as taken:
            client.get(HERE)
        return len(taken)

    incidents.give_up(begun(me), now=timezone.now())
    one = queries()
    for _ in range(19):
        incidents.give_up(begun(me), now=timezone.now())
    assert queries() == one
