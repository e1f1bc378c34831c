"""The files of one PostgreSQL server, and one run of it. `embedded` decides who runs it when.

    FOLDER/                the installation's data folder
        postgres.lock      held by the process that runs the server
        postgres/          0700, of the user that the server runs as; the socket is in here, and it alone guards the door
            data/          what initdb made
            log/           a file a weekday
        postgresql-18.6/   a copy of the programs, only where that user cannot reach the installed ones

PostgreSQL refuses to run as root. Root's server runs as uid 65534, `nobody`; no user is made, and no folder that was there is
opened. The server listens on no network address.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from tieout.canon.faults import MachineFault

from . import launch
from .binaries import Binaries, first_shut, within_reach

NOBODY = 65534
NAME = "tieout"
PORT = 5432
LONGEST_SOCKET = 103 - len(f"/.s.PGSQL.{PORT}")
"""Of a folder for sockets: macOS allows 103 bytes for the whole path, Linux 107."""


class Identity(msgspec.Struct, frozen=True):
    """The user that the server runs as."""

    uid: int
    gid: int
    is_dropped: bool
    """We are root, and the server runs as somebody else."""


def identity() -> Identity:
    """Who the server runs as: whoever we are, except root. Raises MachineFault for a uid that initdb would refuse."""
    dropped = os.geteuid() == 0
    uid = NOBODY if dropped else os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise MachineFault(
            f"user id {uid} has no entry in /etc/passwd, and PostgreSQL makes no database for a user without a name",
            mend="add an entry (in a container: useradd, or nss_wrapper), or name a server of your own in TIEOUT_DATABASE_URL",
        ) from None
    return Identity(uid, entry.pw_gid if dropped else os.getegid(), dropped)


class Cluster(msgspec.Struct, frozen=True):
    """One data folder with the programs that serve it."""

    folder: Path
    binaries: Binaries
    runs_as: Identity

    @property
    def home(self) -> Path:
        """What belongs to the server's user."""
        return self.folder / "postgres"

    @property
    def files(self) -> Path:
        """What initdb made."""
        return self.home / "data"

    @property
    def socket(self) -> Path:
        """The folder of the socket. A path that is too long for a socket, or that libpq would take for a list, gets one in /tmp."""
        plain = re.fullmatch(r"[\w/.+-]+", str(self.home), re.ASCII)
        if plain and len(os.fsencode(self.home)) <= LONGEST_SOCKET:
            return self.home
        return Path("/tmp") / f"tieout-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"

    def dsn(self, database: str = NAME) -> str:
        """How to connect."""
        return make_conninfo("", host=str(self.socket), port=PORT, user=NAME, dbname=database)

    def answers(self) -> bool:
        """Whether the server takes connections and has our database."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=5):
                return True
        except psycopg.Error:
            return False


# Making it


def open_folder(folder: Path, runs_as: Identity) -> None:
    """Make the data folder where it is missing, and the server's folder in it. Raises MachineFault where that cannot be."""
    try:
        folder.mkdir(mode=0o755 if runs_as.is_dropped else 0o700, parents=True, exist_ok=True)
        shut = first_shut(folder, runs_as.uid, runs_as.gid) if runs_as.is_dropped else None
        if shut is not None:
            raise MachineFault(
                f"PostgreSQL, which root runs as user id {runs_as.uid}, cannot enter {shut}", where=str(folder),
                mend=f"name another data folder (--data or TIEOUT_DATA), or run `chmod o+x {shut}` if others may pass through it",
            )  # fmt: skip
        for private in (folder / "postgres", folder / "postgres" / "log"):
            _own(private, runs_as)
    except OSError as error:
        raise MachineFault(
            f"cannot be made or entered: {error.strerror}", where=str(error.filename or folder),
            mend="name another data folder (--data or TIEOUT_DATA), or give this one to the user who runs Tieout",
        ) from error  # fmt: skip


def _own(folder: Path, runs_as: Identity) -> None:
    """A folder that only the server's user enters. One that somebody else made is refused, not taken over."""
    try:
        folder.mkdir(mode=0o700)
        if runs_as.is_dropped:
            os.chown(folder, runs_as.uid, runs_as.gid)
    except FileExistsError:
        state = folder.lstat()
        if state.st_uid != runs_as.uid or folder.is_symlink() or not folder.is_dir():
            raise MachineFault(
                f"belongs to user id {state.st_uid}, and the server would run as {runs_as.uid}", where=str(folder),
                mend=f"run Tieout as the user who made it, or give it over: chown -R {runs_as.uid}:{runs_as.gid} {folder}",
            ) from None  # fmt: skip
        if state.st_mode & 0o077:
            folder.chmod(0o700)


def prepare(folder: Path, binaries: Binaries) -> Cluster:
    """Everything short of running: folders, programs within reach, the files of an empty server where there are none yet."""
    runs_as = identity()
    open_folder(folder, runs_as)
    if runs_as.is_dropped:
        binaries = within_reach(binaries, folder, runs_as.uid, runs_as.gid)
    cluster = Cluster(folder, binaries, runs_as)
    if cluster.socket != cluster.home:
        _own(cluster.socket, runs_as)
    if not cluster.files.exists():
        _init(cluster)
    made_by = (cluster.files / "PG_VERSION").read_text().strip()
    if made_by != str(binaries.major):
        raise MachineFault(
            f"was made by PostgreSQL {made_by}; installed is {binaries.version}, which cannot read it", where=str(cluster.files),
            mend=f"name a folder with the programs of PostgreSQL {made_by} in TIEOUT_POSTGRES",
        )  # fmt: skip
    return cluster


