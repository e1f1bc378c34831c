"""A first look at a file's bytes: its hash and size, and whether a fast reader may have it as it is.

Text is decoded and searched once, block by block, so that what could hurt a reader (a line of 100 MB, a NUL, bytes of
another encoding) is known before one sees it, and memory stays at a few blocks.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa

BLOCK = 1 << 20
MAX_LINE = 1 << 20
"""Longest line (and longest record of several lines) that is read, in characters."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that no business value has: all controls but tab and line ends."""
_KEEP = bytes(code for code in range(256) if code >= 32 or code in b"\t\n\r")


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes say. ``clean`` text has no line that is too long, no control character and no wrong byte."""

    sha256: str
    bytes: int
    empty: bool = False
    clean: bool = True
    plain: bool = False
    """Whether there is neither a quote character nor an empty line: then record n is line n."""


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes as a stream, decompressed where the name ends in .gz or .zst."""
    kind = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower())
    raw = pa.input_stream(str(path), compression=kind)
    return io.BufferedReader(raw, BLOCK)


def survey_binary(path: Path) -> Survey:
    """Hash and size alone."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
    return Survey(sha256=digest.hexdigest(), bytes=size, empty=size == 0)


def survey_text(path: Path, encoding: str, quote: str) -> Survey:
    """Hash, size and what is odd about a text file. Another encoding than UTF-8 is odd enough not to look further."""
    base = survey_binary(path)
    if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii"):
        return msgspec.structs.replace(base, clean=False)
    clean, plain, seen, ends = True, True, False, _LineEnds()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
    with open_bytes(path) as stream:
        while clean and (block := stream.read(BLOCK)):
            clean = not block.translate(None, _KEEP) and _has_line_end(block) and _decodes(decoder, block)
            plain = plain and not (quote and quote.encode() in block) and not _has_empty_line(block, seen)
            ends.count(block)
            seen = True
    clean = clean and ends.same and _decodes(decoder, b"", last=True)
    return Survey(sha256=base.sha256, bytes=base.bytes, empty=not seen, clean=clean, plain=plain)


class _LineEnds:
    """Counts line ends, to see whether they are all of one kind."""

    def __init__(self) -> None:
        self.returns = self.feeds = self.pairs = 0
        self._after_return = False

    def count(self, block: bytes) -> None:
        self.returns += block.count(b"\r")
        self.feeds += block.count(b"\n")
        self.pairs += block.count(b"\r\n") + (self._after_return and block.startswith(b"\n"))
        self._after_return = block.endswith(b"\r")

    @property
    def same(self) -> bool:
        """Line feeds alone, or each after a carriage return."""
        return self.returns == 0 or self.returns == self.feeds == self.pairs


def _has_empty_line(block: bytes, seen: bool) -> bool:
    """Whether there may be one: a block that begins with a line end may follow one that ended with another."""
    return b"\n\n" in block or b"\n\r\n" in block or b"\r\r" in block or (seen and block[:1] in b"\r\n")


def _has_line_end(block: bytes) -> bool:
    """A full block without one belongs to a line that is too long."""
    return len(block) < BLOCK or b"\n" in block or b"\r" in block


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, last: bool = False) -> bool:
    if block and block.isascii() and decoder.getstate() == (b"", 0):
        return True
    try:
        decoder.decode(block, last)
    except UnicodeDecodeError:
        return False
    return True
