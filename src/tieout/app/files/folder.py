"""A folder that files are dropped into, and what becomes of them.

    FOLDER/NAME.ndjson            a file, once it is whole
    FOLDER/taken/NAME.ndjson      being handed in; after a crash it is handed in again
    FOLDER/archive/2026-06-30/    handed in
    FOLDER/refused/               what was not accepted: NAME.ndjson.why.txt says why; of a file of which some was accepted, the
                                  rest is in NAME.refused.ndjson, to be mended and dropped again; else the file itself is here

A file is whole when it has not changed for a while, or at once when a file NAME.done is beside it. Names that begin with a dot or end
like a transfer that is under way are left alone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from tieout.canon.faults import InputFault, MachineFault

from .content import Wrong

UNDER_WAY = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".done")
SETTLE = 2.0
"""Seconds for which a file has not changed when it is taken for whole."""


class Folder:
    """One folder. One process at a time works on it; the kernel gives its lock back however that ends."""

    def __init__(self, path: Path, settle: float = SETTLE) -> None:
        self.path, self._settle = path, settle
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}
        self._lock: IO[str] | None = None

    def hold(self) -> bool:
        """Whether it is ours to work on. Raises MachineFault where that cannot be."""
        if self._lock is not None:
            return True
        try:
            for name in ("taken", "archive", "refused"):
                (self.path / name).mkdir(exist_ok=True)
            lock = (self.path / ".tieout.lock").open("a")
        except OSError as error:
            raise MachineFault(
                f"files cannot be taken from it: {error.strerror}", where=str(error.filename or self.path),
                mend="make the folder, and let the user who runs Tieout write in it",
            ) from error  # fmt: skip
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Let others work on it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ready(self) -> list[str]:
        """Names of the files that are whole, by name. Asked again and again: a file is whole when it is the same as some time ago."""
        now, found, seen = time.monotonic(), [], {}
        with os.scandir(self.path) as entries:
            files = {entry.name: entry.stat() for entry in entries if entry.is_file(follow_symlinks=False)}
        for name, state in files.items():
            if name.startswith(".") or name.lower().endswith(UNDER_WAY):
                continue
            mark = (state.st_size, state.st_mtime_ns)
            before, since = self._seen.get(name, (mark, now))
            seen[name] = (mark, since if before == mark else now)
            if f"{name}.done" in files or now - seen[name][1] >= self._settle:
                found.append(name)
        self._seen = seen
        return sorted(found)

    def take(self, name: str) -> Path:
        """Move a file to where nobody writes to it any more."""
        taken = _free(self.path / "taken" / name)
        (self.path / name).rename(taken)
        (self.path / f"{name}.done").unlink(missing_ok=True)
        return taken

    def left(self) -> list[Path]:
        """Files that were taken and not handed in to the end."""
        return sorted(path for path in (self.path / "taken").iterdir() if path.is_file())

    def archive(self, taken: Path, day: str) -> None:
        """It is handed in."""
        place = self.path / "archive" / day
        place.mkdir(exist_ok=True)
        taken.rename(_free(place / taken.name))

    def refuse(self, taken: Path, fault: InputFault) -> None:
        """Nothing can be made of it as a whole."""
        why = self.path / "refused" / f"{taken.name}.why.txt"
        _half(why).write_text(f"{fault}\n", encoding="utf-8", errors="replace")
        _half(why).replace(why)
        taken.rename(_free(self.path / "refused" / taken.name))

    def refusals(self, name: str) -> Refusals:
        """Where the documents of a file go that are not accepted."""
        return Refusals(self.path / "refused", name)


class Refusals:
    """The documents of one file that were not accepted, and why: two files, which appear when all of it was read."""

    def __init__(self, folder: Path, name: str) -> None:
        stem = name.partition(".")[0]
        self._places = (folder / f"{stem}.refused.ndjson", folder / f"{name}.why.txt")
        self._files: list[IO[bytes]] = []
        self.count = 0

    def add(self, wrong: Iterable[Wrong]) -> None:
        """Some more."""
        for one in wrong:
            if not self._files:
                self._files = [_half(place).open("wb") for place in self._places]
            documents, reasons = self._files
            documents.write(one.raw + b"\n")
            reasons.write(f"{one.n}: {one.fault}\n".encode("utf-8", "replace"))
            self.count += 1

    def finish(self) -> None:
        """There are no more."""
        self.close()
        for place in self._places if self.count else ():
            _half(place).replace(place)

    def close(self) -> None:
        """Write what there is to the disk."""
        for file in self._files:
            file.close()

    def discard(self) -> None:
        """They do not count: the file is refused as a whole."""
        self.close()
        for place in self._places:
            _half(place).unlink(missing_ok=True)


def _free(path: Path) -> Path:
    """The path, or one like it under which there is nothing yet."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{number}~{path.name}")
    return free


def _half(path: Path) -> Path:
    """Where a file is while it is being written."""
    return path.with_name(f".{path.name}")
