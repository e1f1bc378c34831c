"""Where an installation keeps its state, and what it tells about itself.

Environment variables, because a password does not belong on a command line:

    TIEOUT_DATABASE_URL   a PostgreSQL of your own; without it one is started from the installed binaries, in the data folder
    TIEOUT_DATA           the data folder
    TIEOUT_POSTGRES       a folder with `initdb` and `postgres`, instead of the binaries that are installed with Tieout
    TIEOUT_KEYS           a file with the keys that seal secrets in the database; default: secret.keys in the data folder

And ``settings.toml`` in the data folder, if it is there:

    [redact]
    fields = ["customer.email"]    # private: never in logs, traces and errors

    [log]
    format = "json"                # json, console or auto: console in a terminal
    level = "info"                 # debug, info, warning or error
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tieout.canon.faults import MappingFault
from tieout.policy.table import Table

NAME = "settings.toml"
KEYS = "secret.keys"
FORMATS = ("auto", "json", "console")
LEVELS = ("debug", "info", "warning", "error")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one installation."""

    data_folder: Path
    database_url: str = ""
    """Wins over the data folder's own server. Empty: that server."""
    postgres_folder: Path | None = None
    """Binaries to use for the data folder's own server. None: those of the package."""
    keys_file: Path
    """The keys that seal what is secret in the database. It may not be there yet."""
    redact: tuple[str, ...] = ()
    """Private fields, as ``type.field``."""
    log_format: str = "auto"
    log_level: str = "info"


def read(environment: Mapping[str, str], data_folder: Path | None = None) -> Settings:
    """The settings of an environment and its data folder; a folder that was named on the command line goes before the environment's.

    Raises MappingFault for a settings.toml that cannot be read, or says what there is not.
    """
    named = data_folder or environment.get("TIEOUT_DATA")
    postgres = environment.get("TIEOUT_POSTGRES")
    folder = Path(named).absolute() if named else _usual_folder(environment)
    table = _file(folder / NAME)
    redact, log = table.table("redact"), table.table("log")
    settings = Settings(
        data_folder=folder,
        database_url=environment.get("TIEOUT_DATABASE_URL", "").strip(),
        postgres_folder=Path(postgres).absolute() if postgres else None,
        keys_file=Path(environment.get("TIEOUT_KEYS") or folder / KEYS).absolute(),
        redact=redact.texts("fields"),
        log_format=log.choice("format", FORMATS, "auto"),
        log_level=log.choice("level", LEVELS, "info"),
    )
    for one in (redact, log, table):
        one.finish()
    return settings


def _file(path: Path) -> Table:
    try:
        return Table(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (FileNotFoundError, NotADirectoryError):
        return Table({}, str(path))
    except OSError as error:
        raise MappingFault(
            f"cannot be read: {error.strerror}", where=str(path), mend="give it to the user who runs Tieout"
        ) from error
    except ValueError as error:
        raise MappingFault(f"is not TOML: {error}", where=str(path)) from error


def _usual_folder(environment: Mapping[str, str]) -> Path:
    """Where programs keep what they must not lose: for root the machine's place, for a person the XDG one."""
    if os.geteuid() == 0:
        return Path("/var/lib/tieout")
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tieout"
