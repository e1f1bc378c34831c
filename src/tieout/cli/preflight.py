"""``tieout preflight``: what would become of documents that are not there yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .installation import Folder, dsn_of
from .policy import day

if TYPE_CHECKING:
    from tieout.canon.documents import Document
    from tieout.engine.foreseen import Foreseen, Moment


def preflight(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Canonical documents as JSON, or one a line.")],
    later: Annotated[
        str, typer.Option("--later", metavar="DATE", help="How it would stand at the end of this day too (YYYY-MM-DD).")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")] = False,
    folder: Folder = None,
) -> None:
    """What would hold proposed documents up, which findings there would be, which invoices would follow. Nothing is kept.

    Exit code 1 if anything would hold them up.
    """
    import datetime as dt

    import msgspec

    from tieout.store.advance import Compass
    from tieout.store.connection import open_pool
    from tieout.store.preflight import preflight as foresee

    documents, on = _read(file), day(later, "--later")
    with dsn_of(folder) as dsn, open_pool(dsn, "tieout preflight", 1) as pool:
        foreseen = foresee(pool, Compass(), documents, dt.datetime.now(dt.UTC), on)
    if json:
        typer.echo(msgspec.json.encode(foreseen).decode())
    else:
        _tell(foreseen)
    raise typer.Exit(int(any(moment.blocks for moment in foreseen.moments)))


def _read(path: Path) -> list[Document]:
    from tieout.canon import batch
    from tieout.canon.decode import decode
    from tieout.canon.faults import InputFault

    content = path.read_bytes()
    lines = len(content.splitlines()) > 1 and all(
        line.lstrip().startswith(b"{") for line in content.splitlines() if line.strip()
    )
    texts = batch.split(content, batch.NDJSON if lines else batch.JSON)
    if not texts:
        raise InputFault("there is no document in it", where=str(path))
    return [decode(text, where=f"{path}, document {n}") for n, text in enumerate(texts, 1)]


def _tell(foreseen: Foreseen) -> None:
    from tieout.process.money.emit import money

    for moment in foreseen.moments:
        _tell_moment(moment)
    for one in foreseen.coming[:20]:
        due = f"by {one.due_on}" if one.due_on else "once it is under way"
        typer.echo(f"to be invoiced {due}: {money(one.net, one.currency)} ({len(one.parts)} lines)")
    if len(foreseen.coming) > 20:
        typer.echo(f"and {len(foreseen.coming) - 20} more invoices")
    if foreseen.left_out:
        typer.echo(f"it would touch {foreseen.left_out:,} more instances, which were not looked at")


def _tell_moment(moment: Moment) -> None:
    from tieout.process.money.emit import money

    new = sum(step.is_new for step in moment.instances)
    typer.echo(f"as of {moment.end_of or 'now'}: {new} new instances, {len(moment.instances) - new} that there are")
    for block in moment.blocks:
        worth = f" holds {money(block.amount, block.currency)}" if block.amount else ""
        typer.echo(f" ! {block.code}{worth}: {block.what}\n     {block.where}: {block.mend}")
    for mark, findings in (("+", moment.appear), ("-", moment.vanish)):
        for finding in findings:
            typer.echo(f" {mark} {finding.risk} {money(finding.exposure, finding.currency)}: {finding.why}")
    for pair in moment.differ:
        was, now = money(pair.before.exposure, pair.before.currency), money(pair.after.exposure, pair.after.currency)
        typer.echo(f" ~ {pair.after.risk} {now}, was {was}: {pair.after.why}")
    if not (moment.blocks or moment.appear or moment.vanish or moment.differ):
        typer.echo("   nothing holds it up, and nothing would be wrong")
