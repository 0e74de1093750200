"""Properties that are worked out once. No Django here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class once:
    """A property that is worked out once. What functools has takes a lock each time before Python 3.12, and a library asks five thousand times."""

    def __init__(self, work: Callable[[Any], Any]):
        self.work = work

    def __set_name__(self, owner: type, name: str):
        self.name = name

    def __get__(self, row: Any, owner: type) -> Any:
        found = row.__dict__[self.name] = self.work(row)  # stands before this descriptor from now on
        return found
