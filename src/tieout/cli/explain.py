"""``tieout explain DOCUMENT --in DIR``: why one document is, or is not, a finding."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tieout.canon.faults import InputFault

if TYPE_CHECKING:
    from tieout.process.explain import Explanation, Section


def explain(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="invoice/billing/INV-7, billing/INV-7 or just INV-7.")
    ],
    directory: Annotated[Path, typer.Option("--in", metavar="DIR", help="The folder with the exports and audit.toml.")],
    as_of: Annotated[str, typer.Option(metavar="DATE", help="As of the end of this day; default: the mapping's.")] = "",
    flow: Annotated[str, typer.Option(metavar="FLOW", help="Only by this flow; default: all.")] = "",
) -> None:
    """Say in words and money, flow by flow, what is known of a document: steps, gates, slices, findings."""
    from rich.console import Console

    from tieout.audit.explain import explain_document

    from .progress import shown_progress

    try:
        day = dt.date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise InputFault(f"{as_of!r} is not a day", where="--as-of", mend="write it like 2026-06-30") from None
    with shown_progress(Console(stderr=True)) as progress:
        found = explain_document(directory, document, as_of=day, flows=(flow,) if flow else (), progress=progress)
    for explanation in found:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    typer.echo(f"{explanation.flow}: {explanation.instance}")
    typer.echo(f"{explanation.title}\n")
    typer.echo(explanation.sentence)
    for section in explanation.sections:
        typer.echo(f"\n{section.heading}")
        for line in _lines(section):
            typer.echo(f"  {line}".rstrip())
    typer.echo()


def _lines(section: Section) -> list[str]:
    rows = [section.header, *section.rows] if section.header else list(section.rows)
    if max(len(row) for row in rows) == 1:
        return [row[0] for row in rows]
    widths = [max(len(row[i]) for row in rows if len(row) > i) for i in range(max(map(len, rows)))]
    return ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=False)) for row in rows]


def _padded(cell: str, width: int) -> str:
    """Amounts to the right, words to the left."""
    return cell.rjust(width) if cell[-1:].isdigit() and ("." in cell or cell.isdigit()) else cell.ljust(width)
