"""What is done with the files of a folder."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import msgspec

from tieout.canon.faults import InputFault
from tieout.store.intake import GroupCommit
from tieout.telemetry import metrics

from .folder import SETTLE, Folder
from .handing_in import hand_in

log = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connection of kind `folder`."""

    path: str
    settle: float = SETTLE
    """Seconds for which a file has not changed when it is taken for whole."""


class DroppedFiles:
    """Files that are dropped into a folder of this machine."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def sweep(self, name: str, intake: GroupCommit) -> None:
        """Hand in the files that are whole, and what a crash left."""
        if not self.folder.hold():
            return  # Another process is at it.
        for taken in self.folder.left():
            self._hand_in(taken, name, intake)
        for file in self.folder.ready():
            self._hand_in(self.folder.take(file), name, intake)

    def _hand_in(self, taken: Path, name: str, intake: GroupCommit) -> None:
        file = taken.name
        refusals = self.folder.refusals(file)
        try:
            handed_in = hand_in(taken, file, name, intake, refusals)
        except InputFault as fault:
            refusals.discard()
            self.folder.refuse(taken, fault)
            metrics.refused("file: unreadable")
            log.warning("a file of %s was refused: %s", name, fault, extra={"file": file})
        else:
            self.folder.archive(taken, dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"))
            if handed_in.refused:
                metrics.refused("file: document", handed_in.refused)
            log.info(
                "a file of %s was handed in: %s documents accepted, %s refused, %s of them here before",
                name, handed_in.accepted, handed_in.refused, handed_in.repeated, extra={"file": file},
            )  # fmt: skip

    def close(self) -> None:
        """Leave the folder to others."""
        self.folder.release()
