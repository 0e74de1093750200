"""Strict readers of environment variables: a value that cannot be read stops the start, in words. No Django here."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class EnvError(Exception):
    """A setting that cannot be read; the message names it, what it holds and what it may hold."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    value = text(name).lower()
    if value == "":
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise EnvError(f"{name}={value!r}: write true or false")


def integer(name: str, default: int, *, least: int | None = None) -> int:
    value = text(name)
    if value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise EnvError(f"{name}={value!r}: write a whole number") from None
    if least is not None and number < least:
        raise EnvError(f"{name}={value!r}: write {least} or more")
    return number


def number(name: str, default: float, *, least: float | None = None) -> float:
    value = text(name)
    if value == "":
        return default
    try:
        read = float(value)
    except ValueError:
        raise EnvError(f"{name}={value!r}: write a number") from None
    if read != read or (least is not None and read < least):
        raise EnvError(f"{name}={value!r}: write a number of {least} or more")
    return read


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        raise EnvError(f"{name}={value!r}: write one of {', '.join(allowed)}")
    return value


def rate(name: str, default: str) -> str:
    """How often in a second, a minute, an hour or a day: 10/min."""
    value = text(name, default)
    if not re.fullmatch(r"[1-9]\d{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)", value):
        raise EnvError(f"{name}={value!r}: write a number and a time, such as 10/min")
    return value


def items(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    return [item.strip() for item in text(name).split(",") if item.strip()] or list(default)


def folder(name: str, default: Path) -> Path:
    """A folder that can be written to; made where it is missing, for its owner alone."""
    path = Path(text(name, str(default))).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvError(f"{name}={str(path)!r}: this folder cannot be made ({error.strerror})") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise EnvError(f"{name}={str(path)!r}: this folder cannot be written to")
    return path


def secret(name: str, kept: Path) -> str:
    """A secret from the environment, else from the file ``kept``; made and kept there at the first start."""
    given = text(name)
    if given and len(given) < 32:
        raise EnvError(f"{name}: write 32 characters or more, or leave it out and one is made")
    if given:
        return given
    try:
        if not kept.exists():
            made = kept.with_name(f"{kept.name}.{os.getpid()}")
            made.touch(mode=0o600)
            made.write_text(secrets.token_urlsafe(48))
            with suppress(FileExistsError):  # whoever is first wins; nobody reads half a secret
                os.link(made, kept)
            made.unlink()
        return kept.read_text().strip()
    except OSError as error:
        raise EnvError(f"{name} is not set, and {kept} cannot be used instead ({error.strerror})") from None


def postgres(name: str) -> dict[str, Any] | None:
    """``postgres://user:password@host:port/name?sslmode=require`` as Django's settings; None where it is not set.

    What follows the question mark goes to the driver as it is.
    """
    value = text(name)
    if value == "":
        return None
    form = "write postgres://user:password@host:port/name"
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise EnvError(f"{name}: {form}; the port is not a number") from None
    if url.scheme not in {"postgres", "postgresql"}:
        raise EnvError(f"{name} begins with {url.scheme or value.split(':')[0]!r}: {form}")
    database = unquote(url.path.strip("/"))
    if not database:
        raise EnvError(f"{name} names no database: {form}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(url.query)),
    }
