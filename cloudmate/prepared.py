"""Questions that are asked again and again for other numbers, put into SQL once.

To put one together takes Django several times what the database needs to answer it, and PostgreSQL half as long again
to plan it: so it keeps its plan as well, for as long as a connection lives. What is kept is never an answer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from types import SimpleNamespace

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet

# what nothing has: each stands for one that is asked for
PLACES = {int: range(2_112_366_000, 2_112_366_100), str: [f"place {number} of a question" for number in range(10)]}

KEPT = 500  # plans a connection


def rows(question: Callable[..., QuerySet], *arguments) -> list:
    """What ``list(question(*arguments))`` says, in the same query; without ``prefetch_related``.

    Of the arguments, whole numbers and texts may differ each time, as keys of rows and digests do, and are compared
    as they are; of all others there should be few.
    ``question`` is called once in a process: a moment that it speaks of is the database's own ``Now()``. Raises
    TypeError where it does more with a number or text than compare: cuts by it, or puts it into a pattern.
    """
    found = _compiled(connection.vendor, question, _kinds(arguments))
    if found is None:
        return []
    asked, compiler, sql, places = found
    compiler = copy(compiler)
    compiler.connection = connection
    answer = answers(sql, _filled(places, arguments))
    if compiler.has_extra_select:  # columns that only the order needs
        answer = [row[: compiler.col_count] for row in answer]
    compiler.execute_sql = lambda *args, **options: [answer]
    query = copy(asked.query)
    query.get_compiler = lambda *args, **options: compiler
    answered = SimpleNamespace(db=DEFAULT_DB_ALIAS, query=query, _fields=asked._fields, _known_related_objects={})
    return list(asked._iterable_class(answered))


def first(question: Callable[..., QuerySet], *arguments):
    """The first of them, or None."""
    return next(iter(rows(question, *arguments)), None)


def count(question: Callable[..., QuerySet], *arguments) -> int:
    """How many they are."""
    found = _compiled(connection.vendor, question, _kinds(arguments))
    if found is None:
        return 0
    _, _, sql, places = found
    return answers(f"SELECT COUNT(*) FROM ({sql}) counted", _filled(places, arguments))[0][0]


def answers(sql: str, parameters: Sequence) -> list[tuple]:
    """What the database says to a question of which there are few, but for its parameters."""
    with _plans_kept(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@contextmanager
def _plans_kept() -> Iterator[None]:
    """On PostgreSQL, cursors that send parameters beside the SQL; those of Django send one text, planned anew each time."""
    if connection.vendor != "postgresql":
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    driver = connection.connection
    usual, driver.cursor_factory = driver.cursor_factory, ServerBindingCursor
    driver.prepared_max = KEPT
    try:
        yield
    finally:
        driver.cursor_factory = usual


def _kinds(arguments: tuple) -> tuple:
    return tuple(_kind(one) for one in arguments)


def _kind(argument):
    """int or str for what may differ each time; the argument itself where the question depends on which one it is."""
    if type(argument) is int and abs(argument) < 2**63:  # larger than any column: Django knows that nothing has it
        return int
    return str if isinstance(argument, str) else argument


def _places(kinds: tuple) -> list:
    """What ``question`` is called with: a place for each number and text, everything else as it is."""
    free = {kind: iter(places) for kind, places in PLACES.items()}
    return [next(free[kind]) if kind in (int, str) else kind for kind in kinds]


def _filled(parameters: tuple, arguments: tuple) -> list:
    kinds = _kinds(arguments)
    meant = {
        place: one for place, one, kind in zip(_places(kinds), arguments, kinds, strict=True) if kind in (int, str)
    }
    return [meant.get(value, value) if isinstance(value, int | str) else value for value in parameters]


@lru_cache(maxsize=500)
def _compiled(vendor: str, question: Callable[..., QuerySet], kinds: tuple) -> tuple | None:
    places = [place for place, kind in zip(_places(kinds), kinds, strict=True) if kind in (int, str)]
    asked = question(*_places(kinds))
    compiler = asked.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:  # whatever the numbers are
        return None
    _expect_compared(question, places, sql, parameters)
    converters = compiler.get_converters([column for column, _, _ in compiler.select])
    compiler.get_converters = lambda columns: converters
    compiler.connection = None  # that of the thread that came first
    return asked, compiler, sql, parameters


def _expect_compared(question: Callable[..., QuerySet], places: list, sql: str, parameters: tuple) -> None:
    """A place that is part of something else is never filled, and a text that decides about the question decided once."""
    for place in places:
        others = [str(value) for value in parameters if value != place]
        if any(str(place) in text for text in (sql, *others)) or (isinstance(place, str) and place not in parameters):
            raise TypeError(f"{question.__qualname__} does more with a number or text it is given than compare it")
