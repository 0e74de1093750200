from celery import shared_task

from cases import work
from cases.evaluation.run import due

EXPIRES = 5  # seconds; a nudge that nobody took up is dropped, the next sweep sends another


@shared_task
def sweep() -> None:
    """Send a worker to what waits."""
    if due().exists():
        evaluate.apply_async(expires=EXPIRES)


@shared_task
def evaluate() -> int:
    return work.turn()
