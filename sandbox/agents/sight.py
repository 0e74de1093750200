"""What of this machine's secrets the code of a run can see: none of its variables, none of its files. No Django here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import PurePath
from typing import AnyStr

_NAMES = re.compile(r"(?i)key|secret|passw|_pwd|token|credential|auth|cookie|dsn")
_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")  # a user and a password in it
_FILES = frozenset({"environ", "secret-key", ".env", ".netrc", ".pgpass", "credentials", "id_rsa", "id_ed25519"})
_FOLDERS = frozenset({".ssh", ".aws", ".kube", ".gnupg", "secrets"})


class _Limited(MutableMapping[AnyStr, AnyStr]):
    """The environment; while ``inside`` is true, without the variables that hold secrets."""

    def __init__(self, whole: MutableMapping[AnyStr, AnyStr], inside: Callable[[], bool]):
        self._whole, self._inside = whole, inside

    def __getitem__(self, name: AnyStr) -> AnyStr:
        value = self._whole[name]
        if self._inside() and _is_secret(name, value):
            raise KeyError(name)
        return value

    def __setitem__(self, name: AnyStr, value: AnyStr) -> None:
        self._whole[name] = value

    def __delitem__(self, name: AnyStr) -> None:
        del self._whole[name]

    def __iter__(self) -> Iterator[AnyStr]:
        return (name for name in list(self._whole) if not (self._inside() and _is_secret(name, self._whole[name])))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def copy(self) -> dict[AnyStr, AnyStr]:
        return dict(self)

    def __ior__(self, other: MutableMapping[AnyStr, AnyStr]) -> _Limited[AnyStr]:
        self.update(other)
        return self

    def __or__(self, other: MutableMapping[AnyStr, AnyStr]) -> dict[AnyStr, AnyStr]:
        return dict(self) | dict(other)


def limited(whole: MutableMapping[AnyStr, AnyStr], inside: Callable[[], bool]) -> MutableMapping[AnyStr, AnyStr]:
    """``whole`` as it is, and without its secrets while ``inside`` says so."""
    return _Limited(whole, inside)


def holds_secrets(path: object) -> bool:
    """Whether a file is one that secrets are kept in, by its name or its folders."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False  # a number: open already
    parts = PurePath(os.fsdecode(path)).parts
    return bool(parts) and (parts[-1] in _FILES or not _FOLDERS.isdisjoint(parts[:-1]))


def _is_secret(name: str | bytes, value: str | bytes) -> bool:
    return bool(_NAMES.search(os.fsdecode(name)) or _URL.search(os.fsdecode(value)))
