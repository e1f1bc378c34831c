"""CloudEvents 1.0 over HTTP: an envelope around a document, taken off.

In *binary* mode the attributes are headers ``ce-…`` and the body is the document; in *structured* mode the body is a JSON object with the
attributes and ``data``; a *batch* is an array of such. All become binary here: the attributes as headers, and ``data``'s own bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from tieout.canon.faults import InputFault

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
REQUIRED = ("specversion", "id", "source", "type")

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_TEXT = msgspec.json.Decoder(str)


class Event(msgspec.Struct, frozen=True):
    """What was in one envelope."""

    key: str
    """Source and id, which name an event in all the world."""
    content_type: str
    attributes: dict[str, str]
    """As headers: ``ce-id`` and so on."""
    body: bytes


def unwrap(headers: Mapping[str, str], media_type: str, body: bytes) -> list[Event] | None:
    """The events of a request; None where it is no CloudEvent. Raises InputFault for an envelope that is none."""
    if media_type == STRUCTURED:
        return [_structured(_decoded(_OBJECT, body), "")]
    if media_type == BATCH:
        return [_structured(event, f"event {n} ") for n, event in enumerate(_decoded(_OBJECTS, body))]
    if "ce-specversion" in headers:
        attributes = {name: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        _check({name.removeprefix("ce-"): value for name, value in attributes.items()}, "")
        return [Event(f"{attributes['ce-source']} {attributes['ce-id']}", media_type, attributes, body)]
    return None


def _structured(event: dict[str, msgspec.Raw], where: str) -> Event:
    attributes: dict[str, str] = {}
    for name, raw in event.items():
        if name not in ("data", "data_base64"):
            value = msgspec.json.decode(raw)
            if isinstance(value, str | int | bool):
                attributes[name] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    _check(attributes, where)
    if "data_base64" in event:
        try:
            body = base64.b64decode(_decoded(_TEXT, bytes(event["data_base64"])), validate=True)
        except binascii.Error:
            raise InputFault("is not base64", where=f"{where}data_base64") from None
    else:
        body = bytes(event.get("data", b""))
    content_type = attributes.get("datacontenttype", "application/json")
    named = {f"ce-{name}": value for name, value in attributes.items() if name != "datacontenttype"}
    return Event(f"{attributes['source']} {attributes['id']}", content_type, named, body)


def _check(attributes: Mapping[str, str], where: str) -> None:
    for name in REQUIRED:
        if not attributes.get(name):
            raise InputFault(
                "missing", where=f"{where}{name}", mend="a CloudEvent has specversion, id, source and type"
            )
    if not attributes["specversion"].startswith("1."):
        raise InputFault(
            f"CloudEvents {attributes['specversion']} is not read here", where=f"{where}specversion", mend="send 1.0"
        )


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputFault(f"no CloudEvents in JSON: {error}".replace("`", "'")) from None
