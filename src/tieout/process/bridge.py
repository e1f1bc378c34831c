"""The bridge: contracted → fulfilled → billed → posted → collected → applied → banked → recognised.

`to = from + Σ lines + unexplained`, per row, entity, currency and period. Controls report positions (cumulative as of a
day); a period's line is the position at its end less the position at its start. The ends are the sources' own totals
where there are any. Source of the rules: docs/money.md, "The bridge". `ROWS` says who reports which line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from tieout.canon.dates import month_of
from tieout.canon.documents import GlBalance, SourceTotal
from tieout.canon.finding import Position
from tieout.canon.money import format_amount

from .bridge_rows import CONTROL_ACCOUNT, ROWS, UNAPPLIED_LINES, End, RowPlan
from .source_totals import BridgePeriod, Sources

if TYPE_CHECKING:
    from tieout.policy import Policy

TOP = 5
"""How many of a line's documents are named in it, dearest first."""


class Movement(msgspec.Struct, frozen=True):
    """All positions of one line of one entity and currency, added up: at the period's start and at its end.

    ``start_functional`` and ``end_functional`` are None where one of the positions has no functional amount.
    ``documents`` are the dearest by what they moved; ``count`` is how many moved.
    """

    row: str
    line: str
    entity: str
    currency: str
    start: int
    end: int
    start_functional: int | None = None
    end_functional: int | None = None
    documents: tuple[tuple[str, int], ...] = ()
    count: int = 0


class BridgeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One signed line of a bridge row, in minor units, itemised by documents."""

    name: str
    amount: int
    functional: int | None = None
    """The same in the entity's functional currency (`BridgeRow.functional_currency`), where the row has one."""
    documents: tuple[tuple[str, int], ...] = ()
    """The dearest documents with their amounts (all of them are in the Excel workbook and Parquet)."""
    count: int = 0


class BridgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """``to = from + Σ lines + unexplained`` for one entity, currency and period.

    ``from_total`` and ``to_total`` are the sources' own totals where there are any (``from_tied``, ``to_tied``), else what
    our evaluation of the documents gives, and then the row says so. With ``basis`` functional, ``currency`` is the entity's
    functional currency, and the row (its title says "in the books") is the sum of all its currencies.
    """

    row: str
    title: str
    entity: str
    currency: str
    period: str
    basis: Literal["transaction", "functional"] = "transaction"
    from_name: str
    from_total: int
    from_tied: bool
    to_name: str
    to_total: int
    to_tied: bool
    lines: tuple[BridgeLine, ...]
    unexplained: int
    functional_currency: str = ""
    """Set where the lines' functional amounts are known and are not the amounts themselves."""
    completeness: tuple[str, ...] = ()
    """For each end that is tied: documents' sum against source total, in words, where they differ."""


def movements(start: Iterable[Position], end: Iterable[Position]) -> list[Movement]:
    """Positions of two days added up. (`setwise` does the same in SQL for millions.)"""
    cells: dict[tuple[str, str, str, str], dict[str, list[int | None]]] = {}
    for side, positions in enumerate((start, end)):
        for p in positions:
            documents = cells.setdefault((p.row, p.line, p.entity, p.currency), {})
            amounts = documents.setdefault(p.document, [0, 0, 0, 0])
            amounts[side] += p.amount  # type: ignore[operator]
            known = amounts[2 + side]
            amounts[2 + side] = None if p.functional is None or known is None else known + p.functional
    return [_movement(cell, documents) for cell, documents in sorted(cells.items())]


def _movement(cell: tuple[str, str, str, str], documents: dict[str, list[int | None]]) -> Movement:
    columns = list(zip(*documents.values(), strict=True))
    start, end, start_books, end_books = (None if None in c else sum(c) for c in columns)
    moved = [(key, a[1] - a[0]) for key, a in documents.items() if a[1] != a[0]]  # type: ignore[operator]
    moved.sort(key=lambda item: (-abs(item[1]), item[0]))
    return Movement(*cell, start or 0, end or 0, start_books, end_books, tuple(moved[:TOP]), len(moved))


class _Tied(NamedTuple):
    """One end of a row: its amount, whether sources state all of it, and where documents differ from them."""

    amount: int
    tied: bool
    notes: tuple[str, ...]


