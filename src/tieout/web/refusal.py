"""What a caller is told when they do not get what they asked for: RFC 9457 problem details with our `where` and `mend`.

| status | |
|---|---|
| 401, 403 | nobody we know; somebody who may not |
| 404, 405 | there is no such thing; not by this method |
| 409 | contradicts what is there |
| 413, 415, 422 | too large; not a format that we read; read, and wrong |
| 503 | later: nothing was changed; Retry-After says when |
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from tieout import cases
from tieout.canon.faults import Fault, MachineFault
from tieout.store.connection import is_about_a_value
from tieout.store.errors import DatabaseLost, DeliveryRefused, IntakeFull, Outdated

OF_CASES = {cases.Unknown: 404, cases.Conflict: 409, cases.Forbidden: 403}
SECONDS = 2
"""Retry-After: a database that is started again is there by then, or is not for long."""


class Refused(msgspec.Struct, frozen=True):
    """One of many that was not accepted."""

    n: int
    """Which one, counted from 0."""
    what: str
    where: str
    mend: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a caller did not get what they asked for."""

    status: int
    title: str
    """The status in words."""
    detail: str
    """What is wrong."""
    where: str = ""
    """The field, parameter or document that is wrong."""
    mend: str = ""
    """How to mend it."""
    refused: tuple[Refused, ...] = ()
    """Where many were handed in: each one that was not accepted."""


class Refusal(Exception):
    """Raised by whoever finds that a caller does not get what they asked for."""

    def __init__(
        self, status: int, detail: str, *, where: str = "", mend: str = "", refused: tuple[Refused, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(detail)
        title = HTTPStatus(status).phrase
        self.problem = Problem(status=status, title=title, detail=detail, where=where, mend=mend, refused=refused)
        self.headers = headers


def refusal(error: Exception) -> Refusal | None:
    """What a caller is told about an exception; None where it is a fault of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, cases.Refused):
        status = next((n for kind, n in OF_CASES.items() if isinstance(error, kind)), 422)
        return Refusal(status, error.what, where=error.where, mend=error.mend)
    if isinstance(error, Fault) and not isinstance(error, MachineFault):
        return Refusal(422, error.what, where=error.where, mend=error.mend)
    if isinstance(error, DeliveryRefused):
        return Refusal(422, str(error))
    if isinstance(error, Outdated):
        return Refusal(409, str(error), mend="look at what holds now, and decide on that")
    if isinstance(error, DatabaseLost):
        return later("the database cannot be reached")
    if isinstance(error, IntakeFull):
        return later(str(error))
    if is_about_a_value(error):
        return Refusal(
            422, "a value that no database holds", mend="texts have no zero bytes, whole numbers at most 64 bits"
        )
    return None


def later(detail: str) -> Refusal:
    """Nothing was changed; the same may be asked again."""
    return Refusal(503, detail, mend="send it again", headers=(("retry-after", str(SECONDS)),))


def not_found(what: str, mend: str = "") -> Refusal:
    """There is no such thing, or the caller may not know that there is."""
    return Refusal(404, what, mend=mend)
