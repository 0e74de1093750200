from dataclasses import replace

import pytest

from cases.models import RawReturn
from cases.recording import RecordingError
from cases.transcript import Level, Observation, Step
from sandbox import capture
from sandbox.environment.base import Recording
from tests.factories import RECORDINGS, TASK, add_step, make_case, make_session, make_snapshot

pytestmark = pytest.mark.django_db


def test_snapshot_gives_back_what_was_frozen():
    case = make_case()
    snapshot = capture.freeze(case, RECORDINGS)
    back = sorted(capture.recordings_of(snapshot), key=lambda taken: taken.output)
    assert [replace(taken, order=0) for taken in back] == sorted(
        (replace(taken, order=0) for taken in RECORDINGS), key=lambda taken: taken.output
    )
    assert (snapshot.number, snapshot.recordings_count, snapshot.redactions) == (1, 3, [])
    assert snapshot.size == sum(len(taken.output) for taken in RECORDINGS)
    assert snapshot.inventory == {"pods": ["ledger-0", "till-0"]}


def test_equal_returns_are_in_memory_once(django_assert_num_queries):
    recordings = [Recording("get_logs", {"service": f"s{n}"}, "nothing to tell") for n in range(5)]
    snapshot = make_snapshot(make_case(), recordings)
    with django_assert_num_queries(2):
        held = capture.recordings_of(snapshot)
    assert len({id(taken.output) for taken in held}) == 1
    assert len({id(taken.tool) for taken in held}) == 1


def test_same_set_is_the_same_snapshot_in_any_order():
    case = make_case()
    assert capture.freeze(case, RECORDINGS) == capture.freeze(case, reversed(RECORDINGS))


def test_other_return_makes_a_new_snapshot():
    case = make_case()
    first = capture.freeze(case, RECORDINGS)
    second = capture.freeze(case, [replace(RECORDINGS[0], output="changed"), *RECORDINGS[1:]])
    assert (first.number, second.number) == (1, 2)
    assert case.snapshots.first() == second


def test_repetitions_keep_their_order():
    repeated = [Recording("get_logs", {"service": "till"}, text, order=n) for n, text in enumerate(["b", "a", "c"])]
    case = make_case()
    snapshot = capture.freeze(case, repeated)
    replay = capture.source_of(snapshot).open()
    assert [replay.call("get_logs", {"service": "till"}).output for _ in range(3)] == ["b", "a", "c"]
    swapped = [replace(taken, order=-taken.order) for taken in repeated]
    assert capture.freeze(case, swapped) != snapshot


def test_secrets_are_redacted_and_listed():
    taken = Recording("get_logs", {"service": "redis://:hunter2@cache"}, "password=hunter2 password=hunter3")
    snapshot = make_snapshot(make_case(), (taken,))
    assert snapshot.redactions == [{"kind": "connection string", "count": 1}, {"kind": "password", "count": 2}]
    assert not RawReturn.objects.filter(text__contains="hunter").exists()
    asked = {"service": "redis://:[REDACTED connection string]@cache"}
    assert capture.source_of(snapshot).open().call("get_logs", asked).output.count("[REDACTED password]") == 2


def test_source_is_kept_in_memory_and_knows_the_inventory(django_assert_num_queries):
    snapshot = make_snapshot(make_case())
    source = capture.source_of(snapshot)
    assert source.open().inventory().names == {"pods": ("ledger-0", "till-0")}
    with django_assert_num_queries(0):
        assert capture.source_of(snapshot) is source


def test_only_the_latest_sources_are_kept_in_memory(monkeypatch):
    monkeypatch.setattr(capture, "KEPT", 1)
    one, other = make_snapshot(make_case()), make_snapshot(make_case(), RECORDINGS[:1])
    source = capture.source_of(one)
    capture.source_of(other)
    assert capture.source_of(one) is not source


def test_return_that_is_no_text_stores_nothing():
    with pytest.raises(RecordingError, match="NUL"):
        make_snapshot(make_case(), (*RECORDINGS, Recording("get_logs", {"service": "x"}, "\x00")))
    assert not RawReturn.objects.exists()


def test_sessions_extend_the_snapshot_by_what_they_saw():
    case = make_case()
    make_snapshot(case, RECORDINGS[:1])
    session = make_session(case)
    add_step(session, RECORDINGS[0])  # known already
    add_step(session, RECORDINGS[1], level=Level.LIVE)
    add_step(session, replace(RECORDINGS[1], output="later"), level=Level.LIVE)
    add_step(session, replace(RECORDINGS[2], output="{}"), level=Level.MISS)
    other = make_session(case)
    add_step(other, replace(RECORDINGS[1], output="another session's first"), level=Level.LIVE)
    snapshot = capture.freeze_sessions(case)
    assert sorted(taken.output for taken in capture.recordings_of(snapshot)) == sorted(
        [RECORDINGS[0].output, RECORDINGS[1].output, "later"]
    )
    assert capture.freeze_sessions(case) == snapshot


def test_misses_are_counted_by_canonical_call():
    snapshot = make_snapshot(make_case())
    missed = Observation("{}", True, Level.MISS)
    steps = [
        Step(0, "list_resources", {"kind": "svc"}, missed),
        Step(1, "list_resources", {"kind": "services"}, missed),
        Step(2, "get_logs", {"service": "till"}, Observation("", level=Level.R0)),
    ]
    assert capture.note_misses(snapshot, steps) == 2
    assert [(miss.tool, miss.arguments, miss.times) for miss in snapshot.misses.all()] == [
        ("list_resources", {"kind": "services"}, 2)
    ]


def test_canonical_for_uses_the_tasks_own_schema():
    assert capture.canonical_for(TASK, "get_logs", {"service": "till", "lines": "5"}).arguments == {
        "service": "till",
        "lines": 5,
    }
