"""``tieout token``: what callers of the API prove themselves with."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from .installation import Folder, by, opened
from .user import Why

app = typer.Typer(help="Tokens: what callers of the API prove themselves with.", no_args_is_help=True)


@app.command()
def create(
    person: Annotated[
        str, typer.Option("--person", metavar="NAME", help="Speaks for this person, who was added with `tieout user add`.")
    ] = "",
    service: Annotated[str, typer.Option("--service", metavar="NAME", help="Speaks for a machine, such as erp-export.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="SCOPE",
            help="What it may be used for: deliver, read, preflight, work, approve, policy, admin. May be given several times. Default: "
            "what the person's roles bring; of a service deliver, read and preflight.",
        ),
    ] = None,
    entity: Annotated[
        list[str] | None,
        typer.Option("--entity", metavar="ENTITY", help="The legal entities that it is good for; default: all that its person has."),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What it is for; default: whom it speaks for.")] = "",
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, help="How long it is good; 0 is for ever.")] = 365,
    why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Make a token and show it, this once: only its fingerprint is kept."""
    from tieout.canon.faults import InputFault
    from tieout.store.people import Wish, add_token, find_person
    from tieout.web.roles import ROLES, SCOPES, check_scopes

    if bool(person) == bool(service):
        raise InputFault("a token speaks for one person or one service", mend="give --person NAME or --service NAME")
    scopes = list(scope or (SCOPES if person else ROLES["service"]))
    check_scopes(scopes)
    if service and "approve" in scopes:
        raise InputFault("a machine approves nothing", where="--scope", mend="give --person NAME")
    with opened(folder, "tieout token") as connection:
        if person:
            find_person(connection, person)
        holder, kind = (person, "person") if person else (service, "service")
        wish = Wish(
            name=name or holder, kind=kind, holder=holder, scopes=sorted(scopes), entities=entity, days=days or None
        )
        number, token = add_token(connection, wish, by(why))
    typer.echo(f"token {number} of {holder}; it is not shown again:", err=True)
    typer.echo(token)


@app.command("list")
def list_(folder: Folder = None) -> None:
    """All tokens, without what is secret of them."""
    from tieout.store.people import list_tokens

    now = dt.datetime.now(dt.UTC)
    with opened(folder, "tieout token") as connection:
        tokens = list_tokens(connection)
    for token in tokens:
        ended = token.expires_at is not None and token.expires_at <= now
        until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "for ever"
        state = "revoked" if token.revoked_at else "ended" if ended else until
        where = ", ".join(token.entities) if token.entities is not None else "every entity"
        typer.echo(
            f"{token.id:>4}  {token.kind:<8} {token.holder:<20} {state:<17} {', '.join(token.scopes)} · {where} · {token.name}"
        )


@app.command()
def revoke(
    id: Annotated[int, typer.Argument(metavar="NUMBER", help="As `tieout token list` shows it.")], why: Why = "", folder: Folder = None
) -> None:  # fmt: skip
    """A token is not good any more, from some seconds from now at the latest."""
    from tieout.store.people import revoke_token

    with opened(folder, "tieout token") as connection:
        revoke_token(connection, id, by(why))
    typer.echo(f"token {id} is revoked")
