"""``tieout trail``: who changed what, when and why."""

from __future__ import annotations

from typing import Annotated

import typer

from .installation import Folder, instant_of, opened


def trail(
    subject: Annotated[str, typer.Argument(help="What was changed; default: anything.", show_default=False)] = "",
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Only what they did.")] = "",
    what: Annotated[
        str, typer.Option("--what", metavar="WHAT", help="Only this: case.assign, or the noun alone, case.")
    ] = "",
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Only from then on: a day or an instant.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Only before then.")] = "",
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="So many entries, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with before and after.")] = False,
    folder: Folder = None,
) -> None:
    """Show the audit trail, the newest first. `tieout verify` proves that it is as it was written."""
    import msgspec

    from tieout.store.trail import Wanted, find

    wanted = Wanted(
        subject=subject, who=who, what=what, since=instant_of(since, "--since"), until=instant_of(until, "--until"), limit=most
    )  # fmt: skip
    with opened(folder, "tieout trail") as connection:
        for entry in find(connection, wanted):
            if as_json:
                values = {name: msgspec.Raw((getattr(entry, name) or "null").encode()) for name in ("before", "after")}
                typer.echo(msgspec.json.encode(msgspec.structs.asdict(entry) | values))
            else:
                why = f": {entry.why}" if entry.why else ""
                typer.echo(
                    f"{entry.id:>8}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.who:<16} {entry.what:<20} {entry.subject}{why}"
                )
