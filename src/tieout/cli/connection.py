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
            help="Take webhooks at /hooks/NAME. They prove who sent them by standard-webhooks, hmac, or none, which takes anything.",
        ),
    ] = "",
    files: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Take the files that are dropped into this folder.")
    ] = None,
    sftp: Annotated[
        str,
        typer.Option(
            "--sftp", metavar="ADDRESS", help="Fetch files from sftp://user@host:22/path, by the keys of the user who runs Tieout."
        ),
    ] = "",
    amqp: Annotated[
        str,
        typer.Option(
            "--amqp", metavar="ADDRESS",
            help="Take the messages of a queue of RabbitMQ: amqp://user@host:5672/virtual-host, the password in --secret-file.",
        ),
    ] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="KEY=VALUE",
            help="Of hmac: header, algorithm, encoding, prefix, part, timestamp_header, timestamp_part, signed, tolerance; of every "
            "scheme: id_header. Of a folder: settle (seconds). Of sftp: identity, known_hosts, every (seconds). Of amqp: queue, prefetch. "
            "May be given several times.",
        ),
    ] = None,
    secret_file: SecretFile = "",
    why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Add a way in: webhooks that are proved by a secret, files of documents from a folder here or elsewhere, or messages."""
    from tieout.app.connecting import Wish, connection_of
    from tieout.connect.signing import Unsigned
    from tieout.store.connections import add_connection

    made = connection_of(
        Wish(name=name, scheme=scheme, folder=files, sftp=sftp, amqp=amqp, options=tuple(option or ()))
    )
    secret = ""
    if made.scheme is not None and not isinstance(made.scheme, Unsigned):
        secret = _secret(made.scheme, secret_file)
    elif secret_file:
        secret = _read(secret_file)
    with opened(folder, "tieout connection") as database:
        add_connection(database, made.connection, secret, _sealer(folder), by(why))
    typer.echo(made.words)


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
    from tieout.web.doors import WEBHOOK

    with opened(folder, "tieout connection") as database:
        connection = find_connection(database, name)
        if connection.kind == WEBHOOK:
            scheme = scheme_of(connection.scheme, connection.options)
            if isinstance(scheme, Unsigned):
                raise InputFault(f"{name} has no secret", mend="remove it, and add it with a scheme that has one")
            secret = _secret(scheme, secret_file)
        elif secret_file:
            secret = _read(secret_file)
        else:
            raise InputFault(f"the other side of {name} makes its secret", mend="hand it in by --secret-file")
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
        secret = _read(file)
        check_secret(scheme, secret)
        return secret
    made = secrets.token_bytes(32)
    secret = PREFIX + base64.b64encode(made).decode() if isinstance(scheme, StandardWebhooks) else made.hex()
    typer.echo("the secret, for the sender; it is not shown again:", err=True)
    typer.echo(secret)
    return secret


def _read(file: str) -> str:
    return (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).strip()


def _sealer(folder: Path | None) -> Sealer:
    from tieout import settings
    from tieout.store.sealing import Sealer

    return Sealer(settings.read(os.environ, folder).keys_file)
