"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

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
