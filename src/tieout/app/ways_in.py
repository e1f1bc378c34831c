"""Every way in but HTTP, as parts of a process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tieout.canon.faults import MachineFault
from tieout.store.connections import Opened

from .brokers.consuming import Messages
from .brokers.port import Broker
from .files import dropped
from .files.folder import Folder
from .files.sftp import FetchedFiles
from .running import Installation, Part
from .watch import watching


def ways_in() -> list[Part]:
    """Files from folders here and elsewhere, and messages. A folder that another process is at is left to that one."""
    return [
        watching("folder", lambda _, opened: dropped_files(opened), pause=1.0),
        watching("sftp", fetched_files, pause=1.0),
        watching("broker", lambda _, opened: messages(opened), pause=0.05),
    ]


def dropped_files(opened: Opened) -> dropped.DroppedFiles:
    """The files that are dropped into the folder of a connection."""
    options = msgspec.convert(opened.connection.options, dropped.Options)
    return dropped.DroppedFiles(Folder(Path(options.path), options.settle))


def fetched_files(installation: Installation, opened: Opened) -> FetchedFiles:
    """The files of a connection's place."""
    return FetchedFiles(opened, installation.settings.data_folder / "sftp")


def messages(opened: Opened) -> Messages:
    """The messages of a connection's queue."""

    def connect() -> Broker:
        try:
            from .brokers.rabbitmq import Options, RabbitMq
        except ModuleNotFoundError as error:
            raise MachineFault("messages need one package more", mend="pip install 'tieout[brokers]'") from error
        return RabbitMq(
            msgspec.convert(opened.connection.options, Options), opened.secrets[0] if opened.secrets else ""
        )

    return Messages(connect)
