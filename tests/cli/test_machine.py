"""What the machine does to a command: Ctrl-C, a full disk, a folder that is shut. Real processes; one clear line each."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TIEOUT = (sys.executable, "-m", "tieout")


def tieout(*words: str | Path, largest_file: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does; ``largest_file`` in bytes: no file may grow beyond."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [*TIEOUT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=limit if largest_file else None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company."""
    folder = tmp_path_factory.mktemp("machine") / "acme"
    assert tieout("simulate", "company", "--orders", "60", "--out", folder).returncode == 0
    return folder


def one_line(ended: subprocess.CompletedProcess[str]) -> str:
    """The only line of complaint of a command that ended with exit code 2."""
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    return ended.stderr.removeprefix("tieout: ").rstrip("\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_audit_that_is_stopped_says_so_in_one_line_and_leaves_nothing_behind(
    exports: Path, tmp_path: Path, number: signal.Signals
) -> None:
    audit = subprocess.Popen(
        [*TIEOUT, "audit", str(exports), "--json", str(tmp_path / "found.json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not any(tmp_path.glob("tieout-audit-*")):
        assert time.monotonic() < until, "the audit never began"
        time.sleep(0.01)
    os.killpg(audit.pid, number)
    out, err = audit.communicate(timeout=30)
    assert (audit.returncode, out) == (128 + number, "")
    assert err == "tieout: stopped; what was temporary is removed\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--json", "--html", "--excel"])
def test_a_full_disk_is_named_with_what_to_do(exports: Path, option: str) -> None:
    assert one_line(tieout("audit", exports, option, "/dev/full")) == (
        "/dev/full: No space left on device (the disk is full: make room, or name a place on another disk)"
    )


def test_a_file_that_outgrows_what_the_machine_allows_is_one_line(tmp_path: Path) -> None:
    ended = tieout("schema", "--out", tmp_path / "schemas", largest_file=2000)
    assert "the file would be larger than this machine allows" in one_line(ended)
    ended = tieout("simulate", "company", "--orders", "60", "--out", tmp_path / "acme", largest_file=2000)
    assert "the file would be larger than this machine allows" in one_line(ended)


def test_an_audit_whose_temporary_folder_is_full_says_where_and_names_tmpdir(exports: Path) -> None:
    line = one_line(tieout("audit", exports, largest_file=50_000))
    assert "cannot hold the audit" in line
    assert "tieout-audit-" in line
    assert "name another folder in TMPDIR" in line


@pytest.mark.parametrize("option", ["--out", "--json", "--html", "--excel", "--parquet"])
def test_where_nothing_can_be_written_the_audit_does_not_begin(exports: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = tieout("audit", exports, option, tmp_path / "file" / "report")
    assert ended.stdout == ""
    assert one_line(ended).startswith(f"{tmp_path / 'file'}")
    assert "name another" in ended.stderr


def test_a_file_that_was_there_before_is_untouched_when_the_audit_cannot_begin(tmp_path: Path) -> None:
    (tmp_path / "found.json").write_text("of yesterday")
    assert one_line(tieout("audit", tmp_path / "nowhere", "--json", tmp_path / "found.json"))
    assert (tmp_path / "found.json").read_text() == "of yesterday"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    said = f"{nowhere}: no such directory (name the folder with the exports)"
    assert one_line(tieout("audit", nowhere)) == said
    assert one_line(tieout("audit", "init", nowhere)) == said
    assert one_line(tieout("explain", "INV-1", "--in", nowhere)) == said


@pytest.mark.parametrize("words", [("schema",), ("simulate", "company")])
def test_every_command_that_writes_a_folder_says_when_it_cannot(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("not a folder")
    line = one_line(tieout(*words, "--out", tmp_path / "file" / "here"))
    assert line.endswith("Not a directory (a part of the path is a file, not a folder: name another place)")
