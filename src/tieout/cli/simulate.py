"""``tieout simulate``: companies with known leaks, and how well an audit found them."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from .machine import writing

app = typer.Typer(
    help="Make a company whose leaks are known, and score an audit against the truth.", no_args_is_help=True
)


class Mix(enum.StrEnum):
    """What kind of company."""

    rich = "rich"
    volume = "volume"


@app.command()
def company(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="An empty or new folder for the exports, audit.toml and truth.json.")
    ],
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same company.")] = 1,
    orders: Annotated[int, typer.Option(metavar="N", help="How many orders; about eight records each.")] = 400,
    mix: Annotated[
        Mix,
        typer.Option(
            metavar="rich|volume", help="rich: everything, in many file formats · volume: mostly plain, all Parquet."
        ),
    ] = Mix.rich,
    clean: Annotated[bool, typer.Option("--clean", help="Nothing is spoilt: an audit must find nothing.")] = False,
    only: Annotated[
        str, typer.Option(metavar="CLASS,…", help="Spoil only these risk classes, separated by commas.")
    ] = "",
) -> None:
    """Write a year of a company's exports, and the truth about what leaked."""
    from rich.console import Console

    from tieout.simulate.exports import company as write

    from .progress import shown_progress

    wanted = [name.strip() for name in only.split(",") if name.strip()]
    with shown_progress(Console(stderr=True)) as step, writing(out):
        write(seed, orders, mix.value, clean, wanted, out, lambda done, total: step("orders", done, total))
    typer.echo(f"{orders:,} orders in {out}; next: tieout audit {out}")


@app.command()
def score(
    findings: Annotated[Path, typer.Argument(metavar="FILE", help="What `tieout audit DIR --json FILE` wrote.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="DIR/truth.json.")],
) -> None:
    """Print recall and precision in money by risk class. Exit code 1 below 100%."""
    from tieout.simulate.score import render
    from tieout.simulate.score import score as held_against

    result = held_against(findings, truth)
    typer.echo(render(result))
    if not result.perfect:
        raise typer.Exit(1)
