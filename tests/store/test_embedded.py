"""The server comes and goes with Tieout: nobody installs it, nobody stops it, and nothing that was committed is lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from tieout import settings
from tieout.canon.faults import MachineFault
from tieout.store import binaries, cluster
from tieout.store.embedded import database, running

from .holding import Holder, answers, comes_true, postmaster

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="about what root's server does")


def write(dsn: str, text: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [text])


def kept(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM kept ORDER BY text")]


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


# In order


def test_a_row_outlives_the_server_that_took_it(folder: Path) -> None:
    with running(folder) as dsn:
        write(dsn, "invoice 4711")
    assert not answers(dsn), "the server is stopped with its Tieout"
    with running(folder) as dsn:
        assert kept(dsn) == ["invoice 4711"]


def test_nobody_else_on_the_machine_or_the_network_gets_in(folder: Path) -> None:
    with running(folder):
        home = folder / "postgres"
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_ISSOCK((home / ".s.PGSQL.5432").stat().st_mode)
        family = {socket.AF_INET, socket.AF_INET6}
        assert not [c for c in postmaster(folder).net_connections() if c.family in family]


def test_text_is_utf8_and_sorts_by_code_point_on_every_machine(folder: Path) -> None:
    with running(folder) as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        rows = connection.execute("SELECT x FROM unnest(ARRAY['b', 'ä', 'B', 'a']) AS t(x) ORDER BY x").fetchall()
        assert [x for (x,) in rows] == ["B", "a", "b", "ä"]


def test_a_database_url_wins_over_the_own_server(tmp_path: Path) -> None:
    own = settings.read(
        {"TIEOUT_DATABASE_URL": "postgresql://db.example/money", "TIEOUT_DATA": str(tmp_path / "unused")}
    )
    with database(own) as dsn:
        assert dsn == "postgresql://db.example/money"
    assert not (tmp_path / "unused").exists()


# Not in order


def test_a_killed_tieout_takes_its_server_along_and_the_next_one_finds_every_row(folder: Path) -> None:
    holder = Holder(folder)
    write(holder.dsn(), "paid")
    server = postmaster(folder)
    holder.kill()
    assert comes_true(lambda: is_gone(server))
    with running(folder) as dsn:
        assert kept(dsn) == ["paid"]


def test_a_killed_server_is_started_again_and_has_every_row(folder: Path) -> None:
    with running(folder) as dsn:
        write(dsn, "issued")
        server = postmaster(folder)
        server.kill()
        assert comes_true(lambda: is_gone(server))
        assert comes_true(lambda: answers(dsn))
        assert kept(dsn) == ["issued"]


def test_server_and_tieout_killed_at_once_lose_nothing(folder: Path) -> None:
    holder = Holder(folder)
    write(holder.dsn(), "both")
    server = postmaster(folder)
    server.suspend()
    holder.kill()
    server.kill()
    with running(folder) as dsn:
        assert kept(dsn) == ["both"]


def test_a_second_process_uses_the_server_of_the_first_and_takes_over_when_that_one_ends(folder: Path) -> None:
    first = Holder(folder)
    dsn = first.dsn()
    server = postmaster(folder)
    second = Holder(folder)
    assert second.dsn() == dsn
    assert postmaster(folder) == server
    write(dsn, "seen by both")
    first.leave()
    assert comes_true(lambda: answers(dsn))
    assert postmaster(folder) != server
    third = Holder(folder)
    third.dsn()
    second.kill()
    assert comes_true(lambda: answers(dsn))
    assert kept(dsn) == ["seen by both"]
    third.leave()
    assert not answers(dsn)


def test_a_lock_file_that_names_a_living_stranger_is_no_server(folder: Path) -> None:
    """After a crash in a container the number of the postmaster is soon somebody else's."""
    with running(folder) as dsn:
        write(dsn, "ours")
        stated = (folder / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        left = folder / "postgres" / "data" / "postmaster.pid"
        left.write_text("\n".join([str(stranger.pid), *stated[1:], ""]))
        shutil.chown(left, *((cluster.NOBODY, cluster.NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())))
        with running(folder) as dsn:
            assert kept(dsn) == ["ours"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_does_not_start_says_why_in_its_own_words(folder: Path) -> None:
    (folder / "postgres" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(MachineFault, match="no_such_setting"), running(folder):
        pass


def test_files_of_another_major_version_are_refused_by_name(folder: Path) -> None:
    (folder / "postgres" / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(MachineFault, match="made by PostgreSQL 13") as refused, running(folder):
        pass
    assert "TIEOUT_POSTGRES" in str(refused.value)


# Awkward places


@pytest.mark.parametrize("name", ["x" * 90, "a, b"], ids=["long", "comma"])
def test_a_folder_whose_name_no_socket_can_have_works_all_the_same(folder: Path, name: str) -> None:
    awkward = folder.with_name(name)
    folder.rename(awkward)
    try:
        with running(awkward) as dsn:
            write(dsn, "here")
            outside = Path(psycopg.conninfo.conninfo_to_dict(dsn)["host"])
            assert stat.S_IMODE(outside.stat().st_mode) == 0o700
        assert not outside.exists()
    finally:
        awkward.rename(folder)


@root_only
def test_roots_server_is_not_root(folder: Path) -> None:
    with running(folder):
        assert postmaster(folder).uids().effective == cluster.NOBODY


@root_only
def test_a_data_folder_behind_a_shut_door_is_refused_and_the_door_stays_shut(room: Path) -> None:
    shut = room / "shut"
    shut.mkdir(mode=0o700)
    with pytest.raises(MachineFault, match="cannot enter") as refused, running(shut / "data"):
        pass
    assert f"chmod o+x {shut}" in str(refused.value)
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700


@root_only
def test_programs_behind_a_shut_door_are_copied_and_the_door_stays_shut(folder: Path, room: Path) -> None:
    installed = binaries.find().folder.parent.parent
    shut = room / "venv"
    shut.mkdir(mode=0o700)
    for part in (installed, installed.with_name(f"{installed.name}.libs")):
        shutil.copytree(part, shut / part.name, symlinks=True)
    with running(folder, shut / installed.name / "pginstall" / "bin") as dsn:
        write(dsn, "from the copy")
        assert Path(postmaster(folder).exe()).is_relative_to(folder)
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700
    shutil.rmtree(shut)


@root_only
def test_a_user_without_a_name_is_told_so() -> None:
    script = "import os; from tieout.store import cluster; os.setuid(54321); cluster.identity()"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "user id 54321 has no entry in /etc/passwd" in ran.stderr


@root_only
def test_what_belongs_to_somebody_else_is_not_taken_over(folder: Path) -> None:
    os.chown(folder / "postgres", 12345, 12345)
    with pytest.raises(MachineFault, match="belongs to user id 12345"), running(folder):
        pass


@pytest.mark.long
def test_killed_again_and_again_in_mid_work_nothing_that_was_committed_is_missing(folder: Path) -> None:
    """Twenty times: the process that holds the server, the server itself, or both at once, at a random moment of somebody's writing."""
    chance = random.Random(11)
    committed: list[str] = []
    for turn in range(20):
        holder = Holder(folder)
        dsn = holder.dsn()
        server = postmaster(folder)
        stop_at = time.monotonic() + chance.uniform(0, 0.4)
        victims = chance.choice([[holder.process], [server], [server, holder.process]])
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        killer = threading.Timer(stop_at - time.monotonic(), lambda: [victim.kill() for victim in victims])  # noqa: B023
        killer.start()
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn, autocommit=True) as connection:
            for number in range(100_000):
                connection.execute("INSERT INTO kept VALUES (%s)", [f"{turn}-{number}"])
                committed.append(f"{turn}-{number}")
        killer.join()
        holder.kill()
    with running(folder) as dsn:
        assert set(committed) <= set(kept(dsn))
