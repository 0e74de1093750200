"""Who asks: the sign-in, and the person with their roles and what is closed to them, a query each.

Every page and fragment asks this first, and putting Django's own three queries for it together took
longer than drawing the frame of a page; so the SQL stands here.
"""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from cases.access import keep_closed, keep_roles

SIGN_IN = "SELECT * FROM django_session WHERE session_key = %s AND expire_date > %s"
PERSON = """
    SELECT auth_user.*, auth_group.name AS role, cases_labelseat.case_id AS closed FROM auth_user
    LEFT JOIN auth_user_groups ON auth_user_groups.user_id = auth_user.id
    LEFT JOIN auth_group ON auth_group.id = auth_user_groups.group_id
    LEFT JOIN cases_labelseat ON cases_labelseat.by_id = auth_user.id AND cases_labelseat.state = 'held'
    WHERE auth_user.id = %s"""


class SessionStore(db.SessionStore):
    """Django's, in the database."""

    def _get_session_from_db(self) -> Session | None:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        for found in Session.objects.raw(SIGN_IN, [self.session_key, now]):
            return found
        self._session_key = None
        return None


class Accounts(ModelBackend):
    """Django's, but a person who has signed in comes with their roles and what is closed to them."""

    def get_user(self, user_id: int) -> User | None:
        rows = list(User.objects.raw(PERSON, [user_id]))
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        keep_roles(rows[0], {row.role for row in rows})
        keep_closed(rows[0], rows[0].closed)
        return rows[0]
