from datetime import UTC, datetime

import pytest

from sandbox.environment import rows

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("parts", [1, 10**3, 10**6, 10**9])
def test_a_time_is_read_in_whatever_part_of_a_second_it_is_counted(parts):
    text = "".join(f"{int(AT.timestamp()) * parts},{name}\n" for name in "ab")
    assert rows.read("time,name\n" + text).times() == (AT, AT)
