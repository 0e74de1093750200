import os
import re

import pytest

from cloudmate import env
from cloudmate.env import EnvError

NAME = "CLOUDMATE_THING"


@pytest.fixture
def given(monkeypatch):
    return lambda value: monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize(
    ("value", "read"), [("true", True), ("1", True), (" ON ", True), ("no", False), ("0", False), ("", True)]
)
def test_boolean_reads_words(given, value, read):
    given(value)
    assert env.boolean(NAME, True) is read


@pytest.mark.parametrize(("value", "read"), [("7", 7), ("", 3), (" 8 ", 8)])
def test_integer_reads_a_number(given, value, read):
    given(value)
    assert env.integer(NAME, 3, least=1) == read


@pytest.mark.parametrize(("value", "read"), [("0.5", 0.5), ("", 3.0), ("2", 2.0)])
def test_number_reads_a_number(given, value, read):
    given(value)
    assert env.number(NAME, 3.0) == read


@pytest.mark.parametrize(("value", "read"), [("1200/min", "1200/min"), ("", "5/min"), ("2/h", "2/h")])
def test_rate_reads_how_often(given, value, read):
    given(value)
    assert env.rate(NAME, "5/min") == read


@pytest.mark.parametrize(
    ("reader", "value", "words"),
    [
        (lambda: env.boolean(NAME, True), "perhaps", "CLOUDMATE_THING='perhaps': write true or false"),
        (lambda: env.integer(NAME, 3), "many", "CLOUDMATE_THING='many': write a whole number"),
        (lambda: env.integer(NAME, 3, least=1), "0", "CLOUDMATE_THING='0': write 1 or more"),
        (lambda: env.number(NAME, 3), "much", "CLOUDMATE_THING='much': write a number"),
        (lambda: env.number(NAME, 3, least=0), "nan", "CLOUDMATE_THING='nan': write a number of 0 or more"),
        (lambda: env.choice(NAME, ("a", "b"), "a"), "c", "CLOUDMATE_THING='c': write one of a, b"),
        (lambda: env.rate(NAME, "5/min"), "ten a day", "CLOUDMATE_THING='ten a day': write a number and a time"),
        (lambda: env.rate(NAME, "5/min"), "0/min", "CLOUDMATE_THING='0/min': write a number and a time"),
        (lambda: env.secret(NAME, None), "short", "CLOUDMATE_THING: write 32 characters or more"),
        (lambda: env.postgres(NAME), "mysql://h/d", "CLOUDMATE_THING begins with 'mysql': write postgres://"),
        (lambda: env.postgres(NAME), "postgres://h", "CLOUDMATE_THING names no database: write postgres://"),
        (lambda: env.postgres(NAME), "postgres://h:x/d", "CLOUDMATE_THING: write postgres://"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_may_be_written(given, reader, value, words):
    given(value)
    with pytest.raises(EnvError, match=f"^{re.escape(words)}"):
        reader()


def test_items_reads_a_list(given):
    given("a, b,,c ")
    assert env.items(NAME) == ["a", "b", "c"]
    given("")
    assert env.items(NAME, ("x",)) == ["x"]


def test_folder_is_made_for_its_owner_alone(given, tmp_path):
    given(str(tmp_path / "a" / "b"))
    folder = env.folder(NAME, tmp_path)
    assert (folder, folder.stat().st_mode & 0o777) == (tmp_path / "a" / "b", 0o700)


def test_folder_that_cannot_be_made_is_told(given, tmp_path):
    (tmp_path / "file").touch()
    given(str(tmp_path / "file" / "b"))
    with pytest.raises(EnvError, match=r"this folder cannot be made \(Not a directory\)"):
        env.folder(NAME, tmp_path)


def test_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path):
    kept = tmp_path / "secret"
    first = env.secret(NAME, kept)
    assert len(first) == 64
    assert env.secret(NAME, kept) == first
    assert kept.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secret"]


def test_secret_that_is_given_is_not_kept(given, tmp_path):
    given("x" * 40)
    assert env.secret(NAME, tmp_path / "secret") == "x" * 40
    assert os.listdir(tmp_path) == []


def test_postgres_reads_every_part(given):
    given("postgres://ada:p%40ss@db.internal:5433/cloud%20mate?sslmode=require&connect_timeout=3")
    assert env.postgres(NAME) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "cloud mate",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db.internal",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require", "connect_timeout": "3"},
    }


def test_postgres_over_a_local_socket(given):
    given("postgresql://ada@/mate?host=/run/pg")
    read = env.postgres(NAME)
    assert (read["HOST"], read["NAME"], read["OPTIONS"]) == ("", "mate", {"host": "/run/pg"})


def test_postgres_that_is_not_set_is_none():
    assert env.postgres(NAME) is None
