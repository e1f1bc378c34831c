"""Everything that a user can write is described in docs/."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_pages_are_current() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_every_command_argument_and_option_is_described_in_words() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    silent = re.findall(r"^\| (`[^|]+) \|\s*\|$", page, re.MULTILINE)
    silent += [
        section.splitlines()[0] for section in page.split("\n## ")[1:] if section.splitlines()[2].startswith("    ")
    ]
    assert not silent, f"say what they do in their help: {silent}"


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert not dead, "\n".join(dead)
