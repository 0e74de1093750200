from math import exp, factorial

import pytest

from sandbox.lab.queueing import beyond, cut, erlang_b, erlang_c, processor_sharing, station

LOADS = [0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.5, 5.0, 400.0]


def test_erlang_b_agrees_with_its_definition():
    weights = [7.5**each / factorial(each) for each in range(11)]
    assert erlang_b(10, 7.5) == pytest.approx(weights[-1] / sum(weights))


def test_erlang_c_is_the_utilisation_for_one_server():
    assert erlang_c(1, 0.7) == pytest.approx(0.7)


def test_erlang_c_is_one_from_saturation_on():
    assert (erlang_c(4, 4.0), erlang_c(4, 9.0)) == (1.0, 1.0)


def test_a_patient_line_waits_as_the_textbook_says():
    """With patience far beyond the wait, M/M/c+D is M/M/c: W = C / (c * mu - rate)."""
    line = station(rate=160, hold_ms=50, servers=10, patience_ms=60_000)
    assert line.wait_ms == pytest.approx(1000 * erlang_c(10, 8.0) / (200 - 160), rel=1e-6)
    assert line.lost < 1e-9


def test_one_server_without_patience_loses_what_erlang_b_says():
    assert station(rate=8, hold_ms=100, servers=1, patience_ms=1e-6).lost == pytest.approx(erlang_b(1, 0.8), rel=1e-4)


@pytest.mark.parametrize("load", LOADS)
def test_no_wait_exceeds_patience_and_work_is_conserved(load):
    line = station(rate=load * 200, hold_ms=50, servers=10, patience_ms=1000)
    assert 0 <= line.wait_ms <= 1000
    assert line.busy == pytest.approx(load * 10 * (1 - line.lost), rel=1e-6)
    assert line.busy <= 10 + 1e-6
    assert line.waiting == pytest.approx(load * 200 * line.wait_ms / 1000)


def test_waits_and_losses_grow_with_load():
    lines = [station(rate=load * 200, hold_ms=50, servers=10, patience_ms=1000) for load in LOADS]
    waits, lost = [line.wait_ms for line in lines], [line.lost for line in lines]
    assert waits == sorted(waits)
    assert lost == sorted(lost)


def test_below_saturation_waits_are_bounded_and_hardly_anyone_gives_up():
    line = station(rate=180, hold_ms=50, servers=10, patience_ms=1000)
    assert line.utilisation == pytest.approx(0.9)
    assert line.wait_ms < 50
    assert line.lost < 1e-6


def test_far_above_saturation_the_share_that_does_not_fit_gives_up():
    line = station(rate=2000, hold_ms=50, servers=10, patience_ms=1000)
    assert line.lost == pytest.approx(1 - 1 / 10, abs=1e-3)
    assert line.wait_ms == pytest.approx(1000, rel=0.01)


def test_the_fluid_limit_joins_the_exact_formula():
    exact = station(rate=1190, hold_ms=10, servers=7, patience_ms=1000)
    fluid = station(rate=1210, hold_ms=10, servers=7, patience_ms=1000)
    assert fluid.lost - exact.lost == pytest.approx(700 / 1190 - 700 / 1210, abs=1e-3)


def test_a_line_without_servers_loses_everyone():
    line = station(rate=10, hold_ms=50, servers=0, patience_ms=1000)
    assert (line.busy, line.wait_ms, line.lost) == (0.0, 1000, 1.0)


def test_a_line_without_arrivals_is_idle():
    line = station(rate=0, hold_ms=50, servers=3, patience_ms=1000)
    assert (line.busy, line.waiting, line.lost) == (0.0, 0.0, 0.0)


def test_processor_sharing_slows_down_and_then_turns_away():
    assert processor_sharing(10, 0.5, 2000) == (20.0, 0.0)
    assert processor_sharing(10, 0.9999, 2000) == (2000, 0.0)
    assert processor_sharing(10, 2.0, 2000) == (2000, 0.5)


def test_a_limit_cuts_the_tail_of_a_response():
    assert beyond(10, 20, 5) == 1.0
    assert beyond(10, 20, 50) == pytest.approx(exp(-2))
    assert cut(10, 20, 5) == 5
    assert cut(10, 20, 1e9) == pytest.approx(30)
    assert cut(10, 20, 50) < 30
