"""Variants say the same of the same case: consistently, and only where that is sound."""

import pytest

from cases.diagnosis import Answer, Cause
from cases.transcript import Task
from sandbox.environment.base import Recording
from sandbox.variants import DECOY, JITTER, KINDS, NO_FAULT, RENAME, REWORD, SCALE, SHIFT, SWAP, THIN, variants

TASK = Task(
    "ledger is slow since 2026-01-01T10:00:00Z",
    {
        "alert": {
            "labels": {"service": "ledger"},
            "annotations": {"summary": "p95 of ledger is 812.5 ms"},
            "startsAt": "2026-01-01T10:00:00Z",
        }
    },
    system="market",
)
ANSWER = Answer(
    causes=(Cause("ledger", "missing_index"),),
    expected=("ledger lacks an index",),
    aliases={"ledger": ["pod/ledger-0"]},
)
LOG = "".join(f"2026-01-01T10:00:{second:02d}Z INFO request {second} done\n" for second in range(30))
RECORDINGS = (
    Recording(
        "get_metrics", {"service": "ledger"}, "time,p95\n2026-01-01T10:00:00Z,812.5\n2026-01-01T10:01:00Z,812.5\n"
    ),
    Recording("get_logs", {"service": "ledger"}, f"{LOG}2026-01-01T10:01:00Z ERROR ledger-0 timed out\n"),
    Recording("get_logs", {"service": "orders"}, f"{LOG}2026-01-01T10:01:00Z WARN call to ledger is slow\n"),
)


def made(recordings=RECORDINGS, task=TASK, names=("orders",)):
    return {variant.kind: variant for variant in variants(task, ANSWER, recordings, names=names)}


def test_every_kind_is_made_where_it_is_sound_and_the_same_each_time():
    assert set(made()) == set(KINDS) - {SCALE, SWAP, NO_FAULT}  # those want a system that can be run again
    assert made() == made()


def test_names_change_everywhere_alike_and_are_nowhere_else():
    variant = made()[RENAME]
    new = variant.answer.causes[0].component
    assert new != "ledger" and new not in repr(RECORDINGS)
    assert variant.recordings[0].arguments == {"service": new}
    assert variant.answer.aliases == {new: [f"pod/{new}-0"]}
    assert f"call to {new} is slow" in variant.recordings[2].output
    assert f"{new}-0 timed out" in variant.recordings[1].output
    assert "ledger" not in repr(variant) and "orders" not in repr(variant)


def test_moments_move_by_the_same_span_and_nothing_else_does():
    variant = made()[SHIFT]
    assert variant.task.prompt == "ledger is slow since 2026-01-12T13:00:00Z"
    assert variant.task.context["alert"]["startsAt"] == "2026-01-12T13:00:00Z"
    assert variant.recordings[0].output == "time,p95\n2026-01-12T13:00:00Z,812.5\n2026-01-12T13:01:00Z,812.5\n"


def test_a_moment_that_stands_for_never_stays():
    never = Recording("get_certificates", {}, "ledger valid until 9999-12-31T23:59:59Z\n")
    assert made((*RECORDINGS, never))[SHIFT].recordings[-1].output == never.output


def test_names_that_are_too_many_to_be_made_up_are_left_alone():
    assert RENAME not in made(names=tuple(f"service{number}" for number in range(300)))


@pytest.mark.parametrize("odd", ["since Jan 1 10:00", "at 1767261600 s", "on 2026/01/01"])
def test_times_in_a_form_that_cannot_be_moved_make_no_shift(odd):
    assert SHIFT not in made((*RECORDINGS, Recording("get_changes", {}, odd)))
    assert SHIFT in made((*RECORDINGS, Recording("get_queries", {}, "query 1712345678")))


def test_a_figure_becomes_the_same_other_figure_everywhere():
    output = made()[JITTER].recordings[0].output
    first, second = (line.split(",")[1] for line in output.splitlines()[1:])
    assert first == second != "812.5"
    assert abs(float(first) - 812.5) <= 8.2


def test_harmless_lines_are_thinned_and_complaints_stay():
    before, after = RECORDINGS[1].output.splitlines(), made()[THIN].recordings[1].output.splitlines()
    assert 0 < len(before) - len(after) < 20
    assert set(after) < set(before) and before[-1] in after


def test_only_the_healthy_complain_more():
    variant = made()[DECOY]
    assert variant.recordings[1].output == RECORDINGS[1].output
    more = set(variant.recordings[2].output.splitlines()) - set(RECORDINGS[2].output.splitlines())
    assert more and all(" WARN " in line and line.startswith("2026-01-01T10:00:") for line in more)


def test_alert_is_told_in_other_words_and_without_one_there_is_none():
    assert made()[REWORD].task.prompt.startswith("Somebody was woken up: p95 of ledger is 812.5 ms (on ledger).")
    assert REWORD not in made(task=Task("something is slow"))
