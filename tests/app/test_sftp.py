"""Files fetched over SFTP, from OpenSSH's own server."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tieout.app.files.sftp import FetchedFiles, Place
from tieout.canon.faults import MachineFault, MappingFault
from tieout.store.connections import Connection, Opened
from tieout.store.intake import GroupCommit

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CUSTOMER = {"type": "customer", "system": "crm", "id": "C1", "name": "Größe"}


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server on loopback that lets this user in by a key: the options of a connection, but for the path."""
    if SSHD is None or shutil.which("sftp") is None:
        pytest.skip("no OpenSSH here (Debian: apt-get install openssh-server openssh-client)")
    folder = tmp_path_factory.mktemp("sshd")
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/user.pub",
        "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin prohibit-password",
        "Subsystem sftp internal-sftp", f"PidFile {folder}/pid",
    ]  # fmt: skip
    (folder / "config").write_text("\n".join(settings) + "\n")
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([SSHD, "-D", "-f", folder / "config", "-E", folder / "log"])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    else:
        pytest.fail((folder / "log").read_text())
    yield {
        "address": f"sftp://{getpass.getuser()}@127.0.0.1:{port}", "identity": str(folder / "user"),
        "known_hosts": str(folder / "known"), "every": 0,
    }  # fmt: skip
    server.terminate()
    server.wait()


def source(sshd: dict[str, Any], there: Path, spool: Path, **more: Any) -> FetchedFiles:
    options = {**sshd, "address": f"{sshd['address']}{there}", **more}
    return FetchedFiles(Opened(Connection(name="bank", kind="sftp", scheme="none", options=options), ()), spool)


def kept(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT body FROM delivery WHERE connection = 'bank' ORDER BY id").fetchall()
    return [json.loads(line) for (body,) in rows for line in body.split(b"\n")]


def line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The folder on the other side."""
    folder = tmp_path / "there is a space"
    folder.mkdir()
    return folder


def test_a_file_is_fetched_when_it_is_whole_and_what_is_wrong_is_brought_back(
    sshd: dict[str, Any], there: Path, tmp_path: Path, database: str
) -> None:
    wrong = line({**CUSTOMER, "nmae": "x"})
    (there / "customers 1.ndjson").write_bytes(line(CUSTOMER))
    fetched = source(sshd, there, tmp_path / "spool")
    with GroupCommit(database) as intake:
        fetched.sweep("bank", intake)
        assert kept(database) == [], "seen once, it may still be growing"
        with (there / "customers 1.ndjson").open("ab") as file:
            file.write(wrong)
        fetched.sweep("bank", intake)
        assert kept(database) == []
        fetched.sweep("bank", intake)
        assert kept(database) == [CUSTOMER]
    assert files(there) == {
        "archive/customers 1.ndjson", "refused/customers 1.ndjson.why.txt", "refused/customers 1.refused.ndjson",
    }  # fmt: skip
    assert (there / "refused" / "customers 1.refused.ndjson").read_bytes() == wrong
    assert files(tmp_path / "spool") == {"bank/.tieout.lock"}, "nothing is left here"
    fetched.close()


def test_a_file_that_a_crash_left_on_either_side_is_handed_in_once(
    sshd: dict[str, Any], there: Path, tmp_path: Path, database: str
) -> None:
    (there / "taken").mkdir()
    (there / "archive").mkdir()
    (there / "taken" / "a.ndjson").write_bytes(line(CUSTOMER))
    local = tmp_path / "spool" / "bank" / "taken"
    local.mkdir(parents=True)
    (local / "a.ndjson").write_bytes(line(CUSTOMER))
    fetched = source(sshd, there, tmp_path / "spool")
    with GroupCommit(database) as intake:
        fetched.sweep("bank", intake)
    assert kept(database) == [CUSTOMER]
    assert files(there) == {"archive/a.ndjson"}
    fetched.close()


def test_who_the_server_is_and_who_we_are_is_checked(
    sshd: dict[str, Any], there: Path, tmp_path: Path, database: str
) -> None:
    (tmp_path / "nobody").write_text("")
    for more in (
        {"known_hosts": str(tmp_path / "nobody")},
        {"identity": str(tmp_path / "nobody")},
        {"address": "sftp://127.0.0.1:1/x"},
    ):
        fetched = source(sshd, there, tmp_path / "spool", **more)
        with GroupCommit(database) as intake, pytest.raises(MachineFault):
            fetched.sweep("bank", intake)
        fetched.close()


@pytest.mark.parametrize(
    "address", ["http://x/y", "sftp://", "sftp://host", "sftp://host:x/y", "sftp://a:secret@host/x"]
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(MappingFault):
        Place.of(address)
