"""Tieout as most people get it: a wheel in an environment of its own, without a clone (what `pipx install` does)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import tieout

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long

Run = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (built,) = folder.glob("tieout-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs the installed ``tieout`` in an empty folder, with nothing of the clone in reach."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    assert uv, "./dev installs uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, "env"], cwd=folder, check=True)
    python = folder / "env" / "bin" / "python"
    constraints = ["-c", str(ROOT / "requirements" / "run.txt")]
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), str(wheel), *constraints], cwd=folder, check=True
    )
    alone = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*words: str, code: int = 0) -> str:
        ran = subprocess.run(
            [str(python.parent / "tieout"), *words], cwd=folder, env=alone, capture_output=True, text=True, check=False
        )
        assert ran.returncode == code, f"tieout {' '.join(words)}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
        return ran.stdout

    return run


def test_the_wheel_holds_every_tracked_file_of_the_package_and_the_licence(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files", "src/tieout"], cwd=ROOT, capture_output=True, text=True, check=True)
    missing = {name.removeprefix("src/") for name in listed.stdout.split()} - held
    assert not missing
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_it_says_its_version(installed: Run) -> None:
    assert installed("--version") == f"tieout {tieout.__version__}\n"


def test_it_explains_a_flow(installed: Run) -> None:
    assert "invoiced" in installed("flows", "show", "order_to_bill")


def test_it_makes_a_company_up_audits_it_and_finds_what_leaked(installed: Run, tmp_path: Path) -> None:
    company, findings = tmp_path / "company", tmp_path / "findings.json"
    installed(
        "simulate", "company", "--seed", "3", "--orders", "60", "--only", "unbilled_service", "--out", str(company)
    )
    installed("audit", str(company), "--out", str(tmp_path / "report"), "--json", str(findings))
    assert {"report.html", "report.xlsx"} <= {path.name for path in (tmp_path / "report").iterdir()}
    (leaked,) = {leak["class"] for leak in json.loads((company / "truth.json").read_text())["leaks"]}
    assert leaked == "unbilled_service"
    installed("simulate", "score", str(findings), str(company / "truth.json"))
