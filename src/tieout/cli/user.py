"""``tieout user``: people, their roles, and the legal entities where they hold."""

from __future__ import annotations

from typing import Annotated

import typer

from .installation import Folder, by, opened

app = typer.Typer(help="People, their roles, and the legal entities where they hold.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Their name: lower case, such as anna or anna@example.com.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Goes into the audit trail.")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        list[str],
        typer.Option(
            "--role", metavar="ROLE",
            help="viewer, worker, approver, policy-editor, admin or service. May be given several times.",
        ),
    ],
    entity: Annotated[
        list[str] | None,
        typer.Option("--entity", metavar="ENTITY", help="Where the roles hold; default: in every one. May be given several times."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take away the roles that they have.")] = False,
    why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Add a person, or add to the roles of one. Who was disabled is enabled again."""
    from tieout.store.people import add_person, list_people
    from tieout.web.roles import check_roles

    with opened(folder, "tieout user") as connection:
        before = [person for person in list_people(connection) if person.name == name and not replace]
        check_roles([*role, *(held for person in before for held, _ in person.roles)])
        add_person(connection, name, role, entity or [], by(why), replace=replace)
    typer.echo(f"{name} is {', '.join(role)} in {', '.join(entity) if entity else 'every entity'}")


@app.command("list")
def list_(folder: Folder = None) -> None:
    """Everybody, with their roles."""
    from tieout.store.people import EVERYWHERE, list_people

    with opened(folder, "tieout user") as connection:
        people = list_people(connection)
    for person in people:
        roles = ", ".join(role if entity == EVERYWHERE else f"{role} in {entity}" for role, entity in person.roles)
        disabled = f"  disabled {person.disabled_at:%Y-%m-%d}" if person.disabled_at else ""
        typer.echo(f"{person.name:<24} {roles or 'no role'}{disabled}")


@app.command()
def disable(name: Name, why: Why = "", folder: Folder = None) -> None:
    """From now on nobody speaks for a person: none of their tokens is good. What they did stays theirs."""
    from tieout.store.people import disable_person

    with opened(folder, "tieout user") as connection:
        disable_person(connection, name, by(why))
    typer.echo(f"{name} is disabled")