def bridge(
    moved: Iterable[Movement], totals: Iterable[SourceTotal], balances: Iterable[GlBalance], period: BridgePeriod,
    policy: Policy,
) -> tuple[BridgeRow, ...]:  # fmt: skip
    """All rows of a period: per entity and currency, and for R4 to R6 per entity in its functional currency as well."""
    sources = Sources(totals, balances, policy)
    cells: dict[str, dict[tuple[str, str], dict[str, Movement]]] = {plan.row: {} for plan in ROWS}
    for movement in moved:
        if movement.row in cells:
            lines = cells[movement.row].setdefault((movement.entity, movement.currency), {})
            lines[movement.line] = movement
    found: list[BridgeRow] = []
    for plan in ROWS:
        here = cells[plan.row]
        for entity, currency in sorted({*here, *sources.cells(plan)}):
            row = _row(plan, entity, currency, here.get((entity, currency), {}), sources, period)
            if row is not None:
                found.append(row)
        if plan.functional:
            found += _functional_rows(plan, here, sources, period)
    return tuple(found)


def _row(
    plan: RowPlan, entity: str, currency: str, lines: dict[str, Movement], sources: Sources, period: BridgePeriod
) -> BridgeRow | None:
    """One row in transaction currency; None where there is nothing on it."""
    starts = [_end(end, entity, currency, lines, sources, period) for end in plan.starts]
    to = _end(plan.end, entity, currency, lines, sources, period)
    functional = sources.policy.functional(entity)
    said = _lines(plan, lines, functional if plan.functional else "")
    if not (said or to.amount or any(start.amount for start in starts)):
        return None
    notes = [note for start in starts for note in start.notes] + list(to.notes)
    if plan.row == "R5":
        notes += _unapplied_note(entity, currency, lines, sources, period)
    if plan.functional and functional and any(_books(m, functional) is None for m in lines.values()):
        notes.append(f"no exchange rate for {currency} on every document: functional amounts are not known")
    elif plan.row == "R4" and currency == functional:
        notes += _control_note(entity, currency, sources, period)
    row = _made(plan, entity, currency, period, "transaction", starts, to, said, tuple(notes))
    if plan.functional and currency != functional and all(_books(m, functional) is not None for m in lines.values()):
        return msgspec.structs.replace(row, functional_currency=functional)
    return row


def _lines(plan: RowPlan, lines: dict[str, Movement], functional: str) -> tuple[BridgeLine, ...]:
    """The row's lines: movements; balances as what the opening one releases, once for all, and the closing ones."""
    said: list[BridgeLine] = []
    released: dict[str, list[Movement]] = {}
    for line, m in plan.ordered(lines):
        if line.opening:
            released.setdefault(line.opening, []).append(m)
            amount, books = m.end, _side(m, m.end, m.end_functional, functional)
        else:
            amount, books = m.end - m.start, _books(m, functional)
        if amount or (functional and books):
            said.append(
                BridgeLine(
                    name=line.name, amount=amount, functional=books if functional else None, documents=m.documents,
                    count=m.count,
                )
            )  # fmt: skip
    openings = []
    for name, balances in released.items():
        books_of = [_side(m, m.start, m.start_functional, functional) for m in balances]
        books = None if None in books_of or not functional else -sum(books_of)  # type: ignore[arg-type]
        amount = -sum(m.start for m in balances)
        if amount or books:
            openings.append(BridgeLine(name=name, amount=amount, functional=books))
    return (*openings, *said)


def _side(movement: Movement, amount: int, books: int | None, functional: str) -> int | None:
    """One side of a movement in functional currency."""
    return amount if movement.currency == functional else books


def _functional_rows(
    plan: RowPlan, here: dict[tuple[str, str], dict[str, Movement]], sources: Sources, period: BridgePeriod
) -> Iterator[BridgeRow]:
    """One row per entity that trades in other currencies than its own, in its functional currency."""
    by_entity: dict[str, dict[str, dict[str, Movement]]] = {}
    for (entity, currency), own in sorted(here.items()):
        by_entity.setdefault(entity, {})[currency] = own
    for entity, currencies in by_entity.items():
        functional = sources.policy.functional(entity)
        if set(currencies) <= {functional} or any(
            _books(m, functional) is None for ls in currencies.values() for m in ls.values()
        ):
            continue
        lines: dict[str, Movement] = {}
        for own in currencies.values():
            for name, m in own.items():
                lines[name] = _plus(lines.get(name), m, functional)
        starts = [_end_in_books(end, entity, functional, currencies, lines, sources, period) for end in plan.starts]
        to = _end_in_books(plan.end, entity, functional, currencies, lines, sources, period)
        said = _lines(plan, lines, functional)
        notes = [note for start in starts for note in start.notes] + list(to.notes)
        if plan.row == "R4":
            notes += _control_note(entity, functional, sources, period)
        yield _made(plan, entity, functional, period, "functional", starts, to, said, tuple(notes))


