"""``tieout flows``: the flows there are, and one of them in words and a diagram."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The flows that documents are judged by.")


@app.command("list")
def list_() -> None:
    """Name every flow, with what it is about."""
    from tieout.setwise import flows

    for name in flows.names():
        typer.echo(f"{name:<16} {flows.load(name).title}")


@app.command()
def show(
    flow: Annotated[
        str, typer.Argument(metavar="FLOW", help="A name (order_to_bill) or a file (flow.py:OrderToCash).")
    ],
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown with a Mermaid diagram.")] = False,
) -> None:
    """Explain a flow: its documents, steps with their deadlines and owners, and what it can find. Made from its class."""
    from tieout.process import describe
    from tieout.setwise import flows

    chosen = flows.load(flow)
    typer.echo(describe.as_markdown(chosen) if markdown else describe.as_text(chosen))
