"""How values are written in the language of a notebook, where papermill's own way is wrong."""

from __future__ import annotations

from papermill.translators import RTranslator, papermill_translators


class RValues(RTranslator):  # type: ignore[misc]
    """R takes no string that has both ``\\xe9`` and ``\\u20ac``, as Python writes what is not ASCII."""

    @classmethod
    def translate_escaped_str(cls, str_val: object) -> str:
        return '"' + "".join(map(_escaped, str(str_val))) + '"'


def _escaped(character: str) -> str:
    number = ord(character)
    if character in '"\\':
        return "\\" + character
    if 0x20 <= number < 0x7F:
        return character
    if 0xD800 <= number < 0xE000:
        return "\\ufffd"  # Half of a character.
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


papermill_translators.register("R", RValues)