def _made(
    plan: RowPlan, entity: str, currency: str, period: BridgePeriod, basis: Literal["transaction", "functional"],
    starts: list[_Tied], to: _Tied, lines: tuple[BridgeLine, ...], notes: tuple[str, ...],
) -> BridgeRow:  # fmt: skip
    start = sum(s.amount for s in starts)
    return BridgeRow(
        row=plan.row, title=plan.title + (", in the books" if basis == "functional" else ""), entity=entity,
        currency=currency, period=period.name, basis=basis,
        from_name=plan.from_name, from_total=start, from_tied=all(s.tied for s in starts if s.amount or s.tied)
        and any(s.tied for s in starts),
        to_name=plan.to_name, to_total=to.amount, to_tied=to.tied, lines=lines,
        unexplained=to.amount - start - sum(line.amount for line in lines), completeness=notes,
    )  # fmt: skip


def _end(
    end: End, entity: str, currency: str, lines: dict[str, Movement], sources: Sources, period: BridgePeriod
) -> _Tied:
    """The sources' total of an end, else the documents'."""
    return _tie(end, _evaluated(end, lines.get(end.line)), sources.find(end, entity, currency, period), currency)


def _end_in_books(
    end: End, entity: str, functional: str, currencies: dict[str, dict[str, Movement]], lines: dict[str, Movement],
    sources: Sources, period: BridgePeriod,
) -> _Tied:  # fmt: skip
    """The same over all currencies, in functional currency: a total stands only if it is stated wherever there is something."""
    stated = [
        total
        for currency, own in currencies.items()
        if (total := sources.find(end, entity, currency, period, books=True)) is not None
        or _evaluated(end, own.get(end.line))
    ]
    known = None if None in stated or not stated else sum(stated)  # type: ignore[arg-type]
    return _tie(end, _evaluated(end, lines.get(end.line)), known, functional)


def _tie(end: End, evaluated: int, stated: int | None, currency: str) -> _Tied:
    if stated is None:
        return _Tied(evaluated, False, ())
    notes: tuple[str, ...] = ()
    if stated != evaluated:
        notes = (
            f"{end.name}: the documents add up to {format_amount(evaluated, currency)}, the source states"
            f" {format_amount(stated, currency)}: {format_amount(stated - evaluated, currency)} {currency} is not in them",
        )
    return _Tied(stated, True, notes)


def _evaluated(end: End, movement: Movement | None) -> int:
    if movement is None:
        return 0
    return {"opening": movement.start, "closing": movement.end}.get(end.when, movement.end - movement.start)


def _books(movement: Movement, functional: str) -> int | None:
    """A line's movement in functional currency."""
    start = _side(movement, movement.start, movement.start_functional, functional)
    end = _side(movement, movement.end, movement.end_functional, functional)
    return None if start is None or end is None else end - start


def _plus(so_far: Movement | None, movement: Movement, functional: str) -> Movement:
    """Add a line of one currency to the line over all currencies; its documents are named in the currencies' own rows."""
    count = movement.count
    if movement.currency == functional:
        start, end = movement.start, movement.end
    else:
        start, end = movement.start_functional or 0, movement.end_functional or 0
    if so_far is not None:
        start, end, count = start + so_far.start, end + so_far.end, count + so_far.count
    return Movement(movement.row, movement.line, movement.entity, functional, start, end, start, end, (), count)


def _unapplied_note(
    entity: str, currency: str, lines: dict[str, Movement], sources: Sources, period: BridgePeriod
) -> Iterator[str]:
    """The ERP's own balance of unapplied cash against ours."""
    end = End("unapplied cash", "", "closing", "unapplied_closing", frozenset({"erp"}))
    stated = sources.find(end, entity, currency, period)
    yield from _tie(end, -sum(lines[n].end for n in UNAPPLIED_LINES if n in lines), stated, currency).notes


def _control_note(entity: str, currency: str, sources: Sources, period: BridgePeriod) -> Iterator[str]:
    """Receivables by the ageing report against their control account in the general ledger."""
    ledger = sources.control.get(entity, {}).get(month_of(period.last))
    end = End("", "", "closing", "ar_closing", frozenset({"erp"}))
    own = {c for measure, e, c in sources.stated if measure == "ar_closing" and e == entity}
    ageing = [sources.find(end, entity, c, period, books=True) for c in sorted(own)]
    if ledger is None or not ageing or None in ageing:
        return
    total = sum(ageing)  # type: ignore[arg-type]
    if total != ledger:
        yield (
            f"general ledger: {CONTROL_ACCOUNT} closes at {format_amount(ledger, currency)}, the ageing report at"
            f" {format_amount(total, currency)}: {format_amount(ledger - total, currency)} {currency} apart"
        )
