"""What commands of the live engine share: which installation they are about, and its database."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tieout.canon.faults import InputFault

if TYPE_CHECKING:
    from tieout.store.connection import Connection
    from tieout.store.trail import By

Folder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder; default: TIEOUT_DATA, or the usual one.")
]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of", metavar="DATE", formats=["%Y-%m-%d"], show_default=False,
        help="Judge as of the end of this day, and not of now: for a rehearsal with documents of the past.",
    ),
]  # fmt: skip


def day_of(given: dt.datetime | None) -> dt.date | None:
    """The day of an option that names one."""
    return given.date() if given is not None else None


def instant_of(text: str, where: str) -> dt.datetime | None:
    """The instant that an option names, a day being its beginning in UTC; None where it is empty. Raises InputFault."""
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputFault(
            f"{text!r} is no time", where=where, mend="write it like 2026-06-30 or 2026-06-30T14:05:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@contextmanager
def opened(folder: Path | None, application: str) -> Iterator[Connection]:
    """A connection to its database, in one transaction that is committed when the command is done."""
    from tieout.store.connection import connect

    with dsn_of(folder) as dsn, connect(dsn, application) as connection:
        yield connection


@contextmanager
def dsn_of(folder: Path | None) -> Iterator[str]:
    """How to connect to its database, which runs meanwhile."""
    from tieout import settings
    from tieout.store.embedded import database

    with database(settings.read(os.environ, folder)) as dsn:
        yield dsn


def by(why: str = "") -> By:
    """Whoever runs the command, by their name on this machine."""
    from tieout.store.trail import By

    return By(getpass.getuser(), "person", why)
