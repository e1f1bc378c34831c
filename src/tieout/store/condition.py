"""How a running installation is doing: what waits and should not, what was refused, what is silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from tieout.canon.dates import add_months

from . import queues
from .check import Check
from .connection import Connection
from .history import months
from .streams import listed

LONG = 60.0
"""Seconds after which something that waits is worth a word."""


def condition(connection: Connection) -> Iterator[Check]:
    """What can be said of a database whose tables are up to date."""
    measured = {queue.name: queue for queue in queues.measure(connection)}
    late = [measured[name] for name in ("deliveries", "instances") if (measured[name].age or 0) > LONG]
    if late:
        found = ", ".join(
            f"{queue.name} that wait: {queue.depth:,}, the first for {_words(queue.age or 0)}" for queue in late
        )
        yield Check(
            "work", "doubtful", found, "start a worker (`tieout worker`, `tieout serve`), or see what its log says"
        )
    else:
        yield Check("work", "good", "nothing waits for long")
    if refused := measured["refused"].depth:
        mend = "`tieout replay` once what was wrong is mended; the reasons are in the log and with each delivery"
        yield Check("refused", "doubtful", f"deliveries that were not understood: {refused:,}", mend)
    if problems := measured["problems"].depth:
        mend = "the reasons are in the log: a flow of your own is to be mended, or a fault of Tieout reported"
        yield Check("instances", "bad", f"instances that could not be evaluated: {problems:,}", mend)
    if (measured["trail"].age or 0) > LONG:
        found = f"entries that wait to be sealed: {measured['trail'].depth:,}, the first for {_words(measured['trail'].age or 0)}"
        yield Check("trail", "doubtful", found, "start a worker; it seals them")
    yield from _streams(connection)
    yield from _history(connection)


def _streams(connection: Connection) -> Iterator[Check]:
    silent = [one.stream for one in listed(connection) if one.stream.silent_since is not None]
    if silent:
        keys = ", ".join(stream.key.removeprefix("stream/") for stream in silent[:5]) + (
            " …" if len(silent) > 5 else ""
        )
        yield Check(
            "streams", "doubtful", f"less comes than is expected: {keys}", "`tieout streams list`, and their cases"
        )


def _history(connection: Connection) -> Iterator[Check]:
    """Of an installation that has begun to make partitions."""
    there = months(connection)
    following = add_months(dt.datetime.now(dt.UTC).date().replace(day=1), 1)
    if there and following not in there:
        found = f"there is no partition for {following:%Y-%m}"
        yield Check("history", "doubtful", found, "start a worker before that month begins; it makes them ahead")


def _words(seconds: float) -> str:
    return str(dt.timedelta(seconds=round(seconds)))
