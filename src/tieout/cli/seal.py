"""``tieout seal``: figures that were signed off, and what has moved them since."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from .implied import ImpliedRun
from .installation import Folder, by, dsn_of, opened
from .user import Why

if TYPE_CHECKING:
    from rich.console import Console

    from tieout.audit.kept import Difference, Figures
    from tieout.audit.sealing import Recomputed
    from tieout.store.sealed_figures import Seal

app = typer.Typer(
    cls=ImpliedRun, no_args_is_help=True, rich_markup_mode=None,
    help="Figures of a month, signed off and kept with all that they were made of: tieout seal 2026-06.",
)  # fmt: skip

Period = Annotated[str, typer.Argument(metavar="PERIOD", help="The month, such as 2026-06.")]
Entity = Annotated[
    str, typer.Option("--entity", metavar="ENTITY", help="Of this legal entity; default: the whole company.")
]


@app.command("run")
def run(
    period: Period,
    entity: Entity = "",
    again: Annotated[
        bool, typer.Option("--again", help="Seal a month anew that is sealed. The seal that there is stays.")
    ] = False,
    why: Why = "",
    folder: Folder = None,
) -> None:
    """Compute the figures of a month that is over, and keep them with their documents, policy and code: nobody changes them any more."""
    from tieout.audit.sealing import seal

    from .progress import shown_progress

    with dsn_of(folder) as dsn, shown_progress(_stderr()) as progress:
        sealed = seal(dsn, period, entity, by(why), dt.datetime.now(dt.UTC), again=again, progress=progress)
    _show(sealed.seal, sealed.figures)
    for words in sealed.lacks:
        typer.echo(f"tieout: {words}", err=True)


@app.command("list")
def list_seals(folder: Folder = None) -> None:
    """List every seal, the newest month first."""
    from tieout.store import sealed_figures

    with opened(folder, "tieout seal") as connection:
        for seal in sealed_figures.listed(connection):
            typer.echo(f"{seal.id:>5}  {seal.name:<20} {_stamp(seal)}")


@app.command("show")
def show(period: Period, entity: Entity = "", folder: Folder = None) -> None:
    """Show the figures of the newest seal of a month, as they were sealed."""
    from tieout.audit.kept import Figures
    from tieout.store import sealed_figures

    with opened(folder, "tieout seal") as connection:
        seal = sealed_figures.found(connection, period, entity)
        figures = Figures.decode(sealed_figures.figures_of(connection, seal))
    _show(seal, figures)


@app.command("recompute")
def recompute(period: Period, entity: Entity = "", folder: Folder = None) -> None:
    """Compute sealed figures again, and say what has moved them: other code, another policy, late observations. Exit code 1 if any has."""
    from tieout.audit.sealing import recompute as again

    from .progress import shown_progress

    with dsn_of(folder) as dsn, shown_progress(_stderr()) as progress:
        found = again(dsn, period, entity, progress)
    typer.echo(f"{found.seal.name}, {_stamp(found.seal)}")
    if not found.whole and not any(one.amounts for one in found.moved):
        typer.echo("Nothing has moved.")
        return
    for one in found.moved:
        typer.echo(f"\n{one.cause[0].upper()}{one.cause[1:]}{': ' + one.what if one.what else ''}")
        _tell(one.amounts)
    if sum(bool(one.amounts) for one in found.moved) > 1:
        typer.echo("\nTogether")
        _tell(found.whole)
    _tell_kpis(found)
    raise typer.Exit(1)


def _tell_kpis(found: Recomputed) -> None:
    before = {kpi.name: kpi.value for kpi in found.sealed.kpis}
    for kpi in found.now.kpis:
        if before.get(kpi.name) != kpi.value:
            typer.echo(f"\n{kpi.name}: {kpi.value}, was {before.get(kpi.name, 'not measured')}")


def _show(seal: Seal, figures: Figures) -> None:
    from tieout.audit.kept import cells

    typer.echo(f"{seal.name}, {_stamp(seal)}")
    typer.echo(
        f"as of {figures.as_of}, of {sum(figures.documents.values()):,} documents known at {seal.known_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    typer.echo(f"policy {seal.policy} ({seal.policy_hash}), code {seal.code}, sha256 {seal.sha256.hex()}\n")
    _tell(cells(figures))


def _stamp(seal: Seal) -> str:
    why = f": {seal.why}" if seal.why else ""
    return f"sealed {seal.sealed_at:%Y-%m-%d %H:%M} UTC by {seal.who}{why}"


def _tell(amounts: Difference) -> None:
    from tieout.canon.money import format_amount

    if not amounts:
        typer.echo("  nothing")
    rows = [(*cell, format_amount(amount, cell.currency)) for cell, amount in amounts.items()]
    width = max((len(row[-1]) for row in rows), default=0)
    for part, name, entity, currency, amount in rows:
        typer.echo(f"  {part:<7} {entity:<6} {amount:>{width}} {currency}  {name}")


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
