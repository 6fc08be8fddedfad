"""The pictures of a transcript, within the page."""

from __future__ import annotations

import base64
import re

from ..pieces import Picture
from .markup import Markup, element

LARGEST = 24 << 20
"""Characters of base64 of the largest picture that is shown."""
_BEGINS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""How the data of each kind begins: a kind that could hold a script is never among them."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def picture(found: Picture) -> Markup:
    """A picture; where it is none that is known, a word in its place."""
    data = "".join(found.data.split())
    begins = _BEGINS.get(found.media_type)
    if begins is None or not _is_base64(data):
        return _missing(found)
    if not begins.match(base64.b64decode(data[:32])):
        return _missing(found)
    source = f"data:{found.media_type};base64,{data}"
    return element("img", src=source, alt="a picture of the transcript", loading="lazy")


def _is_base64(data: str) -> bool:
    return len(data) <= LARGEST and len(data) % 4 == 0 and _BASE64.fullmatch(data) is not None


def _missing(found: Picture) -> Markup:
    why = "lies elsewhere" if not found.data else f"{found.media_type[:40]}, not shown"
    return element("span", f"🖼 a picture ({why})", class_="elsewhere")
