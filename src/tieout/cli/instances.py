"""``tieout instances``: what the live engine makes of a document."""

from __future__ import annotations

from typing import Annotated

import typer

from .installation import Folder, opened

app = typer.Typer(
    help="What the live engine makes of a document: the instances of flows that hold it.", no_args_is_help=True
)


@app.command("list")
def list_instances(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Those that hold it: invoice/billing/INV-7.", show_default=False)
    ] = "",
    flow: Annotated[str, typer.Option(metavar="FLOW", help="Only of this flow.")] = "",
    found: Annotated[bool, typer.Option("--found", help="Only those in which something is wrong.")] = False,
    after: Annotated[
        int, typer.Option(metavar="N", help="Only with a higher number: the last of the list before.")
    ] = 0,
    folder: Folder = None,
) -> None:
    """List instances by number, 100 at a time."""
    from tieout.store.instances import list_instances as listed

    with opened(folder, "tieout instances") as connection:
        rows = listed(
            connection, document=document, flow=flow, only_found=found, within=None, after=after, limit=100
        )  # fmt: skip
    for one in rows:
        about = f"no {one.flow} claims it" if one.stray else f"{one.findings} finding{'s' * (one.findings != 1)}"
        state = f"; not judged: {one.problem}" if one.problem else "; about to be judged" if one.waits else ""
        typer.echo(f"{one.id:8}  {one.flow:16} {one.key}  {about}{state}")
    if not rows:
        typer.echo("none")


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `tieout instances list` says.")],
    folder: Folder = None,
) -> None:
    """Show one: what happened when, its documents side by side and where they differ, steps and gates, findings."""
    from tieout.canon.faults import InputFault
    from tieout.store.instances import Standing, show_instance

    with opened(folder, "tieout instances") as connection:
        seen: Standing | None = show_instance(connection, number, None)
    if seen is None:
        raise InputFault(
            f"there is no instance {number}", mend="tieout instances list DOCUMENT finds those of a document"
        )
    typer.echo(f"{seen.instance.flow}: {seen.instance.key}\n\nWhat happened (UTC)")
    for moment in seen.timeline:
        typer.echo(f"  {moment.at:%Y-%m-%d %H:%M}  {moment.what:<22} {moment.document}".rstrip())
    typer.echo("\nDocuments")
    for related in seen.documents:
        typer.echo(f"  {related.relation:<16} " + ", seen too as ".join(view.key for view in related.views))
        for one in related.differing:
            said = "; ".join(f"{key}: {value}" for key, value in one.values.items())
            typer.echo(f"    {one.field} differs: {said}")
    typer.echo("\nSteps")
    for step in seen.steps:
        at = f"{step.reached_at:%Y-%m-%d %H:%M}" if step.reached_at else "late" if step.late else "open"
        typer.echo(f"  {step.name:<22} {at}" + (f", held by {', '.join(step.held_by)}" if step.held_by else ""))
    for title, lines in (("Findings", [f"{f.risk.value}: {f.why}" for f in seen.findings]),
                         ("Not judged", [f"{u.what} ({u.document})" for u in seen.unknown])):  # fmt: skip
        if lines:
            typer.echo(f"\n{title}")
        for line in lines:
            typer.echo(f"  {line}")
