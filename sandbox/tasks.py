from celery import shared_task
from django.conf import settings

from sandbox import admission, guess, guidance, work

EXPIRES = 5  # seconds; a nudge that nobody took up is dropped, the next sweep sends another


@shared_task
def sweep() -> None:
    """Close what has ended, and send workers to what waits."""
    work.freeze_recorded()
    guidance.offer_finished()
    work.close_regressions()
    work.advance_explorations()
    for _ in range(min(work.due() + guess.due().count() + admission.due().count(), settings.SLOTS)):
        turn.apply_async(expires=EXPIRES)


@shared_task
def turn() -> int:
    return work.turn()
