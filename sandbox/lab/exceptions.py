"""Exceptions that services throw, by language: a defect's own words do not say what is defective. No Django here."""

from __future__ import annotations

EXCEPTIONS = (
    ("java", "java.lang.NullPointerException", 'Cannot invoke "String.length()" because "request.locale" is null'),
    ("java", "java.lang.IllegalStateException", "no converter for currency unit of basket line"),
    ("go", "panic", "runtime error: index out of range [3] with length 3"),
    ("go", "panic", "runtime error: invalid memory address or nil pointer dereference"),
    ("python", "KeyError", "'surcharge'"),
    ("python", "TypeError", "unsupported operand type(s) for *: 'NoneType' and 'Decimal'"),
    ("rust", "thread 'worker' panicked", "called `Option::unwrap()` on a `None` value"),
)


def exceptions_of(language: str) -> tuple[tuple[str, str], ...]:
    """(exception, message) of a language; a missing row ends in one of them as a mistake in the code does."""
    return tuple((exception, message) for spoken, exception, message in EXCEPTIONS if spoken == language)
