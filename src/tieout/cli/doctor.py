"""``tieout doctor``: what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

MARKS = {"good": "ok ", "doubtful": " ? ", "bad": " ! "}


def doctor(
    folder: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data folder; default: TIEOUT_DATA, or the usual one."),
    ] = None,
) -> None:
    """Look at everything that the live engine needs, and say how to mend what is wrong. Exit code 1 if anything is."""
    from tieout import settings
    from tieout.store.diagnosis import diagnose

    worst = 0
    for check in diagnose(settings.read(os.environ, folder)):
        typer.echo(f"{MARKS[check.state]} {check.subject:<12} {check.found}")
        if check.mend:
            typer.echo(f"{'':16} to mend it: {check.mend}")
        worst = max(worst, check.state == "bad")
    raise typer.Exit(worst)
