from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError

from cases.access import roles_of
from cloudmate import people

pytestmark = pytest.mark.django_db


def accounts(*arguments):
    out = StringIO()
    call_command("accounts", *arguments, stdout=out)
    return out.getvalue()


def test_four_accounts_are_made_once_each_with_its_role_and_a_password_that_works():
    made = people.make_accounts()
    assert list(made) == ["expert", "reviewer", "lead", "admin"]
    for name, password in made.items():
        user = authenticate(username=name, password=password)
        assert (user.username, roles_of(user)) == (name, {name})
    assert people.make_accounts() == {}
    assert list(User.objects.filter(is_superuser=True).values_list("username", flat=True)) == ["admin"]


def test_without_a_database_the_command_says_where_it_looked(monkeypatch):
    def none():
        raise OperationalError("no such table: auth_group")

    monkeypatch.setattr(people, "make_accounts", none)
    with pytest.raises(CommandError, match=r"no such table: auth_group. manage.py up makes it.*CLOUDMATE_DATA=FOLDER"):
        accounts("--reset", "lead")


def test_passwords_differ_and_can_be_read_out():
    passwords = {people.new_password() for _ in range(200)}
    assert len(passwords) == 200
    assert all(len(password) == 19 and set(password) <= {*people.ALPHABET, "-"} for password in passwords)


def test_a_reset_password_replaces_the_first():
    first = people.make_accounts()["lead"]
    second = accounts("--reset", "lead").split()[-1]
    assert authenticate(username="lead", password=first) is None
    assert authenticate(username="lead", password=second) == User.objects.get(username="lead")


def test_a_reset_of_nobody_names_who_there_is():
    people.make_accounts()
    with pytest.raises(CommandError, match="no account 'leed'; there are: admin, expert, lead, reviewer"):
        accounts("--reset", "leed")


def test_the_command_prints_what_it_made_and_nothing_else_the_second_time():
    assert [line.split()[0] for line in accounts().splitlines()] == ["expert", "reviewer", "lead", "admin"]
    assert accounts() == "All four accounts are there. For a new password: manage.py accounts --reset NAME\n"
