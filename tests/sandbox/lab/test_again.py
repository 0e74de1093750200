"""A lab case made again is the same system, and its answer is what was broken then."""

import pytest

from cases.diagnosis import Conclusion
from sandbox.lab import again, case
from sandbox.variants import LOAD

POOL = case.Plot("quayside", "connection_pool_too_small", 1)


def alerted(posed) -> str:
    return posed.task.context["alert"]["labels"]["alertname"]


def rate(posed) -> float:
    """Requests a second that the front door took, over all minutes."""
    recording = next(one for one in posed.recordings if one.tool == "get_metrics")
    _, header, *rows = recording.output.splitlines()
    at = header.split(",").index("requests_per_second")
    return sum(float(row.split(",")[at]) for row in rows) / len(rows)


@pytest.mark.parametrize(
    ("path", "plot"),
    [
        ("quayside/connection_pool_too_small/1", POOL),
        ("elsewhere/connection_pool_too_small/1", None),
        ("quayside/no_such_fault/1", None),
        ("quayside/connection_pool_too_small/first", None),
        ("quayside", None),
        ("", None),
    ],
)
def test_only_what_the_lab_makes_has_a_plot(path, plot):
    assert case.plot_of(path) == plot


def test_under_another_load_the_answer_is_the_same_and_the_figures_are_not():
    first, other = case.posed(case.happen(POOL.system, POOL.fault, POOL.seed)), again.scaled(POOL)
    assert other.answer.causes == first.answer.causes
    assert rate(other) == pytest.approx(LOAD * rate(first), rel=0.15)
    assert [one.arguments for one in other.recordings if one.tool == "get_logs"] == [
        one.arguments for one in first.recordings if one.tool == "get_logs"
    ]


def test_another_cause_raises_an_alert_of_the_same_name():
    first, other = case.posed(case.happen(POOL.system, POOL.fault, POOL.seed)), again.swapped(POOL)
    assert alerted(other) == alerted(first)
    assert other.answer.causes[0].fault_class != first.answer.causes[0].fault_class
    assert again.swapped.__wrapped__(POOL).answer == other.answer  # the same one each time


def test_with_nothing_broken_a_question_is_asked_and_no_fault_is_the_answer():
    other = again.healthy(POOL)
    assert other.answer.conclusion is Conclusion.NO_FAULT
    assert "alert" not in other.task.context


def test_where_no_other_fault_raises_its_alert_there_is_no_swap(monkeypatch):
    monkeypatch.setattr(again, "_alert", lambda plot: plot.fault)
    assert again.swapped.__wrapped__(POOL) is None
    monkeypatch.setattr(again, "_alert", lambda plot: "")
    assert again.swapped.__wrapped__(POOL) is None


def test_where_nothing_alerts_under_less_load_there_is_no_such_variant():
    assert again.scaled(case.Plot("quayside", "replicas_scaled_down", 1)) is None
