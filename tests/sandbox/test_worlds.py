import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.calls import canonical
from cases.diagnosis import Answer
from cases.transcript import Level
from sandbox import capture, worlds
from sandbox.bundle import CaseBundle
from sandbox.environment.world.base import Binding, TableFile, WorldSpec
from sandbox.environment.world.tables import build_tables
from sandbox.importers.store import bring_in
from sandbox.models import TableBlob
from tests.factories import RECORDINGS, TASK, make_case

pytestmark = pytest.mark.django_db
AT = datetime(2024, 5, 1, 12, tzinfo=UTC)


def table(name, data):
    return TableFile(name, hashlib.sha256(data).hexdigest(), rows=3, size=len(data), first_at=AT, last_at=AT, data=data)


def world(*tables):
    return WorldSpec(tables or (table("logs", b"lines"),), {}, alert_at=AT, manifest={"captured": ["logs"]})


def test_snapshot_gives_its_world_back_byte_for_byte():
    spec = world(table("logs", b"lines"), table("metrics", b"points"))
    snapshot = capture.freeze(make_case(), RECORDINGS, world=spec)
    back = worlds.with_bytes(worlds.spec_of(snapshot))
    assert (back, back.digest) == (replace(spec), spec.digest)
    assert [held.data for held in back.tables] == [b"lines", b"points"]


def test_world_makes_another_snapshot_and_the_same_one_none():
    case = make_case()
    first = capture.freeze(case, RECORDINGS)
    second = capture.freeze(case, RECORDINGS, world=world())
    assert (first.number, second.number, capture.freeze(case, RECORDINGS, world=world())) == (1, 2, second)
    assert worlds.spec_of(first) is None


def test_tables_are_stored_once_for_every_world_that_has_them():
    capture.freeze(make_case(), RECORDINGS, world=world())
    capture.freeze(make_case(), RECORDINGS, world=world(table("logs", b"lines"), table("events", b"none")))
    assert sorted(TableBlob.objects.values_list("size", "rows")) == [(4, 3), (5, 3)]


def test_table_without_its_bytes_is_refused_and_nothing_is_stored():
    case = make_case()
    with pytest.raises(ValueError, match="table logs comes without its bytes"):
        capture.freeze(case, RECORDINGS, world=world(replace(table("logs", b"lines"), data=b"")))
    assert (case.snapshots.count(), TableBlob.objects.count()) == (0, 0)


def test_later_session_keeps_the_world():
    case = make_case()
    capture.freeze(case, RECORDINGS, world=world())
    assert worlds.spec_of(capture.freeze_sessions(case)) == worlds.spec_of(case.snapshots.first())


def test_bundle_brings_its_world():
    bundle = CaseBundle(("tests", "w1"), "w1", "market", TASK, Answer(), RECORDINGS, world=world())
    assert bring_in(bundle).detail == "3 recordings, a world of 1 table"
    assert TableBlob.objects.count() == 1


LINES = [
    {"at": AT - timedelta(minutes=n), "component": "till", "pod": "till-0", "level": "error", "line": f"failed {n}"}
    for n in (3, 2, -9)
]
ASK = {"get_logs": Binding("logs", '{component="{{service}}"}', format="lines", ignored=("lines",))}


@pytest.fixture
def asked(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    spec = WorldSpec(build_tables({"logs": LINES}), ASK, alert_at=AT)
    return capture.freeze(make_case(), RECORDINGS, world=spec)


def test_stored_world_answers_what_nobody_recorded_and_never_from_the_future(asked):
    seen = capture.source_of(asked).open().call("get_logs", {"service": "till", "lines": 7})
    assert (seen.level, seen.is_error) == (Level.R3, False)
    assert ("failed 3" in seen.output, "failed 2" in seen.output, "failed -9" in seen.output) == (True, True, False)


def test_same_question_has_the_same_answer_where_the_cache_was_emptied(asked, tmp_path, settings):
    def answer():
        return worlds.opened(asked, TASK.tools).answer(call, now=AT).output

    call = canonical("get_logs", {"service": "till"}, TASK.tools[0])
    first = answer()
    settings.DATA_DIR = tmp_path / "another machine"
    assert answer() == first
