"""The name that Claude Code gives to a project's folder."""

from __future__ import annotations

import re

LONGEST = 200
"""How many characters of a directory's path its folder's name keeps."""

_OTHER = re.compile("[^a-zA-Z0-9]")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def project_slug(directory: str) -> str:
    """The name of a working directory's folder: ``-home-ada-shop`` of ``/home/ada/shop``.

    Many directories share a slug, so the way back is the ``cwd`` of the records.

    Args:
        directory: its absolute path, as the CLI has it.
    """
    units = _utf16(directory)
    name = _OTHER.sub("-", units)
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}-{_hash(units)}"


def may_be_slug_of(slug: str, directory: str) -> bool:
    """Whether a folder's name fits a directory.

    The hash at the end of a long name is not compared: it differed between releases of the CLI.
    """
    name = _OTHER.sub("-", _utf16(directory))
    return slug == name if len(name) <= LONGEST else slug.startswith(f"{name[:LONGEST]}-")


def _utf16(text: str) -> str:
    """One character for each UTF-16 unit, as JavaScript counts: two for one beyond U+FFFF."""
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(low | high << 8) for low, high in zip(data[::2], data[1::2], strict=True))


def _hash(units: str) -> str:
    """JavaScript's classic string hash, 32 bits and signed, its absolute value in base 36."""
    number = 0
    for unit in units:
        number = (number * 31 + ord(unit)) & 0xFFFFFFFF
    number = abs(number - (1 << 32) if number >> 31 else number)
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
