from celery import shared_task

from rules import work

EXPIRES = 5  # seconds; a nudge that nobody took up is dropped, the next sweep sends another


@shared_task
def sweep() -> None:
    """One step on for everything above the sandbox."""
    turn.apply_async(expires=EXPIRES)


@shared_task
def turn() -> int:
    return work.turn()
