"""The cases a new system starts with: confirmed by the lead, and the same however often they are brought in."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cases.models import Case, CaseVersion, Confirmation
from cloudmate import people
from cloudmate.up import SEEDED
from sandbox.models import SnapshotRecording
from tests.lab import lab_case

pytestmark = pytest.mark.django_db


def bring_in():
    out = StringIO()
    call_command("starter_library", stdout=out)
    return out.getvalue().splitlines()[-1]


def test_it_is_in_after_one_call_and_a_second_changes_nothing(monkeypatch):
    monkeypatch.setattr("sandbox.lab.library.make", lab_case)  # the same cases, made once
    people.make_accounts()
    number = int(bring_in().split()[1])
    assert number >= 24
    assert (settings.DATA_DIR / SEEDED).exists()
    confirmed = Case.objects.confirmed()
    assert confirmed.count() == number
    assert CaseVersion.objects.exclude(fault_class="").values("fault_class").distinct().count() >= 12
    assert set(Confirmation.objects.values_list("by__username", "bulk")) == {("lead", True)}
    recordings = SnapshotRecording.objects.count()
    assert bring_in() == f"  library   {number} cases unchanged"
    assert (Case.objects.count(), SnapshotRecording.objects.count()) == (number, recordings)


def test_without_a_lead_it_says_what_to_do():
    with pytest.raises(CommandError, match=r"there is no account 'lead' to confirm the cases: run manage.py accounts"):
        bring_in()