def _init(cluster: Cluster) -> None:
    """Run initdb beside the place and move the result there, so that what is there is whole."""
    half = cluster.home / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    # One order of text on every machine, whatever its locales: that of code points.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if cluster.binaries.major >= 17 else []
    options = ["--locale=C", "--encoding=UTF8", "--data-checksums", "--auth-local=trust", "--auth-host=reject"]
    command: list[str | Path] = [
        cluster.binaries.folder / "initdb",
        "-D",
        half,
        f"--username={NAME}",
        *options,
        *locale,
    ]
    with _output(cluster) as output:
        code = _launch(cluster, command, output).wait()
    if code:
        raise MachineFault(
            f"initdb could not make the database's files:\n{last_words(cluster)}", where=str(cluster.home),
            mend="`tieout doctor` looks at the machine",
        )  # fmt: skip
    half.rename(cluster.files)


# Running it


def start(cluster: Cluster, patience: float) -> subprocess.Popen[bytes]:
    """Start the server from this thread, and return once it takes connections. It lives no longer than this thread does.

    A postmaster that is still there without its Tieout (on systems that cannot tie them) is stopped first. Raises MachineFault with
    the server's own words where it does not come up in ``patience`` seconds, not counting recovery after a crash.
    """
    left, stale = _postmaster(cluster)
    if left is not None:
        _stop(left, patience)
    # PostgreSQL takes any live process of that number for a postmaster. Told that it is our grandparent, it does not; to remove the
    # file instead would take away the lock of a postmaster that is about to start. Patroni found this way.
    stated = {"PG_GRANDPARENT_PID": str(stale)} if stale else {}
    deadline = time.monotonic() + patience
    while True:
        with _output(cluster) as output:
            server = _launch(cluster, _command(cluster), output, stated)
        if _comes_up(cluster, server, patience):
            return server
        if "shared memory block" not in last_words(cluster) or time.monotonic() > deadline:
            raise MachineFault(
                f"PostgreSQL did not start:\n{last_words(cluster)}", where=str(cluster.home),
                mend=f"its log is in {cluster.home / 'log'}; `tieout doctor` looks at the machine",
            )  # fmt: skip
        time.sleep(0.1)  # Sessions of a server that was killed are about to notice it.


def _comes_up(cluster: Cluster, server: subprocess.Popen[bytes], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while server.poll() is None:
        try:
            _make_database(cluster)
            return True
        except psycopg.Error as error:
            if "starting up" in str(error) or "recovery" in str(error):
                deadline = time.monotonic() + patience
        if time.monotonic() > deadline:
            stop(server, patience=10)
        time.sleep(0.02)
    return False


def _make_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True, connect_timeout=5) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).rowcount:
            connection.execute(f"CREATE DATABASE {NAME}")


def _postmaster(cluster: Cluster) -> tuple[psutil.Process | None, int | None]:
    """The postmaster that serves these files, and else the number that the lock file states for a process that is something else."""
    try:
        pid = int((cluster.files / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return None, None
    with suppress(psutil.Error):
        alive = process.status() != psutil.STATUS_ZOMBIE
        if alive and process.name() == "postgres" and Path(process.cwd()) == cluster.files.resolve():
            return process, None
    return None, pid


def stop(server: subprocess.Popen[bytes], patience: float = 60) -> None:
    """Fast shutdown: sessions end, a checkpoint is written. What does not heed it in time is stopped at once, and recovers later."""
    _stop(psutil.Process(server.pid) if server.poll() is None else None, patience)
    server.wait()


def _stop(process: psutil.Process | None, patience: float) -> None:
    if process is None:
        return
    with suppress(psutil.NoSuchProcess):
        for sign, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            process.send_signal(sign)
            with suppress(psutil.TimeoutExpired):
                process.wait(seconds)
                return


def _command(cluster: Cluster) -> list[str | Path]:
    settings = {
        "listen_addresses": "", "port": PORT, "unix_socket_directories": cluster.socket, "unix_socket_permissions": "0700",
        "shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min",
        "cluster_name": NAME, "timezone": "UTC", "log_timezone": "UTC", "jit": "off",
        "logging_collector": "on", "log_directory": cluster.home / "log", "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on", "log_rotation_age": "1d", "log_rotation_size": "0", "log_line_prefix": "%m [%p] %a ",
    }  # fmt: skip
    options: list[str | Path] = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [cluster.binaries.folder / "postgres", "-D", cluster.files, *options]


def _launch(
    cluster: Cluster, command: list[str | Path], output: int, more: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A program as the server's user, tied to this thread, out of reach of the terminal's Ctrl-C."""
    who = [str(os.getpid()), str(cluster.runs_as.uid), str(cluster.runs_as.gid)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", launch.__file__, *who, *command],
        stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **(more or {})},
    )  # fmt: skip


@contextmanager
def _output(cluster: Cluster) -> Iterator[int]:
    """Where a program's first words go. Not through a link that the server's user may have laid for root."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(_first_words(cluster), flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _first_words(cluster: Cluster) -> Path:
    return cluster.home / "log" / "start.log"


def last_words(cluster: Cluster) -> str:
    """What the program that was started last said before its log began: at most ten lines."""
    lines = _first_words(cluster).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-10:])
