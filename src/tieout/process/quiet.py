"""The plain shapes of a flow's instances in which nothing can be found, said so that a database can tell them.

Most instances of a company in order have one of a few shapes: a payment with its receipt, applied in full. What a control
answers for these is so simple that it can be said of all of them at once, and a million of them need not be made into
documents first. A `Quiet` is a *sufficient* condition: whoever does not meet it is judged one by one, as ever, so that it may leave out
whatever is not plain. That both ways give the same answer is a test over whole companies (`tests/setwise/test_quiet.py`).

Expressions are SQL in the dialect of the plan. ``d`` is one document with its defaults filled in, ``a`` what is known of the instance:
the anchor's ``entity`` and ``currency``, and the sums declared before. Besides, there are

    local_day(entity, instant)   the day on which an instant falls there
    functional(entity)           the currency of its books
    role_of(system)              the role of a system
"""

from __future__ import annotations

import msgspec


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """What every document of one relation is like."""

    relation: str
    """A relation, or the anchor."""
    holds: str
    """True of each of them."""
    day: str
    """The day from which it counts. An instance of which a part is still to come is not quiet, nor one half of which lies before
    the bridge's period."""
    sums: dict[str, str] = {}
    """Name → amount, added up over the documents; 0 where there are none."""
    least: int = 0
    most: int | None = None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One position of each document of a relation: what the control adds to a bridge line, in the anchor's currency and books.

    One (row, line) has one `Move` a document: what the control adds in several steps is netted here.
    """

    row: str
    line: str
    of: str
    """A relation, or the anchor."""
    amount: str


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """One plain shape: its documents are plain, its other relations empty, its sums agree, and every step that applies is reached."""

    plain: tuple[Plain, ...]
    """The anchor first."""
    when: str = "true"
    """What the sums have to be like."""
    unseen: tuple[str, ...] = ()
    """Relations that no control looks at in this shape: they may hold anything."""
    moves: tuple[Move, ...] = ()
