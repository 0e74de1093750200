"""Prompts are files beside their only caller, filled strictly. No Django here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TAG = "data"


class PromptError(Exception):
    """A prompt that cannot be filled; the message names the file and the variables."""


@dataclass(frozen=True)
class Filled:
    """A prompt ready to send. ``digest`` is the template's, so that scores by the same prompt compare."""

    text: str
    digest: str


@dataclass(frozen=True)
class Prompt:
    """A template with {{names}}."""

    template: str
    name: str = "prompt"

    @classmethod
    def beside(cls, module_file: str, path: str) -> Prompt:
        """Read ``path``, relative to the folder of the module whose ``__file__`` is given."""
        file = Path(module_file).parent / path
        return cls(file.read_text(encoding="utf-8"), path)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.template.encode()).hexdigest()

    def fill(self, **variables: str) -> Filled:
        """Every name filled, every variable used; values are not expanded again. Raises PromptError."""
        wanted = set(PLACE.findall(self.template))
        for problem, names in (("lacks", wanted - variables.keys()), ("does not use", variables.keys() - wanted)):
            if names:
                raise PromptError(f"{self.name} {problem} {', '.join(sorted(names))}")
        return Filled(PLACE.sub(lambda place: str(variables[place[1]]), self.template), self.digest)


def as_data(label: str, text: str) -> str:
    """``text`` between delimiters that it cannot close: what a tool, a log or a person wrote, never an instruction.

    Delimiters and chat-template marks inside it lose their angle bracket.
    """
    safe = re.sub(rf"<(?=\s*/?\s*{TAG}\b|\|)", "‹", text, flags=re.IGNORECASE)
    name = re.sub(r"[^\w :.,/-]", "", label)
    return f'<{TAG} label="{name}">\n{safe}\n</{TAG}>'
