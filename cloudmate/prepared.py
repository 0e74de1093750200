"""Questions that are asked again and again for other numbers, put into SQL once.

To put one together takes Django several times what the database needs to answer it, and PostgreSQL half as long again
to plan it: so it keeps its plan as well, for as long as a connection lives. What is kept is never an answer.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet

MOST = 100  # numbers, and texts, that a question may be asked for
# what nothing has: each stands for one that is asked for
STAND_INS = {
    int: range(2_112_366_000, 2_112_366_000 + MOST),
    str: [f"place {number:02} of a question" for number in range(MOST)],
}
KEPT = 500  # plans of one connection


def rows(question: Callable[..., QuerySet], *arguments) -> list:
    """What ``list(question(*arguments))`` says, in the same query; without ``prefetch_related``.

    Of the arguments, whole numbers and texts may differ each time, as keys of rows and digests do, and are compared
    as they are; of all others there should be few. A plan that is made for every number does not know how many rows a
    range has: ask for few by a range, or where another condition leaves few.
    ``question`` is called once in a process: a moment that it speaks of is the database's own ``Now()``. Raises
    TypeError where it does more with a number or text than compare: cuts by it, or puts it into a pattern; and where
    there are more than MOST of either.
    """
    found = _compiled(connection.vendor, question, _kinds(arguments))
    if found is None:
        return []
    asked, compiler, statement = found
    answer = statement.answers(arguments)
    if compiler.has_extra_select:  # columns that only the order needs
        answer = [row[: compiler.col_count] for row in answer]
    compiler = copy(compiler)
    compiler.connection = connection
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
    sql, places = found[2]
    return Statement(f"SELECT COUNT(*) FROM ({sql}) counted", places).answers(arguments)[0][0]


class Place(NamedTuple):
    """Where one of the values goes that differ each time."""

    number: int


class Statement(NamedTuple):
    """SQL, and its parameters: places, and what stands there each time."""

    sql: str
    parameters: tuple

    def answers(self, values: Sequence) -> list[tuple]:
        """What the database says with ``values`` in their places."""
        parameters = [values[one.number] if isinstance(one, Place) else one for one in self.parameters]
        with _plans_kept(), connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            return cursor.fetchall()


def statement(sql: str, parameters: Sequence, stand_ins: dict[int | str, int]) -> Statement:
    """``sql`` with a place wherever its parameters hold a stand-in; each stands for the value of its number.

    For PostgreSQL all others become part of the SQL: so it knows them when it plans for whatever is in the places.
    """
    if connection.vendor != "postgresql":
        known = {stand_in: Place(number) for stand_in, number in stand_ins.items()}
        return Statement(sql, tuple(known.get(one, one) if isinstance(one, int | str) else one for one in parameters))
    whole = connection.ops.compose_sql(sql, parameters)
    written = {connection.ops.compose_sql("%s", [stand_in]): number for stand_in, number in stand_ins.items()}
    pieces = re.split(f"({'|'.join(map(re.escape, written))})", whole) if written else [whole]
    kept = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    return Statement(kept, tuple(Place(written[piece]) for piece in pieces[1::2]))


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
    driver.prepare_threshold = 1 if settings.KEEP_PLANS else None
    try:
        yield
    finally:
        driver.cursor_factory = usual
        driver.prepare_threshold = None  # else it counts every other statement too, and holds its whole text


def _kinds(arguments: tuple) -> tuple:
    return tuple(_kind(one) for one in arguments)


def _kind(argument):
    """int or str for what may differ each time; the argument itself where the question depends on which one it is."""
    if type(argument) is int and abs(argument) < 2**63:  # larger than any column: Django knows that nothing has it
        return int
    return str if isinstance(argument, str) else argument


def _called_with(kinds: tuple) -> list:
    """What ``question`` is called with: a stand-in for each number and text, everything else as it is."""
    if any(kinds.count(kind) > len(stand_ins) for kind, stand_ins in STAND_INS.items()):
        raise TypeError(f"at most {MOST} numbers and texts may differ in a question: ask this one anew each time")
    free = {kind: iter(stand_ins) for kind, stand_ins in STAND_INS.items()}
    return [next(free[kind]) if kind in (int, str) else kind for kind in kinds]


@lru_cache(maxsize=500)
def _compiled(vendor: str, question: Callable[..., QuerySet], kinds: tuple) -> tuple | None:
    called_with = _called_with(kinds)
    asked = question(*called_with)
    compiler = asked.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:  # whatever the numbers are
        return None
    stand_ins = {called_with[number]: number for number, kind in enumerate(kinds) if kind in (int, str)}
    _expect_compared(question, stand_ins, sql, parameters)
    kept = statement(sql, parameters, stand_ins)
    converters = compiler.get_converters([column for column, _, _ in compiler.select])
    compiler.get_converters = lambda columns: converters
    compiler.connection = None  # that of the thread that came first
    return asked, compiler, kept


def _expect_compared(question: Callable[..., QuerySet], stand_ins: Iterable, sql: str, parameters: tuple) -> None:
    """One that is part of something else is never replaced, and a text that decides about the question decided once."""
    for one in stand_ins:
        others = [str(value) for value in parameters if value != one]
        if any(str(one) in text for text in (sql, *others)) or (isinstance(one, str) and one not in parameters):
            raise TypeError(f"{question.__qualname__} does more with a number or text it is given than compare it")
