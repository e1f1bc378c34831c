"""Where an installation keeps its state. Three environment variables, because a password does not belong on a command line.

TIEOUT_DATABASE_URL   a PostgreSQL of your own; without it one is started from the installed binaries, in the data folder
TIEOUT_DATA           the data folder
TIEOUT_POSTGRES       a folder with `initdb` and `postgres`, instead of the binaries that are installed with Tieout
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one installation."""

    data_folder: Path
    database_url: str = ""
    """Wins over the data folder's own server. Empty: that server."""
    postgres_folder: Path | None = None
    """Binaries to use for the data folder's own server. None: those of the package."""


def read(environment: Mapping[str, str], data_folder: Path | None = None) -> Settings:
    """The settings of an environment; a folder that was named on the command line goes before the environment's."""
    named = data_folder or environment.get("TIEOUT_DATA")
    postgres = environment.get("TIEOUT_POSTGRES")
    return Settings(
        data_folder=Path(named).absolute() if named else _usual_folder(environment),
        database_url=environment.get("TIEOUT_DATABASE_URL", "").strip(),
        postgres_folder=Path(postgres).absolute() if postgres else None,
    )


def _usual_folder(environment: Mapping[str, str]) -> Path:
    """Where programs keep what they must not lose: for root the machine's place, for a person the XDG one."""
    if os.geteuid() == 0:
        return Path("/var/lib/tieout")
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tieout"
