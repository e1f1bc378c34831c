"""``tieout audit init DIR``: proposes the mapping of a folder of exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory with the exports.")],
    show: Annotated[bool, typer.Option("--print", help="Print the proposal; write nothing.")] = False,
) -> None:
    """Look at the exports of a directory and propose their mapping, audit.toml: what is sure, guessed and missing.

    A mapping that is there already is never overwritten.
    """
    from rich.console import Console

    from tieout.audit.propose import propose, write

    from .progress import shown_progress

    with shown_progress(Console(stderr=True)) as progress:
        proposal = propose(directory, progress) if show else write(directory, progress)
    if show:
        typer.echo(proposal.text, nl=False)
        return
    typer.echo(
        f"{directory / 'audit.toml'}: {proposal.understood} of {proposal.files} files understood; "
        f"{proposal.sure} keys sure, {proposal.guessed} guessed, {proposal.missing} missing."
    )
    for path, what in proposal.needed.items():
        typer.echo(f"{path} cannot be read yet: {'; '.join(what)}")
    typer.echo(f"Read the lines marked guess and missing, then: tieout audit {directory}")
