"""Kept files that repeat what is taken out of an entry: their content is another one from then on.

A content is known by its hash, so what is left of it is a file of its own, and the event that told
of the old one tells of the new one. Its header keeps how large the file once was.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePosixPath

from ..adapters.claude.kept_files import stored
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.encoding.compression import Compressor
from ..adapters.storage.encoding.rows import to_row
from ..domain import events as e
from ..domain.recorded import Recorded
from ..domain.redaction import REDACTED, SHORTEST, Replace
from .replacing import Change, changed


class KeptTexts:
    """Takes texts out of kept files."""

    def __init__(
        self, reader: Reader, names: Replace, what: Replace | None, texts: Iterable[str]
    ) -> None:
        """Say what is taken out.

        Args:
            names: what becomes of a file's name.
            what: what becomes of its content; None where every text of an entry goes. Then a file
                goes as a whole if the entry repeats it: all of it, or as a result put aside.
            texts: those of the entry, as they were.
        """
        self._reader = reader
        self._names = names
        self._what = what
        self._texts = [text.strip() for text in texts]
        self._decoded = {sha256(data).hexdigest() for data in _decoded(self._texts)}
        self._compressor = Compressor()
        self.gone: set[str] = set()
        """The digests of contents that held it."""

    def changed(self, recorded: Recorded) -> Change | None:
        """What becomes of an event that tells of a kept file; None where nothing does."""
        named = changed(recorded, self._names)
        event = recorded.event
        assert isinstance(event, e.FileKept)
        before = self._content(event.digest)
        if before is None:
            return named
        after = self._without(event, before)
        if after == before:
            return named
        file = stored(after)
        told = event.model_copy(update={"digest": file.digest.hex()})
        self.gone.add(event.digest)
        renamed = changed(recorded._replace(event=told), self._names)
        body = renamed.body if renamed is not None else to_row(told)[1]
        assert body is not None
        return Change(recorded, body, named.texts if named is not None else [], file)

    def _content(self, digest: str) -> bytes | None:
        found = self._reader.file(bytes.fromhex(digest)) if digest else None
        if found is None:
            return None
        return self._compressor.decompress(found.codec, None, found.data)

    def _without(self, event: e.FileKept, content: bytes) -> bytes:
        text = content.decode("utf-8", "surrogateescape")
        if self._what is not None:
            return self._what(text).encode("utf-8", "surrogateescape")
        whole = text.strip()
        name = PurePosixPath(event.name).name
        put_aside = event.kind == "tool-result" and any(name in one for one in self._texts)
        repeated = any(
            whole == one or (len(whole) >= SHORTEST and whole in one) for one in self._texts
        )
        gone = whole and (repeated or put_aside or event.digest in self._decoded)
        return REDACTED.encode() if gone else content


def _decoded(texts: Iterable[str]) -> Iterable[bytes]:
    """What texts hold as base64: images, which the CLI keeps beside the transcript too."""
    for text in texts:
        try:
            yield b64decode(text, validate=True)
        except (NotBase64, ValueError):  # most are none
            continue
