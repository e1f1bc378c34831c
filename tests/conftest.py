"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tieout.store.embedded import running
from tieout.store.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """--update-golden writes what golden files guard, for a person to read the difference before committing it."""
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing with them"
    )


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with the golden file of a path, or write it there with ``--update-golden``."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path.name} is missing: run ./dev test --update-golden {path.parent.parent}"
        assert text == path.read_text(encoding="utf-8"), (
            f"{path.name} differs: --update-golden writes it, read the difference"
        )

    return compare


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of sample data kept beside the checkout: ``shared("data/eventlogs/x.csv")``.

    The folder ``shared`` is looked for beside the checkout and above it; TIEOUT_SHARED names another. Where it is absent the
    test is skipped, but not in CI (CI=true), which must have it.
    """

    def find(path: str) -> Path:
        named = os.environ.get("TIEOUT_SHARED")
        folders = [Path(named)] if named else [folder / "shared" for folder in ROOT.parents]
        for folder in folders:
            if (folder / path).exists():
                return folder / path
        absent = f"no shared/{path} beside the checkout (TIEOUT_SHARED may name another folder)"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)

    return find


# One server for the suite, a database for each test, and data folders whose files initdb made once.


@pytest.fixture(scope="session")
def room() -> Iterator[Path]:
    """A folder that the server's user may pass through. pytest's own are shut to everybody else, and root's server is somebody else.

    In memory where that can be: what is killed here is processes, and what they wrote outlives them there too.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31
    folder = Path(tempfile.mkdtemp(prefix="tieout-test-", dir=memory if roomy else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def blank(room: Path) -> Path:
    """A data folder that was used once and left in order."""
    with running(room / "blank"):
        pass
    return room / "blank"


@pytest.fixture
def folder(room: Path, blank: Path) -> Iterator[Path]:
    """A data folder of the test's own."""
    own = room / uuid.uuid4().hex[:8]
    subprocess.run(["cp", "-a", blank, own], check=True)
    yield own
    shutil.rmtree(own)


@pytest.fixture(scope="session")
def server(room: Path, blank: Path) -> Iterator[str]:
    """How to connect to the suite's server: its maintenance database. `template` in it is up to date and empty."""
    subprocess.run(["cp", "-a", blank, room / "suite"], check=True)
    with running(room / "suite") as dsn:
        maintenance = make_conninfo(dsn, dbname="postgres")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute("CREATE DATABASE template")
        migrate(make_conninfo(dsn, dbname="template"))
        yield maintenance


@pytest.fixture
def make_database(server: str) -> Iterator[Callable[[str], str]]:
    """Makes databases from a template and says how to connect; they are dropped after the test."""
    made: list[str] = []

    def make(template: str) -> str:
        name = f"t_{uuid.uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return make_conninfo(server, dbname=name)

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(make_database: Callable[[str], str]) -> str:
    """A database of the test's own, up to date and empty."""
    return make_database("template")
