"""The folder of exports that the tests of reading write into."""

from __future__ import annotations

from pathlib import Path

import pytest

from .exports import Exports


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    """An empty folder of exports."""
    return Exports(tmp_path)
