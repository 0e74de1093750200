"""Questions that are asked again and again for other numbers, put into SQL once.

To put one together takes Django several times what the database needs to answer it. What is kept is the SQL, never
an answer.
"""

from collections.abc import Callable
from copy import copy
from functools import lru_cache
from types import SimpleNamespace

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

PLACES = tuple(range(2_112_366_010, 2_112_366_020))  # numbers that nothing has: each stands for one that is asked for


def rows(question: Callable[..., QuerySet], *arguments) -> list:
    """What ``list(question(*arguments))`` says, in the same query; without ``prefetch_related``.

    Of the arguments, whole numbers may differ each time, as keys of rows do; of all others there should be few.
    ``question`` is called once in a process: a moment that it speaks of is the database's own ``Now()``.
    """
    found = _compiled(connection.vendor, question, _kinds(arguments))
    if found is None:
        return []
    asked, compiler, sql, places = found
    parameters = _filled(places, arguments)
    compiler = copy(compiler)
    compiler.connection, compiler.as_sql = connection, lambda *args, **options: (sql, parameters)
    query = copy(asked.query)
    query.get_compiler = lambda *args, **options: compiler
    answered = SimpleNamespace(db=connection.alias, query=query, _fields=asked._fields, _known_related_objects={})
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
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) counted", _filled(places, arguments))
        return cursor.fetchone()[0]


def _kinds(arguments: tuple) -> tuple:
    return tuple(int if isinstance(one, int) else one for one in arguments)


def _filled(parameters: tuple, arguments: tuple) -> list:
    meant = dict(zip(PLACES, (one for one in arguments if isinstance(one, int)), strict=False))
    return [meant.get(value, value) if isinstance(value, int) else value for value in parameters]


@lru_cache(maxsize=500)
def _compiled(vendor: str, question: Callable[..., QuerySet], kinds: tuple) -> tuple | None:
    places = iter(PLACES)
    asked = question(*(next(places) if kind is int else kind for kind in kinds))
    compiler = asked.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:  # whatever the numbers are
        return None
    compiler.connection = None  # that of the thread that came first
    return asked, compiler, sql, parameters
