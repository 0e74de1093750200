"""What a worker does for cases: evaluate every finished session once."""

import logging

from django.db import DatabaseError

from cases.evaluation.judge import configured_judge
from cases.evaluation.run import due, evaluate_session, leave_unscored

log = logging.getLogger(__name__)


def turn(limit: int = 50) -> int:
    """Evaluate up to ``limit`` finished sessions; return how many. Safe in any number of workers.

    A session that the code cannot evaluate is stored as unscored, with the error, so that it holds up no other.
    """
    judge = configured_judge()
    done = 0
    for session in due()[:limit]:
        try:
            evaluate_session(session, judge=judge)
        except DatabaseError:
            raise  # it says nothing of the session: the next turn tries again
        except Exception as problem:
            log.exception("session %s could not be evaluated", session.pk)
            leave_unscored(session, f"{type(problem).__name__}: {problem}", judge=judge)
        done += 1
    return done
