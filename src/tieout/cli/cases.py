"""``tieout cases``: what is wrong, one case for each root cause; who works it, and what it comes to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import case_actions, case_bulk
from .case_filter import (
    Assignee,
    Customer,
    Document,
    Entities,
    Late,
    Least,
    Owner,
    RiskClass,
    Severity,
    State,
    one_of,
    wanted_of,
)  # fmt: skip
from .installation import Folder, opened

if TYPE_CHECKING:
    from tieout.cases import Case
    from tieout.store.case_views import Shown

app = typer.Typer(
    help="Cases: what is wrong, one for each root cause, and what is done about it.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="As JSON; amounts are whole minor units.")]


@app.command("list")
def list_(
    owner: Owner = None, assignee: Assignee = None, risk: RiskClass = None, entity: Entities = None, state: State = "current",
    severity: Severity = None, document: Document = None, customer: Customer = None, least: Least = None, late: Late = False,
    sort: Annotated[str, typer.Option("--sort", metavar="ORDER", help="worth: dearest first; due; age: oldest first.")] = "worth",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="How many.")] = 30,
    after: Annotated[str, typer.Option("--after", metavar="CURSOR", help="Where the page before ended.")] = "",
    as_json: Json = False, folder: Folder = None,
) -> None:  # fmt: skip
    """List cases, the dearest first."""
    import msgspec

    from tieout.store.case_views import list_cases

    order: Any = one_of("--sort", sort, ("worth", "due", "age"))
    with opened(folder, "tieout cases") as connection:
        wanted = wanted_of(connection, owner, assignee, risk, state, severity, document, customer, least, late)
        page = list_cases(connection, wanted, order, entity, after, limit)
    if as_json:
        typer.echo(msgspec.json.encode(page))
        return
    for case in page.cases:
        typer.echo(line_of(case))
    if not page.cases:
        typer.echo("no cases")
    if page.next:
        typer.echo(f"more: --after {page.next}")


@app.command()
def show(id: case_actions.Id, as_json: Json = False, folder: Folder = None) -> None:
    """Show a case: what it is about, its dearest findings, and everything that happened to it."""
    import msgspec

    from tieout.cases import Unknown
    from tieout.store.case_views import show_case

    with opened(folder, "tieout cases") as connection:
        shown = show_case(connection, id)
    if shown is None:
        raise Unknown(f"there is no case {id}", mend="`tieout cases list` shows those that there are")
    if as_json:
        typer.echo(msgspec.json.encode(shown))
        return
    for line in _told(shown):
        typer.echo(line)


@app.command()
def risk(entity: Entities = None, as_json: Json = False, folder: Folder = None) -> None:
    """Say what it all comes to: four totals, never added together, by class, owner, entity and age."""
    import msgspec

    from tieout.canon.money import format_amount
    from tieout.store.case_views import risk_as_it_stands
    from tieout.store.decisions import current

    with opened(folder, "tieout cases") as connection:
        figures = risk_as_it_stands(connection, current(connection)[1].policy, dt.datetime.now(dt.UTC).date(), entity)
    if as_json:
        typer.echo(msgspec.json.encode(figures))
        return

    def money(amount: int) -> str:
        return f"{format_amount(amount, figures.currency)} {figures.currency}" if figures.currency else "–"

    for total, amount in figures.totals.items():
        typer.echo(f"{total:<24} {money(amount):>22}")
    parts = {"class": figures.by_class, "owner": figures.by_owner, "entity": figures.by_entity, "age": figures.by_age}
    for heading, lines in parts.items():
        typer.echo(f"\nby {heading}")
        for line in lines:
            typer.echo(f"  {line.name:<22} {money(line.exposure):>22}  {line.findings:>7,}  {line.group}")
    for currency, findings in figures.without_rate.items():
        typer.echo(f"no rate from {currency}: {findings} findings are in no amount")


@app.command()
def times(
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3660, help="Healed within so many days.")] = 30,
    entity: Entities = None, as_json: Json = False, folder: Folder = None,
) -> None:  # fmt: skip
    """Say how fast each queue resolves its cases."""
    import msgspec

    from tieout.store.case_views import times_of_queues

    now = dt.datetime.now(dt.UTC)
    with opened(folder, "tieout cases") as connection:
        queues = times_of_queues(connection, now - dt.timedelta(days=days), now, entity)
    if as_json:
        typer.echo(msgspec.json.encode(queues))
        return
    typer.echo(f"{'':<24} current   late   age p50   oldest   healed  in time  took p50  took p90")
    for queue in queues:
        ages, took = [_hours(queue.age_p50), _hours(queue.age_most)], [_hours(queue.took_p50), _hours(queue.took_p90)]
        typer.echo(
            f"{queue.owner:<24} {queue.current:>7} {queue.late:>6} {ages[0]:>9} {ages[1]:>8} "
            f"{queue.resolved:>8} {queue.resolved_in_time:>8} {took[0]:>9} {took[1]:>9}"
        )


def line_of(case: Case) -> str:
    """One case in one line."""
    put_away = "" if case.state == "open" else f" {case.state}"
    who = f"{case.owner}{f' · {case.assignee}' if case.assignee else ''}"
    title = f"{case.title} · {_count(case.findings, 'finding')}" if case.findings > 1 else case.title
    return f"{case.id:>6}  {case.severity:<8} {_money(case):>20}  due {case.due_at:%Y-%m-%d %H:%M}{put_away}  {who}: {title}"


def _told(shown: Shown) -> list[str]:
    """A case as a page of text."""
    from tieout.canon.money import format_amount

    case = shown.case
    lines = [
        f"case {case.id}, version {case.version}: {case.title}",
        f"{case.risk} · {', '.join(case.entities)} · {case.key}", "",
        f"at risk    {_money(case)} in {_count(case.findings, 'finding')}, {_count(case.documents, 'document')}; {case.severity}",
        f"state      {_state(case)}", f"owner      {case.owner}{f', {case.assignee} has it' if case.assignee else ''}",
        f"due        {case.due_at:%Y-%m-%d %H:%M} UTC; opened {case.opened_at:%Y-%m-%d %H:%M}"
        + (f", came back {_count(case.returns, 'time')}" if case.returns else ""),
    ]  # fmt: skip
    if case.claim is not None:
        lines.append(f"claimed    fixed by {case.claim.by} on {case.claim.at:%Y-%m-%d %H:%M}: {case.claim.found}")
    if case.acceptance is not None:
        approved = (
            f"approved by {case.acceptance.approved_by}"
            if case.acceptance.approved_by
            else "to be approved by somebody else"
        )
        lines.append(
            f"to accept  until {case.acceptance.until}, proposed by {case.acceptance.proposed_by}, {approved}: {case.acceptance.reason}"
        )
    lines += [f"cause      {case.note}"] if case.note else []
    lines += [f"link       {link}" for link in case.links]
    lines.append("\nfindings" + (", the dearest of them" if shown.more else ""))
    for finding in shown.findings:
        money = f"{format_amount(finding.exposure, finding.currency)} {finding.currency}"
        lines.append(f"  {money:>18}  {finding.subject}{f' {finding.period}' if finding.period else ''}: {finding.why}")
    lines.append("\nhistory")
    lines += [
        f"  {event.at:%Y-%m-%d %H:%M}  {event.who}: {event.what}{f' ({event.why})' if event.why else ''}"
        for event in reversed(shown.events)
    ]
    return lines


def _state(case: Case) -> str:
    if case.state == "snoozed":
        return f"snoozed until {case.snoozed_until}"
    if case.state == "closed":
        return f"closed on {case.closed_at:%Y-%m-%d %H:%M}: nothing of it is found any more"
    return case.state


def _hours(hours: float | None) -> str:
    if hours is None:
        return "–"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} d"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _money(case: Case) -> str:
    from tieout.canon.money import format_amount

    return f"{format_amount(case.exposure, case.currency)} {case.currency}" if case.currency else "not weighed"


app.command("assign")(case_actions.assign)
app.command("comment")(case_actions.comment)
app.command("note")(case_actions.note)
app.command("snooze")(case_actions.snooze)
app.command("wake")(case_actions.wake)
app.command("accept-risk")(case_actions.accept_risk)
app.command("approve")(case_actions.approve)
app.command("revoke")(case_actions.revoke)
app.command("claim-fixed")(case_actions.claim_fixed)
app.command("link")(case_actions.link)
app.command("unlink")(case_actions.unlink)
app.command("bulk")(case_bulk.bulk)
