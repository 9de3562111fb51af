"""What a terminal would show of what programs print: progress bars, which draw themselves again and again, become one
line.

Programs print to a pipe, and many draw as if it were a terminal. The last lines can still be altered; a line that has
moved further up than that is final. What only colours or decorates is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Lines, from the last, that a program may go back to: as many bars can be nested.
WINDOW = 32

#: Characters of a line; what is longer goes on in the next, as in a terminal.
MAX_WIDTH = 4000

# What nothing is done about, taken out at once as there may be much of it: colours, and control characters but for BEL
# and ESC, which belong to sequences.
_IGNORED = re.compile("\x1b\\[[0-9;:]{0,64}m|[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# A string (a title, a link) ends with its line at the latest: one without an end must not take the rest with it.
_TOKEN = re.compile(
    r"""
      (?P<text> [^\x00-\x08\n-\x1f\x7f-\x9f]+ )
    | (?P<sequence> \x1b\[ (?P<arguments>[0-?]{0,64}) [ -/]{0,9} (?P<final>[@-~]) )
    | (?P<dropped> \x1b (?: [\]PX^_] [^\x07\x1b\n]{0,4000} (?: \x07 | \x1b\\ ) | [ -/]{1,9}[0-~] | [0-OQ-WYZ\\`-~] ) )
    | (?P<open> \x1b (?: \[ [0-?]{0,64} [ -/]{0,9} | [\]PX^_] [^\x07\x1b\n]{0,4000} \x1b? | [ -/]{0,9} ) \Z )
    | (?P<control> [\x00-\x1f\x7f-\x9f] )
    """,
    re.VERBOSE,
)
_BLANKS = re.compile(" +(?=\n)")


class Terminal:
    """Takes in text, in pieces of any size, and gives it out in lines, without blanks at their ends; one character is
    one column."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0
        self._column = 0
        self._open = ""
        self._gone = 0

    @property
    def line(self) -> int:
        """The number of the line that is printed to, from 0."""
        return self._gone + self._row

    def feed(self, text: str) -> str:
        """Take in ``text``; returns the lines that have become final."""
        text = self._open + text.replace("\r\n", "\n")
        self._open = ""
        if _CONTROL.search(text) is not None:
            text = _IGNORED.sub("", text)
            if _CONTROL.search(text) is not None:
                return "".join(self._draw(text))
        return self._final(WINDOW) if self._append(text) else "".join(self._draw(text))

    def pending(self) -> str:
        """The lines that are not final, as they are now; the last one without an end."""
        return "\n".join(line.rstrip(" ") for line in self._shown())

    def finish(self) -> str:
        """The lines that are not final, with an end; what is fed then begins a new one."""
        lines = self._shown()
        if not lines[-1].strip(" "):
            lines.pop()
        self._lines = [*lines, ""]
        self._row, self._column, self._open = len(lines), 0, ""
        return self._final(1)

    def last_line(self, since: int = 0) -> str:
        """The last line that is not blank, from the line of this number on; empty when there is none."""
        lines = self._lines[max(since - self._gone, 0) :]
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _append(self, text: str) -> bool:
        """Add text without control characters at the end; whether that could be done."""
        if self._row != len(self._lines) - 1 or self._column != len(self._lines[-1]):
            return False
        lines = text.split("\n")
        lines[0] = self._lines[-1] + lines[0]
        if max(map(len, lines)) > MAX_WIDTH:
            return False
        self._lines[-1:] = lines
        self._row, self._column = len(self._lines) - 1, len(lines[-1])
        return True

    def _draw(self, text: str) -> Iterator[str]:
        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "text":
                self._put(token[0])
            elif kind == "control":
                self._control(token[0])
            elif kind == "sequence":
                self._obey(token["final"], token["arguments"])
            elif kind == "open":
                self._open = token[0]
            if len(self._lines) > WINDOW:
                yield self._final(WINDOW)

    def _put(self, text: str) -> None:
        while text:
            if self._column >= MAX_WIDTH:
                self._next_line()
            column, line = self._column, self._lines[self._row]
            part = text[: MAX_WIDTH - column]
            self._column = column + len(part)
            self._lines[self._row] = line[:column].ljust(column) + part + line[self._column :]
            text = text[len(part) :]

    def _control(self, character: str) -> None:
        if character in "\n\v\f":
            self._next_line()
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(self._column - 1, 0)

    def _next_line(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self._lines):
            self._lines.append("")

    def _obey(self, final: str, arguments: str) -> None:
        """Carry out an escape sequence that moves or erases."""
        first = arguments.partition(";")[0]
        if first and not first.isdecimal():
            return
        count = min(int(first or 0), MAX_WIDTH)
        some = max(count, 1)
        line = self._lines[self._row]
        if final in "AF":
            self._row = max(self._row - some, 0)
        elif final in "BE":
            self._row = min(self._row + some, len(self._lines) - 1)
        elif final == "C":
            self._column = min(self._column + some, MAX_WIDTH - 1)
        elif final == "D":
            self._column = max(self._column - some, 0)
        elif final == "G":
            self._column = some - 1
        elif final == "K":
            kept = "" if count else line[: self._column]
            rest = line[self._column + 1 :].rjust(len(line)) if count == 1 else ""
            self._lines[self._row] = kept or rest
        elif final == "J" and count == 0:
            self._lines[self._row :] = [line[: self._column]]
        if final in "EF":
            self._column = 0

    def _final(self, kept: int) -> str:
        """All lines but the last ``kept``, which stay."""
        count = len(self._lines) - kept
        if count <= 0:
            return ""
        text = "\n".join(self._lines[:count]) + "\n"
        del self._lines[:count]
        self._row -= count
        self._gone += count
        return _BLANKS.sub("", text) if " \n" in text else text

    def _shown(self) -> list[str]:
        """All lines but blank ones below the one that is printed to: what was there has been erased."""
        count = len(self._lines)
        while self._row < count - 1 and not self._lines[count - 1].strip(" "):
            count -= 1
        return self._lines[:count]
