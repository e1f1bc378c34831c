"""Many documents in one text: a JSON object, an array of them, or one a line (NDJSON). Taken apart, not yet read."""

from __future__ import annotations

import msgspec

from .faults import InputFault

NDJSON = "application/x-ndjson"
JSON = "application/json"

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def split(content: bytes, media_type: str = JSON) -> list[bytes]:
    """Each document of it as JSON on one line, in order. Raises InputFault for what is no JSON array where one begins."""
    if media_type == NDJSON:
        return [line for line in content.splitlines() if line.strip()]
    if content.lstrip()[:1] != b"[":
        return [_on_one_line(content)]
    try:
        return [_on_one_line(bytes(raw)) for raw in _ARRAY.decode(content)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputFault(
            f"no JSON: {error}", mend="send [ {…}, {…} ], or one object a line as application/x-ndjson"
        ) from None


def _on_one_line(content: bytes) -> bytes:
    # In JSON a line's end can only stand between its parts: inside a text it has to be written \n.
    return content.strip().replace(b"\n", b" ").replace(b"\r", b" ")
