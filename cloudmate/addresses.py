"""Addresses of pages by their numbers, for lists that hold a thousand of them.

Django's ``reverse`` weighs every pattern each time, which takes as long as drawing the rest of a row.
"""

import re
from functools import cache

from django.urls import reverse


def address(name: str, *numbers: int) -> str:
    """What ``reverse(name, args=numbers)`` says, where all that varies are numbers."""
    return _route(name, len(numbers)).format(*numbers)


@cache
def _route(name: str, count: int) -> str:
    """The address with places for ``count`` numbers; a process serves below one prefix all its life."""
    return re.sub(r"\b0\b", "{}", reverse(name, args=[0] * count))
