"""What the machine refuses, as a fault that says how to mend it: a full disk, a folder that is shut, a path that is none."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tieout.canon.faults import MachineFault

_MENDS = {
    errno.ENOSPC: "the disk is full: make room, or name a place on another disk",
    errno.EDQUOT: "your quota is used up: make room, or name a place on another disk",
    errno.EFBIG: "the file would be larger than this machine allows: see `ulimit -f`",
    errno.EACCES: "you have no permission there: change it, or name another place",
    errno.EPERM: "you have no permission there: change it, or name another place",
    errno.EROFS: "nothing can be written there: name another place",
    errno.ENOENT: "look at the spelling",
    errno.ENOTDIR: "a part of the path is a file, not a folder: name another place",
    errno.EISDIR: "a folder is in its place: name a file",
    errno.EEXIST: "a file is in its place: name another folder",
    errno.ENAMETOOLONG: "the name is too long: shorten it",
    errno.ELOOP: "its links lead round in a circle: name another place",
    errno.EIO: "the disk answers with errors: have it looked at",
    errno.EMFILE: "too many files are open: see `ulimit -n`",
}

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that come when a part of the file is written already."""


def fault_of(error: OSError, where: str = "") -> MachineFault | None:
    """The fault that an error of the operating system is; None where only Tieout itself can be to blame.

    ``where``: the place, if the error does not name one.
    """
    if error.errno not in _MENDS:
        return None
    place = str(error.filename or where)
    return MachineFault(error.strerror or str(error), where=place, mend=_MENDS[error.errno])


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the machine refuses to write there is a fault that names the place; half a file is not left behind."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and path.is_file():
            path.unlink()
        raise fault_of(error, str(path)) or error from None
