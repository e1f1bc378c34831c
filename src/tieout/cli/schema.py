"""``tieout schema``: the document types, their fields, and JSON Schema of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .machine import writing


def schema(
    type_name: Annotated[str, typer.Argument(metavar="[TYPE]", help="A type of document, such as invoice.")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON Schema (2020-12).")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the JSON Schema of every type into this folder.")
    ] = None,
) -> None:
    """List the document types that Tieout reads, or the fields of one, or write their JSON Schema."""
    import msgspec

    from tieout.canon.schema import describe_type, list_types, schemas
    from tieout.canon.schema import schema as schema_of

    def pretty(content: object) -> str:
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()

    if out is not None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            for name, content in schemas().items():
                (out / f"{name}.json").write_text(pretty(content) + "\n", encoding="utf-8")
        typer.echo(f"{len(schemas())} schemas in {out}")
    elif not type_name:
        typer.echo(list_types())
    else:
        typer.echo(pretty(schema_of(type_name)) if json else describe_type(type_name))
