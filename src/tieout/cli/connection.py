"""``tieout connection``: the accounts of other systems that hand something in, and the secrets that prove it."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .installation import Folder, by, opened
from .user import Why

if TYPE_CHECKING:
    from tieout.connect.signing import Scheme
    from tieout.store.sealing import Sealer

app = typer.Typer(help="Connections: the accounts of other systems that hand something in here.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the connection: lower case, such as stripe-de.")]
SecretFile = Annotated[
    str,
    typer.Option(
        "--secret-file", metavar="FILE",
        help="A file with the sender's secret; - reads it from standard input. Default: one is made and shown.",
    ),
]  # fmt: skip


@app.command()
def add(
    name: Name,
    scheme: Annotated[
        str,
        typer.Option(
            "--scheme", metavar="SCHEME",
            help="How a webhook proves who sent it: standard-webhooks, hmac, or none, which takes anything.",
        ),
    ],
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="KEY=VALUE",
            help="Of hmac: header, algorithm, encoding, prefix, part, timestamp_header, timestamp_part, signed, tolerance. Of every "
            "scheme: id_header. May be given several times.",
        ),
    ] = None,
    secret_file: SecretFile = "",
    why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Let webhooks in at /hooks/NAME, proved by a secret."""
    from tieout.canon.faults import InputFault
    from tieout.connect.signing import Unsigned, scheme_of
    from tieout.store.connections import Connection, add_connection
    from tieout.web.doors import WEBHOOK

    pairs = [pair.partition("=") for pair in option or []]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise InputFault(f"{wrong[0]!r} has no value", where="--option", mend="write it as key=value")
    options = {key: value for key, _, value in pairs}
    made = scheme_of(scheme, options)
    secret = "" if isinstance(made, Unsigned) else _secret(made, secret_file)
    connection = Connection(name=name, kind=WEBHOOK, scheme=scheme, options=options)
    with opened(folder, "tieout connection") as database:
        add_connection(database, connection, secret, _sealer(folder), by(why))
    typer.echo(f"webhooks of {name} are taken at /hooks/{name}")
    if isinstance(made, Unsigned):
        typer.echo("nothing proves who sent them: anybody who reaches that address can hand something in")


@app.command("list")
def list_(folder: Folder = None) -> None:
    """All connections, without their secrets."""
    from tieout.store.connections import list_connections

    with opened(folder, "tieout connection") as database:
        connections = list_connections(database)
    for one in connections:
        options = " ".join(f"{key}={value}" for key, value in one.options.items())
        proof = f"{one.secrets} secret{'' if one.secrets == 1 else 's'}"
        typer.echo(f"{one.name:<24} {one.kind:<8} {one.scheme:<18} {proof:<10} {options}".rstrip())


@app.command()
def rotate(
    name: Name,
    secret_file: SecretFile = "",
    overlap: Annotated[
        int, typer.Option("--overlap", metavar="HOURS", min=0, help="How long the secrets before it stay good.")
    ] = 24,
    why: Why = "",
    folder: Folder = None,
) -> None:
    """Give a connection a new secret; the old one stays good for a while, so that the sender may change over."""
    from tieout.canon.faults import InputFault
    from tieout.connect.signing import Unsigned, scheme_of
    from tieout.store.connections import find_connection, rotate_secret

    with opened(folder, "tieout connection") as database:
        connection = find_connection(database, name)
        scheme = scheme_of(connection.scheme, connection.options)
        if isinstance(scheme, Unsigned):
            raise InputFault(f"{name} has no secret", mend="remove it, and add it with a scheme that has one")
        secret = _secret(scheme, secret_file)
        rotate_secret(database, name, secret, dt.timedelta(hours=overlap), _sealer(folder), by(why))
    typer.echo(f"{name} has a new secret; the ones before are good for {overlap} hours")


@app.command()
def remove(name: Name, why: Why = "", folder: Folder = None) -> None:
    """Take nothing of a connection any more. What it handed in stays."""
    from tieout.store.connections import remove_connection

    with opened(folder, "tieout connection") as database:
        remove_connection(database, name, by(why))
    typer.echo(f"{name} is removed")


@app.command()
def reseal(why: Why = "", folder: Folder = None) -> None:
    """Seal all secrets under the first key of the file of keys: after a new key was written above the old one."""
    from tieout.store.connections import reseal as seal_anew

    with opened(folder, "tieout connection") as database:
        count = seal_anew(database, _sealer(folder), by(why))
    typer.echo(f"{count} secrets are sealed under the first key; the others may be taken out")


def _secret(scheme: Scheme, file: str) -> str:
    """The secret that was given, or one that is made and shown."""
    import base64
    import secrets

    from tieout.connect.signing import PREFIX, StandardWebhooks, check_secret

    if file:
        secret = (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).strip()
        check_secret(scheme, secret)
        return secret
    made = secrets.token_bytes(32)
    secret = PREFIX + base64.b64encode(made).decode() if isinstance(scheme, StandardWebhooks) else made.hex()
    typer.echo("the secret, for the sender; it is not shown again:", err=True)
    typer.echo(secret)
    return secret


def _sealer(folder: Path | None) -> Sealer:
    from tieout import settings
    from tieout.store.sealing import Sealer

    return Sealer(settings.read(os.environ, folder).keys_file)
