"""How a webhook proves that it comes from whom it says, and that it is not an old one sent again.

| scheme | |
|---|---|
| `hmac` | a keyed hash of the body, or of a text with the body and a time in it, in a header |
| `standard-webhooks` | <https://www.standardwebhooks.com>: `webhook-id`, `webhook-timestamp`, `webhook-signature` |
| `none` | nothing proves it; only where a connection says so |

A scheme holds no secret and looks at no clock; both are handed to it. Several secrets are good at once while one takes over from another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tieout.canon.faults import InputFault, MappingFault, nearest

PREFIX = "whsec_"
TOLERANCE = 300


class Forged(Exception):
    """It is not what it says it is. ``reason`` is a few words of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="scheme"):
    """How one connection's deliveries are proved."""

    id_header: str = ""
    """The header with the sender's own name for a delivery: the same one twice is kept once."""

    def check(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Raise Forged for what none of the secrets vouches for. ``headers`` have their names in lower case; ``now`` is Unix time."""
        raise NotImplementedError

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The sender's own name for the delivery."""
        return headers.get(self.id_header.lower()) or None if self.id_header else None


class Unsigned(Scheme, frozen=True, tag="none"):
    """Nothing proves it."""

    def check(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Takes everything."""


class Hmac(Scheme, frozen=True, tag="hmac"):
    """A keyed hash in a header, in the many forms that it comes in."""

    header: str = "X-Signature"
    algorithm: Literal["sha256", "sha512", "sha384", "sha1"] = "sha256"
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    prefix: str = ""
    """What stands before the signature, such as ``sha256=``."""
    part: str = ""
    """Where the header is a list such as ``t=1700000000,v1=abc``: the name of a signature in it, which may be there several times."""
    timestamp_header: str = ""
    timestamp_part: str = ""
    """Or the name of the time in the list."""
    signed: str = ""
    """What is hashed, with {timestamp}, {id} and {body} in it. Default: {body}, with a time {timestamp}.{body}."""
    tolerance: int = TOLERANCE
    """Seconds that the time may be away from ours."""

    def check(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Raise Forged for what none of the secrets vouches for."""
        said = headers.get(self.header.lower())
        if not said:
            raise Forged("no signature")
        listed = [tuple(item.strip().partition("=")[::2]) for item in said.split(",")] if self.part else []
        given = [value for name, value in listed if name == self.part] if self.part else [said.strip()]
        timestamp = headers.get(self.timestamp_header.lower(), "") if self.timestamp_header else ""
        if self.timestamp_part:
            timestamp = next((value for name, value in listed if name == self.timestamp_part), "")
        if self.is_timed:
            check_time(timestamp, now, self.tolerance)
        text = _filled(self.template, timestamp, headers.get(self.id_header.lower(), ""), body)
        given = [one.removeprefix(self.prefix) for one in given if one.startswith(self.prefix)]
        given = [one.lower() for one in given] if self.encoding == "hex" else given
        if not _matches(given, (self._hash(secret, text) for secret in secrets)):
            raise Forged("wrong signature")

    @property
    def is_timed(self) -> bool:
        """Whether a time is part of it, so that an old one cannot be sent again."""
        return bool(self.timestamp_header or self.timestamp_part)

    @property
    def template(self) -> str:
        """What is hashed."""
        return self.signed or ("{timestamp}.{body}" if self.is_timed else "{body}")

    def _hash(self, secret: str, text: bytes) -> str:
        digest = hmac.digest(secret.encode(), text, self.algorithm)
        if self.encoding == "hex":
            return digest.hex()
        encode = base64.b64encode if self.encoding == "base64" else base64.urlsafe_b64encode
        return encode(digest).decode().rstrip("=")


class StandardWebhooks(Scheme, frozen=True, tag="standard-webhooks"):
    """As standardwebhooks.com has it, with symmetric signatures (v1)."""

    tolerance: int = TOLERANCE
    """Seconds that the time may be away from ours."""

    def check(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Raise Forged for what none of the secrets vouches for."""
        id_, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
        signatures = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
        given = [value for version, _, value in signatures if version == "v1"]
        if not id_ or not timestamp or not given:
            raise Forged("no signature")
        check_time(timestamp, now, self.tolerance)
        text = f"{id_}.{timestamp}.".encode() + body
        expected = (base64.b64encode(hmac.digest(key_of(secret), text, "sha256")).decode() for secret in secrets)
        if not _matches(given, expected):
            raise Forged("wrong signature")

    def key(self, headers: Mapping[str, str]) -> str | None:
        """``webhook-id``, which is the same when a delivery is sent again."""
        return headers.get("webhook-id")


SCHEMES: dict[str, type[Scheme]] = {"hmac": Hmac, "standard-webhooks": StandardWebhooks, "none": Unsigned}


def scheme_of(name: str, options: Mapping[str, Any]) -> Scheme:
    """A scheme by its name and options. Raises MappingFault that names what is wrong."""
    if name not in SCHEMES:
        raise MappingFault(
            f"there is no scheme {name!r}", mend=nearest(name, SCHEMES) or f"one of {', '.join(SCHEMES)}"
        )
    known = [field.name for field in msgspec.structs.fields(SCHEMES[name])]
    for option in options:
        if option not in known:
            raise MappingFault(
                f"the scheme {name} has no option {option!r}",
                mend=nearest(option, known) or f"it has {', '.join(known)}",
            )
    try:
        made = msgspec.convert({**options, "scheme": name}, SCHEMES[name], strict=False)
    except msgspec.ValidationError as error:
        raise MappingFault(f"an option of the scheme {name} is wrong: {error}".replace("`", "'")) from None
    if isinstance(made, Hmac):
        _check(made)
    return made


def check_secret(scheme: Scheme, secret: str) -> None:
    """Raise InputFault for a secret that is none in this scheme."""
    if isinstance(scheme, StandardWebhooks):
        try:
            if not 24 <= len(key_of(secret)) <= 64:
                raise InputFault("is not 24 to 64 bytes long", where="the secret")
        except binascii.Error:
            raise InputFault("is not base64", where="the secret", mend=f"it looks like {PREFIX}MfKQ9r8G…") from None
    elif len(secret) < 16:
        raise InputFault(f"has {len(secret)} characters", where="the secret", mend="use 16 or more")


def check_time(timestamp: str, now: float, tolerance: int) -> None:
    """Raise Forged for a time, in seconds or milliseconds since 1970, that is none, or too far from now."""
    if not re.fullmatch(r"\d{9,13}", timestamp):
        raise Forged("no time")
    seconds = int(timestamp) / 1000 if len(timestamp) > 11 else int(timestamp)
    if abs(now - seconds) > tolerance:
        raise Forged("too old" if seconds < now else "from the future")


def key_of(secret: str) -> bytes:
    """The bytes of a secret as Standard Webhooks writes it. Raises binascii.Error."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def _check(scheme: Hmac) -> None:
    fields = set(re.findall(r"\{(\w*)\}", scheme.template))
    if "body" not in fields or fields - {"body", "timestamp", "id"}:
        raise MappingFault(
            f"cannot be hashed: {scheme.template!r}",
            where="signed",
            mend="it has {body}, and may have {timestamp} and {id}",
        )
    if scheme.is_timed and "timestamp" not in fields:
        raise MappingFault(
            "the time is not part of what is hashed",
            where="signed",
            mend="put {timestamp} into it: else anybody can renew it",
        )
    if "timestamp" in fields and not scheme.is_timed:
        raise MappingFault("no time is sent", where="signed", mend="name timestamp_header or timestamp_part")
    if scheme.timestamp_part and not scheme.part:
        raise MappingFault("the header is no list", where="timestamp_part", mend="name the signature's part, too")


def _filled(template: str, timestamp: str, id_: str, body: bytes) -> bytes:
    values = {"{timestamp}": timestamp.encode(), "{id}": id_.encode(), "{body}": body}
    parts = re.split(r"(\{\w+\})", template)
    return b"".join(values[part] if part in values else part.encode() for part in parts)


def _matches(given: Iterable[str], expected: Iterable[str]) -> bool:
    """Compared in constant time, each with each, so that the time that it takes tells nothing of which or how much."""
    found = False
    offered = [one.rstrip("=").encode() for one in given]
    for one in expected:
        right = one.rstrip("=").encode()
        for other in offered:
            found |= hmac.compare_digest(right, other)
    return found
