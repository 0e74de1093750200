from datetime import UTC, datetime, timedelta

from sandbox.environment.clock import Clock, clipped

ALERT = datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_the_clock_moves_by_latency_and_thinking_time():
    clock = Clock(ALERT)
    assert clock.advance(250) == ALERT + timedelta(seconds=5.25)
    assert clock.advance() == clock.now == ALERT + timedelta(seconds=10.25)


def test_the_clock_never_runs_backwards():
    assert Clock(ALERT).advance(-1e6) == ALERT + timedelta(seconds=5)


def test_the_clock_stands_at_the_end_of_what_is_held():
    clock = Clock(ALERT, end=ALERT + timedelta(seconds=7))
    assert [clock.advance(), clock.advance()] == [ALERT + timedelta(seconds=5), ALERT + timedelta(seconds=7)]


def test_a_window_ends_now():
    hour = timedelta(hours=1)
    assert clipped(ALERT - hour, ALERT + hour, ALERT) == (ALERT - hour, ALERT)
    assert clipped(ALERT + hour, ALERT + 2 * hour, ALERT) == (ALERT, ALERT)


def test_a_moment_without_zone_is_utc():
    assert Clock(ALERT.replace(tzinfo=None)).now == ALERT
