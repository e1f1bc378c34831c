"""Files fetched from a folder of another machine, by its own `sftp` (OpenSSH): the keys, hosts and agents of the user who runs Tieout.

Over there a file is renamed into `taken/` when it is whole, fetched, handed in as one that was dropped here, and renamed into
`archive/`; what was not accepted, and why, is put into `refused/`. Each step can be done again after a crash at any of them.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from tieout.canon.faults import MachineFault, MappingFault
from tieout.store.connections import Opened
from tieout.store.intake import GroupCommit

from .dropped import DroppedFiles
from .folder import UNDER_WAY, Folder

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two looks. A file that is the same at two of them is whole."""
PATIENCE = 600
"""Seconds for one conversation."""
PLAIN = re.compile(r"[\w.()+,=@ -]+")
"""Names that are taken: others could not be said in a command without doubt."""


class Place(msgspec.Struct, frozen=True):
    """Where the files are: sftp://user@host:port/path."""

    user: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, address: str) -> Place:
        """From its address. Raises MappingFault."""
        parts = urlsplit(address)
        try:
            port = parts.port or 22
        except ValueError:
            port = 0
        if parts.scheme != "sftp" or not parts.hostname or not port or not parts.path.strip("/") or parts.password:
            raise MappingFault(
                f"{address!r} is no place for files",
                mend="write it as sftp://user@host:22/path, without a password: keys only",
            )
        return cls(unquote(parts.username or ""), parts.hostname, port, unquote(parts.path).rstrip("/"))


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connection of kind `sftp`."""

    address: str
    identity: str = ""
    """A file with the private key."""
    known_hosts: str = ""
    """A file with the host's key; else the user's own."""
    every: float = EVERY


class FetchedFiles:
    """The files of one place. ``spool`` is a folder here that nobody else uses."""

    def __init__(self, opened: Opened, spool: Path) -> None:
        self._options = msgspec.convert(opened.connection.options, Options)
        self._place = Place.of(self._options.address)
        self._spool = spool / opened.connection.name
        self._dropped = DroppedFiles(Folder(self._spool))
        self._seen: dict[str, str] = {}
        self._next = 0.0

    def sweep(self, name: str, intake: GroupCommit) -> None:
        """Fetch the files that are whole, and hand them in."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._options.every
        self._spool.mkdir(parents=True, exist_ok=True)
        if not self._dropped.folder.hold():
            return
        for file in self._ready():
            self._talk(f"-rename {self._at(file)} {self._at('taken', file)}")
        for file in self._listed("taken"):
            self._fetch(file)
            self._dropped.sweep(name, intake)
            self._bring_back()
            self._talk(
                f"-rename {self._at('taken', file)} {self._at('archive', file)}", f"-rm {self._at('taken', file)}"
            )

    def close(self) -> None:
        """Leave the folder here to others."""
        self._dropped.close()

    def _ready(self) -> list[str]:
        seen = self._listed()
        ready = [file for file, state in seen.items() if self._seen.get(file) == state]
        self._seen = seen
        if ready:
            self._talk(*(f"-mkdir {self._at(folder)}" for folder in ("taken", "archive", "refused")))
        return ready

    def _listed(self, *folder: str) -> dict[str, str]:
        """The files there with their size and time, as they are printed."""
        found: dict[str, str] = {}
        for line in self._talk(f"{'-' if folder else ''}ls -ln {self._at(*folder)}").splitlines():
            columns = line.split(maxsplit=8)
            if len(columns) == 9 and columns[0].startswith("-"):
                name = columns[8].rpartition("/")[2]
                if not PLAIN.fullmatch(name):
                    log.warning("a file is left where it is: its name cannot be said: %r", name)
                elif not name.startswith(".") and not name.lower().endswith(UNDER_WAY):
                    found[name] = " ".join(columns[4:8])
        return found

    def _fetch(self, file: str) -> None:
        half = self._spool / f".{file}"
        self._talk(f"get {self._at('taken', file)} {_quoted(str(half))}")
        half.rename(self._spool / "taken" / file)

    def _bring_back(self) -> None:
        """Put what was refused where the sender finds it, and keep nothing here."""
        refused = [path for path in sorted((self._spool / "refused").iterdir()) if path.is_file()]
        if refused:
            self._talk(*(f"put {_quoted(str(path))} {self._at('refused', path.name)}" for path in refused))
        for path in refused:
            path.unlink()
        shutil.rmtree(self._spool / "archive")
        (self._spool / "archive").mkdir()

    def _at(self, *parts: str) -> str:
        return _quoted("/".join((self._place.path, *parts)))

    def _talk(self, *commands: str) -> str:
        """What the other side printed. Raises MachineFault where a command failed that does not begin with a dash."""
        options, place = self._options, self._place
        command = [
            "sftp",
            "-q",
            "-b",
            "-",
            "-oBatchMode=yes",
            "-oConnectTimeout=10",
            "-oStrictHostKeyChecking=yes",
            f"-P{place.port}",
        ]
        command += [f"-oIdentityFile={options.identity}", "-oIdentitiesOnly=yes"] if options.identity else []
        command += [f"-oUserKnownHostsFile={options.known_hosts}"] if options.known_hosts else []
        host = f"[{place.host}]" if ":" in place.host else place.host
        command += ["--", f"{place.user}@{host}" if place.user else host]
        try:
            said = subprocess.run(
                command, input="\n".join(commands) + "\n", capture_output=True, text=True, errors="replace", timeout=PATIENCE,
                check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise MachineFault("there is no program sftp here", mend="install OpenSSH's client") from None
        except subprocess.TimeoutExpired:
            raise MachineFault(f"did not answer within {PATIENCE} seconds", where=options.address) from None
        if said.returncode:
            reason = (said.stderr.strip().splitlines() or [f"sftp ended with {said.returncode}"])[-1]
            raise MachineFault(reason, where=options.address, mend="try it by hand as the user who runs Tieout: sftp")
        return said.stdout


def _quoted(path: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", path) + '"'
