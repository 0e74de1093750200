"""What a terminal showed, line by line, from the characters it was sent. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CSI = re.compile(r"\x1b\[([0-9;:?<=>!]*)[ -/]*([@-~])")
_OTHER = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|P[^\x1b]*(?:\x1b\\)?|[()*+][0-9A-Za-z]|[@-Z\\^_=>78c])")
_ALTERNATE = ("?1049", "?1047", "?47")
WIDEST = 20_000  # characters of one line; a cursor sent further stays there
MOST_MOVED = 2_000_000  # empty cells and lines that moving the cursor may make


class TooFar(ValueError):
    """A cursor that was sent around more than any terminal's log has it."""


@dataclass
class Row:
    """One line: its characters, each with the colour it was written in, and when it was begun and last written."""

    cells: list[tuple[str, str]] = field(default_factory=list)
    began: float | None = None
    ended: float | None = None

    @property
    def text(self) -> str:
        return "".join(char for char, _ in self.cells).rstrip()

    @property
    def coloured(self) -> str:
        """The line with colour where it changes; reset at its end."""
        written, colour = [], ""
        for char, drawn in self.cells[: len(self.text)]:
            if drawn != colour:
                written.append("\x1b[0m" + drawn if colour else drawn)
                colour = drawn
            written.append(char)
        return "".join(written) + ("\x1b[0m" if colour else "")


class Screen:
    """Endless paper instead of a window: what scrolled away stays, what was typed over is gone.

    What a full-screen program drew is left out; ``programs`` counts how often one ran. ``width`` in columns,
    where it is known, joins lines that were only wrapped.
    """

    def __init__(self, width: int | None = None):
        self.rows: list[Row] = [Row()]
        self.programs = 0
        self._width = width if width and width > 10 else None
        self._row = self._column = 0
        self._colour = ""
        self._hidden = False
        self._moved = 0
        self._held = ""  # an escape sequence whose end comes with the next piece

    def write(self, text: str, at: float | None = None) -> None:
        """Show characters; ``at`` is when, in seconds from the start."""
        text, at_char = self._held + text, 0
        self._held = ""
        while at_char < len(text):
            char = text[at_char]
            if char == "\x1b":
                sequence = _CSI.match(text, at_char) or _OTHER.match(text, at_char)
                if sequence is None:
                    if len(text) - at_char < 64:
                        self._held = text[at_char:]
                        return
                    at_char += 1
                    continue
                if sequence.re is _CSI:
                    self._control(sequence[1], sequence[2])
                at_char = sequence.end()
                continue
            if not self._hidden:
                self._put(char, at)
            at_char += 1

    def _put(self, char: str, at: float | None) -> None:
        row = self.rows[self._row]
        if row.began is None:
            row.began = at
        if char == "\n":
            row.ended = at
            self._down(1)
            self._column = 0
        elif char == "\r":
            self._return(row)
        elif char == "\b":
            self._column = max(self._column - 1, 0)
        elif char == "\t":
            self._column = min((self._column // 8 + 1) * 8, WIDEST)
            self._reach(row)
        elif char >= " " and char != "\x7f":
            self._reach(row)
            cell = (char, self._colour)
            if self._column < len(row.cells):
                row.cells[self._column] = cell
            else:
                row.cells.append(cell)
            row.ended = at
            self._column = min(self._column + 1, WIDEST)

    def _return(self, row: Row) -> None:
        """To the line's start; after the space that a shell writes at the right edge to wrap, on with the same line."""
        wraps = self._width and self._column > self._width and self._column % self._width == 1
        if wraps and row.cells[-1:] and row.cells[-1][0] == " " and len(row.cells) == self._column:
            row.cells.pop()
            self._column -= 1
        else:
            self._column = 0

    def _moves(self, count: int) -> None:
        self._moved += count
        if self._moved > MOST_MOVED:
            raise TooFar

    def _reach(self, row: Row) -> None:
        if (missing := self._column - len(row.cells)) > 0:
            self._moves(missing)
            row.cells += [(" ", "")] * missing

    def _down(self, count: int) -> None:
        self._moves(count)
        self._row += count
        while len(self.rows) <= self._row:
            self.rows.append(Row())

    def _control(self, given: str, what: str) -> None:
        if what in "hl" and given in _ALTERNATE:
            self.programs += what == "h" and not self._hidden
            self._hidden = what == "h"
            return
        if self._hidden:
            return
        numbers = [int(part[:8]) if part.isdigit() else 0 for part in given.split(";")]
        count = min(max(numbers[0], 1), WIDEST)
        row = self.rows[self._row]
        if what == "m":
            self._colour = "" if given in ("", "0") else (self._colour + f"\x1b[{given}m")[-80:]
        elif what == "C":
            self._column = min(self._column + count, WIDEST)
        elif what == "D":
            self._column = max(self._column - count, 0)
        elif what == "G":
            self._column = count - 1
        elif what == "A":
            self._row = max(self._row - count, 0)
        elif what == "B":
            self._down(min(count, 200))
        elif what == "P":
            del row.cells[self._column : self._column + count]
        elif what == "@":
            self._moves(count)
            row.cells[self._column : self._column] = [(" ", "")] * count
        elif what == "K":
            self._erase(row, numbers[0])
        elif what == "J" and numbers[0] == 0:
            del row.cells[self._column :]
            del self.rows[self._row + 1 :]
        elif what == "H" and self.rows[-1].cells:  # paper has no top: what a cleared screen begins is a new line
            self._row, self._column = len(self.rows), 0
            self.rows.append(Row())

    def _erase(self, row: Row, how: int) -> None:
        if how == 0:
            del row.cells[self._column :]
        elif how == 1:
            row.cells[: self._column] = [(" ", "")] * min(self._column, len(row.cells))
        else:
            row.cells.clear()
