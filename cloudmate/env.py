"""Strict readers of environment variables: a value that cannot be read stops the start, in words."""

import os


class EnvError(Exception):
    """A setting that cannot be read; the message names it, what it holds and what it may hold."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value == "":
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise EnvError(f"{name}={value!r}: write true or false")


def integer(name: str, default: int, *, least: int | None = None) -> int:
    value = os.environ.get(name, "").strip()
    if value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise EnvError(f"{name}={value!r}: write a whole number") from None
    if least is not None and number < least:
        raise EnvError(f"{name}={value!r}: write {least} or more")
    return number


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise EnvError(f"{name}={value!r}: write one of {', '.join(allowed)}")
    return value


def items(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    value = os.environ.get(name, "")
    return [item.strip() for item in value.split(",") if item.strip()] or list(default)
