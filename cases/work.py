"""What a worker does for cases: evaluate every finished session once."""

import logging

from cases.evaluation.judge import configured_judge
from cases.evaluation.run import due, evaluate_session

log = logging.getLogger(__name__)


def turn(limit: int = 50) -> int:
    """Evaluate up to ``limit`` finished sessions; return how many. Safe in any number of workers."""
    judge = configured_judge()
    done = 0
    for session in due()[:limit]:
        evaluate_session(session, judge=judge)
        done += 1
    return done
