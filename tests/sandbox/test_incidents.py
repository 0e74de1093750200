"""A live incident as rows: its clock, its steps, its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import recording
from cases import work as cases_work
from cases.access import may_see_answer
from cases.models import Case, Session
from cases.recording import RecordingError
from sandbox import incidents, work, workbench
from sandbox.incidents import IncidentError
from sandbox.lab.live import LONGEST
from sandbox.models import Exploration, LiveAction, LiveIncident, Snapshot
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def me():
    return factories.make_user("expert")


@pytest.fixture
def row(me):
    return incidents.begin(system="quayside", category="database", level="hard", pace=5, by=me, seed=3)


def later(row, minutes):
    """A moment at which the incident's clock has gone on by so many minutes."""
    return row.since + timedelta(minutes=minutes) / row.pace


def test_it_begins_when_somebody_is_called(row, me):
    now = row.since
    assert incidents.minutes_at(row, now) == row.began
    assert (row.session.by, row.session.origin, row.session.actor) == (me, "trial", "expert")
    happened = incidents.seen(row, now)
    assert happened.onset < row.began == happened.count - 1


def test_it_may_begin_before_it_happens(me):
    row = incidents.begin(system="quayside", begins=incidents.QUIET, by=me, seed=4)
    happened = incidents.seen(row, row.since)
    assert row.began == happened.onset - 2


def test_nothing_stored_where_people_look_tells_what_it_is(row):
    case = row.session.case
    told = f"{case.name} {case.tags} {case.source} {case.origin_path} {case.current.prompt} {case.current.context}"
    effect = incidents.seen(row, row.since).effect
    assert case.current.answer == {}
    assert row.fault not in told and effect.component not in told and str(row.seed) not in told.split()
    assert may_see_answer(row.session.by)


def test_what_cannot_be_drawn_leaves_nothing_behind(me):
    with pytest.raises(IncidentError, match="that hard"):
        incidents.begin(system="quayside", category="database", level="easy", by=me, seed=1)
    assert (Case.objects.count(), Session.objects.count(), LiveIncident.objects.count()) == (0, 0, 0)


def test_the_clock_runs_at_its_pace_stands_still_and_goes_on(row):
    began = row.since
    assert incidents.minutes_at(row, began + timedelta(minutes=1)) == row.began + 5
    incidents.set_clock(row, running=False, now=began + timedelta(minutes=1))
    assert incidents.minutes_at(row, began + timedelta(hours=3)) == row.began + 5
    incidents.set_clock(row, pace=20, running=True, now=began + timedelta(hours=3))
    assert incidents.minutes_at(row, began + timedelta(hours=3, minutes=1)) == row.began + 25
    again = LiveIncident.objects.get(pk=row.pk)
    assert incidents.minutes_at(again, began + timedelta(hours=3, minutes=1)) == row.began + 25


def test_another_pace_moves_no_clock_that_stands_still(row):
    incidents.set_clock(row, running=False, now=row.since)
    incidents.set_clock(row, pace=1, now=timezone.now())
    assert (row.since, row.pace, row.minute_at) == (None, 1, row.began)


def test_of_two_people_at_the_clock_the_first_is_heard(row):
    stale = LiveIncident.objects.get(pk=row.pk)
    incidents.set_clock(row, running=False, now=later(row, 3))
    incidents.set_clock(stale, pace=20, now=row.session.started_at + timedelta(hours=1))
    assert (stale.since, stale.pace, stale.minute_at) == (None, 5, row.minute_at)


def test_the_clock_ends_with_the_longest_incident(row):
    assert incidents.minutes_at(row, later(row, 10_000)) == LONGEST


def test_a_call_is_a_step_at_the_incidents_time(row):
    now = later(row, 4.5)
    step = incidents.run_tool(row, "get_alerts", {}, now=now)
    happened = incidents.seen(row, now)
    assert (step.index, step.level, step.is_error) == (0, "live", False)
    assert step.at == happened.at(row.began + 4.5)
    assert '"state": "active"' in step.raw.text


