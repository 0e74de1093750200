"""Sums that are counted once a minute."""

import pytest
from django.core.cache import caches

from cloudmate.sums import summed


def test_sum_is_counted_once_a_minute():
    counted = []
    assert [summed("things", lambda: counted.append(1) or len(counted)) for _ in range(2)] == [1, 1]
    caches["sums"].clear()
    assert summed("things", lambda: 5) == 5


def test_what_cannot_be_read_is_counted_anew(settings, caplog):
    caches["sums"].set("things", 1)
    (kept,) = settings.CACHES["sums"]["LOCATION"].glob("*.djcache")
    kept.write_bytes(b"half a file")
    assert [summed("things", lambda: 2) for _ in range(2)] == [2, 2]
    assert "sums are not kept" in caplog.text


@pytest.mark.parametrize("where", ["file", "nothing"])
def test_without_a_place_to_keep_them_they_are_counted_each_time(where, settings, tmp_path, monkeypatch):
    place = tmp_path / "sums"
    place.write_text("in the way")
    monkeypatch.setattr(caches["sums"], "_dir", str(place if where == "file" else place / "below"))
    assert [summed("things", lambda: 2) for _ in range(2)] == [2, 2]
