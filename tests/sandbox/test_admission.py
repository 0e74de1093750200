from datetime import UTC, datetime

import pytest

from cases import recording
from cases.models import Session
from cases.transcript import Level
from sandbox import admission, capture, regression, reports, work
from sandbox.environment.base import Recording
from sandbox.environment.world.base import Binding, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.knowledge.rule import EMPTY
from sandbox.models import Snapshot
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)


def confirmed_with_path(*calls):
    """A gating case whose expert asked ``calls``; only RECORDINGS are frozen."""
    case = factories.make_confirmed_case()
    session = factories.make_session(case, actor=Session.Actor.EXPERT, engine="imported")
    for call in calls:
        factories.add_step(session, call)
    recording.finish(session, diagnosis=factories.make_diagnosis(), stop_reason="concluded")
    return case


UNSEEN = Recording("get_logs", {"service": "gate"}, "what nobody froze")


def test_worker_measures_each_snapshot_once():
    case = factories.make_confirmed_case()
    assert Snapshot.objects.unmeasured().count() == 1
    work.turn()
    snapshot = case.snapshots.get()
    assert snapshot.admission["explorers"] == 32
    assert snapshot.held_back == ""
    assert (admission.admit(), list(Snapshot.objects.unmeasured())) == (0, [])


def test_case_with_a_miss_on_its_reference_path_does_not_gate():
    good, bad = confirmed_with_path(factories.RECORDINGS[0]), confirmed_with_path(factories.RECORDINGS[0], UNSEEN)
    while admission.admit():
        pass
    assert list(admission.gating()) == [good]
    assert [(held.case, held.held_back) for held in admission.not_gating()] == [
        (bad, "a call on its reference path is not captured (get_logs)")
    ]
    row = regression.open_for(base=EMPTY, candidate=EMPTY)
    assert list(row.pairs.values_list("case_version__case", flat=True)) == [good.pk]
    assert list(regression.untested(row)) == []


def test_regression_over_nothing_but_held_back_cases_says_which():
    case = confirmed_with_path(UNSEEN)
    admission.admit()
    with pytest.raises(regression.RegressionError, match=f"No confirmed case may gate; {case.name}, for one"):
        regression.open_for(base=EMPTY, candidate=EMPTY)


def test_better_snapshot_gates_again():
    case = confirmed_with_path(UNSEEN)
    admission.admit()
    capture.freeze(case, (*factories.RECORDINGS, UNSEEN))
    assert list(admission.gating()) == [case]
    admission.admit()
    assert list(admission.gating()) == [case]


def test_snapshot_that_cannot_be_measured_is_held_back_in_words(monkeypatch):
    snapshot = factories.make_snapshot(factories.make_confirmed_case())
    monkeypatch.setattr(admission, "ENGINE", "nobody")
    admission.measure(snapshot)
    snapshot.refresh_from_db()
    assert (snapshot.admission, snapshot.held_back) == (
        {"error": "UnknownEngineError"},
        "its coverage could not be measured: UnknownEngineError",
    )


def test_sessions_of_agents_are_no_reference_path():
    case = factories.make_confirmed_case()
    factories.make_finished_session(case, steps=(UNSEEN,))
    admission.admit()
    assert case.snapshots.get().admission["reference"] == 0


def test_case_page_and_library_say_what_does_not_gate(client):
    case = confirmed_with_path(UNSEEN)
    admission.admit()
    client.force_login(factories.make_user("lead"))
    panel = client.get(f"/panels/cases/{case.pk}/sandbox/").content.decode()
    assert "Does not gate:" in panel
    assert "1 of 1 calls not captured" in panel
    line = client.get("/panels/library/held-back/").content.decode()
    assert "1 confirmed case does not gate:" in line
    assert f"{case.name}</a>: a call on its reference path is not captured (get_logs)" in line


def test_regression_row_says_what_was_never_recorded():
    case = factories.make_confirmed_case()
    row = regression.open_for(base=EMPTY, candidate=EMPTY)
    pair = row.pairs.get()
    session = factories.make_session(case, origin=Session.Origin.REGRESSION)
    factories.add_step(session, level=Level.R3)
    factories.add_step(session, UNSEEN, level=Level.MISS)
    row.pairs.filter(pk=pair.pk).update(candidate_session=session)
    (found,) = reports.report_of(row).rows
    assert found.beyond_recordings == "new asked what was never recorded: 1 answered by the world, 1 not captured"


def test_world_says_how_far_it_agrees_with_what_was_recorded(client, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    case = factories.make_confirmed_case()
    line = {"at": AT, "component": "till", "line": "INFO all quiet"}
    binding = Binding("logs", '{component="{{service}}"}', "lines", line="{{line}}", ignored=("lines",))
    spec = WorldSpec(build_tables({"logs": [line]}), {"get_logs": binding}, alert_at=AT)
    snapshot = capture.freeze(case, factories.RECORDINGS, world=spec)
    admission.measure(snapshot)
    (logs,) = [tool for tool in snapshot.admission["fidelity"]["tools"] if tool["tool"] == "get_logs"]
    recorded = sum(taken.tool == "get_logs" for taken in factories.RECORDINGS)
    assert (logs["by"], logs["recorded"], logs["asked"], logs["agreeing"]) == ("logs", recorded, recorded, 1)
    client.force_login(factories.make_user("lead"))
    page = client.get(f"/cases/{case.pk}/snapshot/").content.decode()
    assert f"1 of {recorded} recorded calls get the recorded answer from the world" in page
    assert "1 captured, 0 sampled, 8 missing" in page
    assert logs["first"][0]["arguments"] in page
    assert "1 captured, 0 sampled, 8 missing" in client.get(f"/panels/cases/{case.pk}/sandbox/").content.decode()
