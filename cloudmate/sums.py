"""Sums over all there is, which take long: counted anew once a minute, for all processes of a machine."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache import caches

logger = logging.getLogger(__name__)


def summed(name: str, count: Callable[[], Any]) -> Any:
    """What ``count()`` said in the last minute. Where that cannot be kept or read, it is counted each time."""
    try:
        return caches["sums"].get_or_set(name, count)
    except Exception as error:  # a full disk, a file that another version wrote or half of one: no page hangs on it
        logger.warning("sums are not kept: %s", error)
        return count()
