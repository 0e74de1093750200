"""Who asks: the sign-in, and the person with their roles and what is closed to them, a query each.

Every page and fragment asks this first, and putting Django's own three queries for it together took
longer than drawing the frame of a page.
"""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.db import connection
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from cases.access import keep_closed, keep_roles
from cases.models import LabelSeat
from cloudmate import prepared

SIGN_IN = prepared.Statement(
    "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s",
    (prepared.Place(0), prepared.Place(1)),
)


class SessionStore(db.SessionStore):
    """Django's, in the database."""

    def load(self) -> dict:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        for (data,) in SIGN_IN.answers([self.session_key, now]):
            return self.decode(data)
        self._session_key = None
        return {}


class Accounts(ModelBackend):
    """Django's, but a person who has signed in comes with their roles and what is closed to them."""

    def get_user(self, user_id: int) -> User | None:
        rows = prepared.rows(_person, user_id)
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        keep_roles(rows[0], {row.role for row in rows})
        keep_closed(rows[0], rows[0].closed)
        return rows[0]


def _person(pk: int) -> QuerySet:
    """A row for each of their roles."""
    held = LabelSeat.objects.filter(by=OuterRef("pk"), state=LabelSeat.State.HELD)
    return User.objects.filter(pk=pk).annotate(role=F("groups__name"), closed=Subquery(held.values("case")[:1]))