def test_an_action_is_kept_and_works_from_the_next_minute_on(row):
    step = incidents.run_tool(row, "scale_deployment", {"service": "till", "replicas": 4}, now=row.since)
    assert list(LiveAction.objects.values_list("minute", "tool", "step")) == [
        (row.began + 1, "scale_deployment", step.pk)
    ]
    ready = incidents.seen(row, later(row, 2)).minutes
    assert [ready[row.began + minute].services["till"].ready for minute in (0, 1)] == [2, 4]


def test_a_refused_action_is_a_step_and_nothing_else(row):
    step = incidents.run_tool(row, "drain_node", {"node": "deck-9"}, now=row.since)
    assert (step.is_error, LiveAction.objects.count()) == (True, 0)


def test_the_console_runs_and_completes_in_a_live_incident(row, me):
    step = workbench.run_line(row.session, "get_pool_status service=bosun", by=me)
    assert "pool bosun-primary" in step.raw.text
    names = [one.label for one in workbench.completions(row.session, "rollback_deployment service=til")]
    assert names == ["till"]
    assert workbench.answers(row.session) and not workbench.answers(factories.make_session())


def test_giving_up_ends_it_and_says_what_it_was(row):
    incidents.give_up(row, now=later(row, 6))
    row = LiveIncident.objects.select_related("session__case__current").get(pk=row.pk)
    assert (row.session.state, row.session.stop_reason, row.session.diagnosis) == ("finished", "gave_up", None)
    assert row.session.case.current.fault_class == row.fault
    with pytest.raises(IncidentError, match="has ended"):
        incidents.set_clock(row, pace=1, now=timezone.now())
    with pytest.raises(IncidentError, match="has ended"):
        incidents.give_up(row, now=timezone.now())
    with pytest.raises(RecordingError):
        incidents.run_tool(row, "get_alerts", {}, now=timezone.now())


def test_the_clock_stands_still_from_the_conclusion_on(row):
    end = later(row, 7)
    incidents.give_up(row, now=end)
    assert incidents.minutes_at(row, end + timedelta(days=1)) == pytest.approx(row.began + 7)


def conclude(row, component, fault_class):
    step = incidents.run_tool(row, "get_slow_queries", {}, now=later(row, 3))
    quote = step.raw.text.splitlines()[0]
    diagnosis = factories.make_diagnosis(component, fault_class)
    claim = factories.Claim("c1", factories.ClaimKind.OBSERVATION, "seen", refs=(factories.Ref(0, quote),))
    recording.finish(
        row.session,
        diagnosis=factories.replace(diagnosis, claims=(claim,)),
        stop_reason="concluded",
        at=later(row, 5),
    )


def test_a_conclusion_is_measured_against_what_it_was_like_any_other(row):
    effect = incidents.seen(row, row.since).effect
    conclude(row, effect.component, row.fault)
    assert work.settle_incidents() == 1
    assert work.settle_incidents() == 0
    cases_work.turn()
    row = LiveIncident.objects.select_related("session__case__current").get(pk=row.pk)
    assert incidents.is_evaluated(row)
    assert row.session.evaluations.latest("pk").correct is True


def test_a_wrong_conclusion_teaches_nobody(row):
    conclude(row, "till", "disk_full")
    work.settle_incidents()
    cases_work.turn()
    work.turn()
    assert row.session.evaluations.latest("pk").correct is False
    assert (Exploration.objects.count(), Snapshot.objects.count()) == (0, 0)


def test_an_incident_becomes_a_case_as_it_went_by_itself(row, me):
    with pytest.raises(IncidentError, match="Conclude the incident first"):
        incidents.propose(row, by=me)
    incidents.give_up(row, now=later(row, 2))
    case = incidents.propose(row, by=me)
    assert (case.origin_path, case.state) == (f"quayside/{row.fault}/{row.seed}", "labelled")
    assert case.snapshots.get().recordings_count > 300
    assert incidents.propose(row, by=me) == case
    assert LiveIncident.objects.get(pk=row.pk).baseline == case
