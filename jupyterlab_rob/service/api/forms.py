"""A form with one file, read as it arrives: the file goes to whoever keeps it, nothing is held but the short fields."""

from __future__ import annotations

import logging
from collections.abc import Callable

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ...errors import InvalidInput

#: What a form may add to its file, in bytes: boundaries, heads and short fields.
FORM_OVERHEAD = 1 << 16

#: Most parts of a form: its file, and fields of which no form has more than a few.
MAX_PARTS = 20

_FILE = "file"

# What is wrong with a form is the client's business and told to it.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


class FormReader:
    """Reads multipart/form-data with exactly one file, in the field ``file``.

    Args:
        content_type: The request's header.
        sink: Takes the file's content, piece by piece.

    ``fields`` are the other fields; ``name`` is the file's, as the client says it. InvalidInput is raised when it is no
    such form; what ``sink`` raises passes through.
    """

    def __init__(self, content_type: str, sink: Callable[[bytes], None]) -> None:
        self.fields: dict[str, str] = {}
        self.name: str | None = None
        self._sink = sink
        self._is_complete = False
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._field: str | None = None
        self._text = bytearray()
        self._text_size = 0
        self._parts = 0
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidInput("Send one file, as multipart/form-data in the field 'file'.")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begins,
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._content,
                    "on_part_end": self._part_ends,
                    "on_end": self._form_ends,
                },
            )
        except FormParserError as error:
            raise _unreadable(error) from error

    def feed(self, data: bytes) -> None:
        """The next part of the request's body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _unreadable(error) from error

    def finish(self) -> str:
        """The body has ended; the file's name."""
        if not self._is_complete:
            raise InvalidInput("The form can't be read: it has no end.")
        if self.name is None:
            raise InvalidInput("The form has no file: send one, in the field 'file'.")
        return self.name

    # -- what the parser calls --

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidInput(f"The form has more than {MAX_PARTS} parts: send one file, in the field 'file'.")
        self._disposition = b""
        self._field = None
        self._text.clear()

    def _header_ends(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        # As latin-1, which keeps every byte: the names are UTF-8.
        kind, options = parse_options_header(self._disposition.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise InvalidInput("The form can't be read: one of its parts has no name.")
        self._field = _text(options[b"name"])
        if b"filename" not in options:
            if self._field == _FILE:
                raise InvalidInput("The form's field 'file' is a text: send a file, with its name.")
            return
        if self._field != _FILE:
            raise InvalidInput(f"The form has a file in the field '{self._field}': send it in the field 'file'.")
        if self.name is not None:
            raise InvalidInput("The form has more than one file: send one.")
        self.name = _text(options[b"filename"])

    def _content(self, data: bytes, start: int, end: int) -> None:
        if self._field == _FILE:
            self._sink(data[start:end])
            return
        self._text_size += end - start
        if self._text_size > FORM_OVERHEAD:
            raise InvalidInput(f"The form's field '{self._field}' is too long.")
        self._text += data[start:end]

    def _part_ends(self) -> None:
        if self._field is not None and self._field != _FILE:
            self.fields[self._field] = _text(bytes(self._text))

    def _form_ends(self) -> None:
        self._is_complete = True


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("The form can't be read: its text is not UTF-8.") from error


def _unreadable(error: FormParserError) -> InvalidInput:
    return InvalidInput(f"The form can't be read: {error}.")
