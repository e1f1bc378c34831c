"""The summary on the terminal: totals, classes, owners, entities, bridge, KPIs and the dearest findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tieout.audit.result import AuditResult, BridgeRow
from tieout.canon.finding import RISKS, Finding, Group
from tieout.canon.money import format_amount

from . import figures
from .words import MONEY_GROUPS, day_text, group_title, plural, risk_title

STYLES = {
    Group.LEAKAGE: "red", Group.STUCK: "yellow", Group.OVERSTATEMENT: "magenta", Group.FUTURE: "yellow",
    Group.OVERLAY: "", Group.DIFFERENCE: "",
}  # fmt: skip
"""Colour means state, and always goes with a word."""


def print_summary(result: AuditResult, console: Console, most: int = 10) -> None:
    """Print the whole summary; ``most`` dearest findings."""
    for part in _parts(result, most, console.width):
        console.print(part)


def print_words(console: Console, words: str) -> None:
    """Print a line as it is: a path keeps its letters, brackets are no markup, and nothing is cut or wrapped."""
    console.print(Text(words), soft_wrap=True)


def _parts(result: AuditResult, most: int, width: int) -> Iterator[RenderableType]:
    head = Text(f"{result.company or 'Money at risk'}", style="bold")
    entities = ", ".join(result.entities) or "all entities"
    head.append(f"  as of {day_text(result.as_of)} · {entities} · {result.base_currency}", style="not bold")
    yield Text()
    yield head
    yield Text(figures.sentence(result))
    yield from _section("The four totals, never added together", _totals(result))
    if result.findings:
        yield from _section(f"By class, {result.base_currency}", _classes(result))
        yield from _section(f"By owner, {result.base_currency}", _spread("Owner", figures.by_owner(result), result))
        yield from _section(f"By entity, {result.base_currency}", _spread("Entity", figures.by_entity(result), result))
    if result.bridge:
        yield from _section("Bridge: from + lines + unexplained = to", _bridge(result.bridge, wide=width >= 120))
    if result.kpis:
        yield from _section("Key figures", _kpis(result))
    dearest = figures.dearest(result, most)
    if dearest:
        yield from _section(
            f"The {plural(len(dearest), 'dearest finding').removeprefix('1 ')}", _dearest(result, dearest)
        )
    yield from _warnings(result)


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, style="bold")
    yield Padding(body, (0, 0, 0, 1))


def _table(columns: Sequence[str], numeric: Sequence[str]) -> Table:
    """A plain table: amounts to the right and never cut; words wrap where the terminal is narrow."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, header_style="dim")
    for column in columns:
        if column in numeric:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold")
    return table


def _money(result: AuditResult, amount: int) -> str:
    return format_amount(amount, result.base_currency)


def _totals(result: AuditResult) -> Table:
    exposure = f"Exposure, {result.base_currency}"
    table = _table(("Total", exposure, "Findings"), (exposure, "Findings"))
    counts = figures.group_counts(result)
    for group in MONEY_GROUPS:
        amount = result.totals.get(group.value, 0)
        style = STYLES[group] if amount else "dim"
        table.add_row(Text(group_title(group), style), Text(_money(result, amount), "bold"), f"{counts[group]:,}")
    return table


def _classes(result: AuditResult) -> Table:
    old = "older than 30 d"
    table = _table(("Class", "Total", "Findings", "Exposure", old), ("Findings", "Exposure", old))
    for row in figures.by_class(result):
        group = RISKS[row.risk].group
        aged = sum(row.ages[2:5])
        table.add_row(
            Text(risk_title(row.risk), STYLES[group]), group_title(group), f"{row.count:,}",
            _money(result, row.exposure) if row.exposure else "–", _money(result, aged) if aged else "–",
        )  # fmt: skip
    return table


def _spread(name: str, rows: list[figures.Spread], result: AuditResult) -> Table:
    table = _table((name, "Findings", "Total", "Exposure"), ("Findings", "Exposure"))
    for row in rows:
        first = (Text(row.name), f"{row.count:,}")
        amounts = [(group, amount) for group, amount in row.amounts.items() if amount]
        for group, amount in amounts:
            table.add_row(*first, Text(group_title(group), STYLES[group]), _money(result, amount))
            first = (Text(), "")
        if not amounts:
            table.add_row(*first, "none of the totals", "–")
    return table


def _bridge(rows: Iterable[BridgeRow], wide: bool) -> Table:
    """Where it is narrow, only what decides: the residual, and whether the ends are the sources' own totals."""
    ends = ("From", "Lines", "To") if wide else ()
    table = _table(("Row", "Entity", *ends, "Unexplained", "Ends"), (*ends, "Unexplained"))
    for row in rows:
        lines = sum(line.amount for line in row.lines)
        sums = (row.from_total, lines, row.to_total) if wide else ()
        table.add_row(
            Text(f"{row.row} {row.title}"), Text(f"{row.entity} {row.currency} {row.period}"),
            *(format_amount(amount, row.currency) for amount in sums),
            Text(format_amount(row.unexplained, row.currency), "bold red" if row.unexplained else "green"), _tied(row),
        )  # fmt: skip
    return table


def _tied(row: BridgeRow) -> str:
    return {2: "tied", 1: "half tied", 0: "not tied"}[row.from_tied + row.to_tied]


def _kpis(result: AuditResult) -> Table:
    table = _table(("Figure", "Value", "Detail"), ("Value",))
    for kpi in result.kpis:
        table.add_row(Text(kpi.name), Text(kpi.value, "bold"), Text(kpi.detail))
    return table


def _dearest(result: AuditResult, findings: list[Finding]) -> Table:
    amount = "Exposure"
    table = _table((amount, "", "Why", "Owner"), (amount,))
    for finding in findings:
        why = Text(finding.why)
        why.append(f"\n{risk_title(finding.risk)}", STYLES[finding.group])
        since = f" · since {day_text(finding.since)}" if finding.since else ""
        why.append(f" · {finding.subject}{since}", "dim")
        table.add_row(format_amount(finding.exposure, finding.currency), finding.currency, why, Text(finding.owner))
    return table


def _warnings(result: AuditResult) -> Iterator[RenderableType]:
    lines = [
        f"{plural(count, 'finding')} in {currency} without a rate to {result.base_currency}: in no total"
        for currency, count in sorted(figures.without_rate(result).items())
    ]
    for row in figures.not_judged(result):
        money = f"{format_amount(row.amount, row.currency)} {row.currency}"
        entity = f" in {row.entity}" if row.entity else ""
        lines.append(f"not judged: {money}{entity}, {plural(row.count, 'document')}: {row.what}")
    for file in sorted(result.files, key=lambda file: -file.rejected):
        if file.rejected:
            lines.append(
                f"{file.path}: {file.rejected:,} of {plural(file.rows, 'row')} refused: {'; '.join(file.reasons)}"
            )
    lines += result.notes
    if lines:
        shown = lines[:12] + ([f"and {len(lines) - 12:,} more in the report"] if len(lines) > 12 else [])
        yield from _section("What to know before relying on it", Text("\n".join(f"· {line}" for line in shown)))
