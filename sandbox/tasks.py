from celery import shared_task
from django.conf import settings

from sandbox import work


@shared_task
def sweep() -> None:
    """Close what has ended, take back what silent workers held, and send workers to what waits."""
    work.release_abandoned()
    work.close_regressions()
    work.advance_explorations()
    for _ in range(min(work.due(), settings.SLOTS)):
        turn.delay()


@shared_task
def turn() -> int:
    return work.turn()


@shared_task
def release_all() -> None:
    """At the start of the only worker there is."""
    work.release_all()
