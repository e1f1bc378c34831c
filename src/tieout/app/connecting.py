"""Connections as a person asks for them, checked before they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tieout.canon.faults import InputFault, MappingFault, nearest
from tieout.connect.signing import Scheme, Unsigned, scheme_of
from tieout.store.connections import Connection
from tieout.web.doors import WEBHOOK

from .files import dropped, sftp

O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that is to be made: one of ``scheme``, ``folder``, ``sftp`` and ``amqp`` says of which kind."""

    name: str
    scheme: str = ""
    folder: Path | None = None
    sftp: str = ""
    amqp: str = ""
    options: tuple[str, ...] = ()
    """key=value"""


class Connected(msgspec.Struct, frozen=True):
    """One that may be kept."""

    connection: Connection
    scheme: Scheme | None
    """How webhooks are proved; None for what is no webhook."""
    words: str
    """What it does, for the person who asked."""


def connection_of(wish: Wish) -> Connected:
    """The connection that a person asks for. Raises InputFault and MappingFault."""
    if sum(map(bool, (wish.scheme, wish.folder, wish.sftp, wish.amqp))) != 1:
        raise InputFault("a connection is of one kind", mend="give one of --scheme, --folder, --sftp and --amqp")
    options = _pairs(wish.options)
    if wish.scheme:
        return _webhooks(wish, options)
    if wish.folder is not None:
        path = wish.folder.absolute()
        if not path.is_dir():
            raise InputFault(
                "is no folder", where=str(path), mend="make it, and let the user who runs Tieout write in it"
            )
        checked: msgspec.Struct = options_of(dropped.Options, {"path": str(path), **options})
        return _without_scheme(wish.name, "folder", checked, f"files of {wish.name} are taken from {path}")
    if wish.amqp:
        return _messages(wish, options)
    sftp.Place.of(wish.sftp)
    checked = options_of(sftp.Options, {"address": wish.sftp, **options})
    return _without_scheme(wish.name, "sftp", checked, f"files of {wish.name} are fetched from {wish.sftp}")


def options_of(struct: type[O], options: dict[str, Any]) -> O:
    """Options as a kind of connection has them. Raises MappingFault that names what is wrong."""
    known = [field.name for field in msgspec.structs.fields(struct)]
    for name in options:
        if name not in known:
            raise MappingFault(
                f"there is no option {name!r}", mend=nearest(name, known) or f"known: {', '.join(known)}"
            )
    try:
        return msgspec.convert(options, struct, strict=False)
    except msgspec.ValidationError as error:
        raise MappingFault(f"an option is wrong: {error}".replace("`", "'")) from None


def _webhooks(wish: Wish, options: dict[str, Any]) -> Connected:
    scheme = scheme_of(wish.scheme, options)
    words = f"webhooks of {wish.name} are taken at /hooks/{wish.name}"
    if isinstance(scheme, Unsigned):
        words += "\nnothing proves who sent them: anybody who reaches that address can hand something in"
    return Connected(Connection(name=wish.name, kind=WEBHOOK, scheme=wish.scheme, options=options), scheme, words)


def _without_scheme(name: str, kind: str, options: msgspec.Struct, words: str) -> Connected:
    made = Connection(name=name, kind=kind, scheme="none", options=msgspec.to_builtins(options))
    return Connected(made, None, words)


def _messages(wish: Wish, options: dict[str, Any]) -> Connected:
    from .brokers import rabbitmq  # Of the extra `tieout[brokers]`.

    checked = options_of(rabbitmq.Options, {"address": wish.amqp, **options})
    rabbitmq.check(checked)
    words = f"messages of {wish.name} are taken from the queue {checked.queue} of {wish.amqp}"
    return _without_scheme(wish.name, "broker", checked, words)


def _pairs(options: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise InputFault(f"{key!r} has no value", where="--option", mend="write it as key=value")
        found[key] = value
    return found
