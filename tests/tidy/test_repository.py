"""What is tracked: nothing of the machine it was written on, and locks that anyone can use."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"

# Written in parts, so that this file does not match itself.
MACHINE = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "home/[a-z]", "/" + "Users/[a-z]", "/" + "opt/"]))
INDEX = re.compile(r"https?://[^\s/]*(pypi|npm|registry|artifactory|nexus|mirror)|--(extra-)?" + "index-url")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def lines_of(paths: list[Path]) -> list[tuple[str, str]]:
    found = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [(f"{path.relative_to(ROOT)}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return found


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    named = [f"{where} {line.strip()[:100]}" for where, line in lines_of(tracked()) if MACHINE.search(line)]
    assert not named, "\n".join(named)


def test_no_tracked_file_names_a_package_index() -> None:
    named = [f"{where} {line.strip()[:100]}" for where, line in lines_of(tracked()) if INDEX.search(line)]
    assert not named, "\n".join(named)


def pinned(lock: str) -> dict[str, str]:
    text = (REQUIREMENTS / lock).read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_everything_in_a_lock_is_pinned_with_hashes(lock: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (REQUIREMENTS / lock).read_text(), flags=re.MULTILINE)
    loose = [
        entry.splitlines()[0]
        for entry in entries
        if entry.strip() and ("==" not in entry or "--hash=sha256:" not in entry)
    ]
    assert not loose


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def asked_for() -> list[str]:
    """By whatever is installed, the extras of the package among it."""
    extras = project()["project"]["optional-dependencies"].values()
    return sum(extras, project()["project"]["dependencies"])


def bare(wish: str) -> str:
    return re.split(r"[<>=!~\[; ]", wish, maxsplit=1)[0].lower()


def test_the_package_depends_on_what_it_imports() -> None:
    """Not on what another dependency happens to bring along."""
    declared = {bare(wish).replace("-", "_") for wish in asked_for()} | {"tieout"}
    declared |= {
        name.partition("_")[0] for name in declared if name.startswith("opentelemetry_")
    }  # its packages share a name
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)(?=[\s.])(?:.* import )?", source, re.MULTILINE))
    undeclared = {name for name in imported - sys.stdlib_module_names - declared if importlib.util.find_spec(name)}
    assert not undeclared, f"declare in pyproject.toml, then ./dev lock: {undeclared}"


def test_locks_hold_what_pyproject_asks_for() -> None:
    run, dev = pinned("run.txt"), pinned("dev.txt")
    missing = [wish for wish in asked_for() if bare(wish) not in run]
    missing += [wish for wish in project()["dependency-groups"]["dev"] if bare(wish) not in dev]
    assert not missing, f"run ./dev lock: {missing}"
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}
