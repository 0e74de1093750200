from celery import shared_task

from cases import work
from cases.evaluation.run import due


@shared_task
def sweep() -> None:
    """Send a worker to what waits."""
    if due().exists():
        evaluate.delay()


@shared_task
def evaluate() -> int:
    return work.turn()
