"""What is left of what programs draw, against a simple model of a terminal."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress
from tqdm import tqdm  # type: ignore[import-untyped]

from jupyterlab_rob.service.engine.terminal import MAX_WIDTH, WINDOW, Terminal


def shown(*pieces: str) -> str:
    """The text of a log in which the pieces were printed."""
    terminal = Terminal()
    return "".join(terminal.feed(piece) for piece in pieces) + terminal.finish()


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("", ""),
        ("a", "a\n"),
        ("a\nb\n", "a\nb\n"),
        ("\n\na\n\n", "\n\na\n\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r100%\n", "100%\n"),
        ("100%\r 5%\n", " 5%%\n"),
        ("a long bar\r\x1b[Kdone\n", "done\n"),
        ("a long bar\x1b[2K\rdone\n", "done\n"),
        ("a long bar\b\b\b\x1b[1Kx\n", "       xar\n"),
        ("bar\r   \rnext\n", "next\n"),
        ("1\b2\b3\n", "3\n"),
        ("\x1b[1;31mred\x1b[0m \x1b(Bplain\x1b[?25l\n", "red plain\n"),
        ("\x1b]0;a title\x07text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "text link\n"),
        ("\x1b]no end\nnext\n", "]no end\nnext\n"),
        ("a\nb\n\x1b[2Ax\n\n", "x\nb\n"),
        ("a\nb\x1b[Ac\n", "ac\nb\n"),
        ("a\nb\nc\x1b[2F\x1b[Jd\n", "d\n"),
        ("one\ntwo\x1b[1A\x1b[2K\x1b[1B\x1b[1Gx\n", "\nxwo\n"),
        ("a\x1b[3Cb\x1b[2Dc\n", "a  cb\n"),
        ("a\tb\n", "a\tb\n"),
        ("a\0b\x07c\x7fd\x9be\n", "abcde\n"),
        ("a\x0bb\fc\n", "a\nb\nc\n"),
        ("a  \nb \t \n", "a\nb \t\n"),
        ("x" * (MAX_WIDTH + 1), "x" * MAX_WIDTH + "\nx\n"),
        ("x" * MAX_WIDTH + "\ny", "x" * MAX_WIDTH + "\ny\n"),
        ("\x1b[99999999999Cx", " " * (MAX_WIDTH - 1) + "x\n"),
        ("\x1b[999999999999999999999999A\x1b[" + "1" * 80 + "A", "[" + "1" * 80 + "A\n"),
    ],
)
def test_what_is_shown(printed: str, expected: str) -> None:
    assert shown(printed) == expected
    assert shown(*printed) == shown(printed)


def test_lines_far_above_are_final() -> None:
    terminal = Terminal()
    lines = "".join(f"{number}\n" for number in range(WINDOW))
    assert terminal.feed(lines) == "0\n"
    assert terminal.feed(f"\x1b[{2 * WINDOW}Ax") == ""
    assert terminal.finish().splitlines()[0] == "x"


def test_last_line() -> None:
    terminal = Terminal()
    terminal.feed("before\nBefore")
    assert terminal.last_line() == "Before"
    terminal.finish()
    since = terminal.line
    assert terminal.last_line(since) == ""
    terminal.feed(" \n")
    assert terminal.last_line(since) == ""
    terminal.feed("first\n\x1b[31mlast \x1b[0m\n\n")
    assert terminal.last_line(since) == "last"
    terminal.feed("line\n" * 3 * WINDOW)
    assert terminal.last_line(since) == "line"


class Screen:
    """A terminal that keeps all of its lines, as cells."""

    def __init__(self) -> None:
        self.cells: list[list[str]] = [[]]
        self.row = self.column = 0

    def draw(self, part: str) -> None:
        line = self.cells[self.row]
        if part == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.cells):
                self.cells.append([])
        elif part == "\r":
            self.column = 0
        elif part == "\b":
            self.column = max(0, self.column - 1)
        elif part == "\x1b[A":
            self.row = max(self.row - 1, len(self.cells) - WINDOW, 0)
        elif part == "\x1b[K":
            del line[self.column :]
        elif part == "\x1b[2K":
            line.clear()
        elif not part.startswith("\x1b"):
            for character in part:
                line.extend(" " * (self.column + 1 - len(line)))
                line[self.column] = character
                self.column += 1

    def text(self) -> str:
        lines = ["".join(line).rstrip(" ") for line in self.cells]
        while len(lines) - 1 > self.row and not lines[-1]:
            lines.pop()
        return "\n".join(lines) + ("\n" if lines[-1] else "")


_PARTS = st.one_of(
    st.sampled_from(["\n", "\n", "\r", "\b", "\x1b[A", "\x1b[K", "\x1b[2K", "\x1b[0m", "\x1b[?25h", "\x1b]0;x\x07"]),
    st.text("ab █é", min_size=1, max_size=10),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(_PARTS, max_size=60), st.integers(0, 2 * WINDOW), st.lists(st.integers(1, 9), min_size=1))
def test_as_a_terminal_shows_it(parts: list[str], lines: int, sizes: list[int]) -> None:
    """Whatever is drawn, and in whatever pieces it comes."""
    parts = ["above", "\n"] * lines + parts
    screen = Screen()
    for part in parts:
        screen.draw(part)
    text = "".join(parts)
    pieces = []
    for size in itertools.cycle(sizes):
        pieces.append(text[:size])
        text = text[size:]
        if not text:
            break
    assert shown(*pieces) == shown("".join(parts)) == screen.text()


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0xFF) | st.sampled_from("\x1b[]0;A\n")), st.integers(0, 20))
def test_no_text_breaks_it(text: str, place: int) -> None:
    assert shown(text[:place], text[place:]) == shown(text)
    assert not any(character < " " and character not in "\t\n" for character in shown(text))


def test_bars_of_tqdm() -> None:
    printed = io.StringIO()
    with tqdm(total=3, file=printed, mininterval=0, ascii=False) as outer:
        for _ in range(3):
            for _ in tqdm(range(50), file=printed, mininterval=0, leave=False):
                pass
            outer.update()
    for number in range(2):
        for _ in tqdm(range(50), file=printed, mininterval=0, desc=f"bar {number}"):
            pass
    assert printed.getvalue().count("\r") > 200
    lines = shown(printed.getvalue()).splitlines()
    assert [line.partition("%")[0] for line in lines] == ["100", "bar 0: 100", "bar 1: 100"]


def test_live_display_of_rich() -> None:
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, width=60)
    with Progress(console=console, auto_refresh=False) as progress:
        tasks = [progress.add_task(name, total=2) for name in ("first", "second")]
        for _ in range(2):
            for task in tasks:
                progress.update(task, advance=1, refresh=True)
            console.print("said")
    assert "\x1b[" in printed.getvalue()
    lines = shown(printed.getvalue()).splitlines()
    assert [line.split()[0] for line in lines] == ["said", "said", "first", "second"]
    assert all("100%" in line for line in lines[2:])


def test_many_characters_in_little_time() -> None:
    """Nothing is searched again and again: a sequence without end, at every place."""
    for piece in ("\x1b]", "\x1b[", "\x1b", "\r", "\x1b[1", "\b"):
        assert len(shown(piece * 30_000)) <= 60_000 + 2 * 60_000 // MAX_WIDTH
