from celery import shared_task

from rules import work


@shared_task
def sweep() -> None:
    """One step on for everything above the sandbox."""
    turn.delay()


@shared_task
def turn() -> int:
    return work.turn()
