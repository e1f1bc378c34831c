"""``tieout crosswalk``: what a code of one system is called in another. Mending one releases what it held up, within seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .installation import Folder, opened
from .policy import Why, decide

app = typer.Typer(
    help="What a code of one system is called in another. Mending one releases what it held up.", no_args_is_help=True
)

Table = Annotated[str, typer.Argument(metavar="TABLE", help="The crosswalk, such as item.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The code that it leads from.")]
Entity = Annotated[str, typer.Option("--entity", metavar="ENTITY", help="Only in this legal entity; default: in all.")]
Declare = Annotated[bool, typer.Option("--declare", help="The crosswalk may be a new one.")]


@app.command("list")
def list_(
    table: Annotated[str | None, typer.Argument(metavar="TABLE", help="Its rows; default: which there are.", show_default=False)] = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """The crosswalks, or the rows of one."""
    from tieout.engine.deciding import unknown_table
    from tieout.store.decisions import current

    with opened(folder, "tieout crosswalk") as connection:
        policy = current(connection)[1].policy
    if table is None:
        for name, codes in sorted(policy.crosswalks.items()):
            typer.echo(f"{name:<24} {len(codes.rows):>7,} rows, {codes.match}")
        return
    if table not in policy.crosswalks:
        raise unknown_table(policy, table)
    for row in policy.crosswalks[table].rows:
        typer.echo(f"{row.code:<24} {row.target:<24} {row.span:<32} {row.entity or 'every entity'}")


@app.command("set")
def set_(
    table: Table, code: Code,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What it is called in the other system.")],
    why: Why,
    from_on: Annotated[str, typer.Option("--from", metavar="DATE", help="The first such day; default: it always was.")] = "",
    to_on: Annotated[str, typer.Option("--to", metavar="DATE", help="The last such day; default: for ever.")] = "",
    entity: Entity = "", declare: Declare = False, folder: Folder = None,
) -> None:  # fmt: skip
    """Say what a code is called. What was said of it before holds on the other days."""
    from tieout.engine.deciding import with_codes

    row = {"code": code, "target": target, "from": from_on, "to": to_on, "entity": entity}
    decide(lambda decided: with_codes(decided, table, [row], declare=declare), why, folder)


@app.command()
def remove(table: Table, code: Code, why: Why, entity: Entity = "", folder: Folder = None) -> None:
    """Take a code away, of all days."""
    from tieout.engine.deciding import without_code

    decide(lambda decided: without_code(decided, table, code, entity), why, folder)


@app.command("import")
def import_(
    table: Table,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet with code, target, from, to, entity.")],
    why: Why,
    replace: Annotated[bool, typer.Option("--replace", help="The table has these rows and no others.")] = False,
    match: Annotated[str, typer.Option("--match", metavar="WORD", help="exact, or loose: without regard to case and spaces.")] = "",
    declare: Declare = False, folder: Folder = None,
) -> None:  # fmt: skip
    """Say what many codes are called, at once or not at all. What was said of them before holds on the other days."""
    from tieout.app.policy_file import rows
    from tieout.engine.deciding import with_codes

    found = rows(file, table)
    decide(
        lambda decided: with_codes(decided, table, found, file.name, declare=declare, replace=replace, match=match),
        why,
        folder,
    )
