"""Everything that a user can write is described in docs/."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tieout.policy.table import Table

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


def words_in_code() -> set[str]:
    """Every word that a page of docs/ sets as code: in a block, indented or between backticks."""
    said: set[str] = set()
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        spans = re.findall(r"```.*?```|`[^`\n]+`|^ {4}.*$", text, re.DOTALL | re.MULTILINE)
        said.update(word for span in spans for word in re.findall(r"[\w-]+", span))
    return said


def keys_that_policy_reads() -> set[str]:
    """The key of every `table.text("key")` and the like, and of functions that take a table and a key."""
    readers = {name for name in vars(Table) if not name.startswith("_")} - {"fault", "place", "known"}
    keys = set()
    for path in (ROOT / "src" / "tieout" / "policy").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            reads = isinstance(call.func, ast.Attribute) and call.func.attr in readers
            takes_table = isinstance(call.func, ast.Name) and call.func.id.startswith("_") and len(call.args) == 2
            key = call.args[0] if reads and call.args else call.args[1] if takes_table else None
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                keys.add(key.value)
    return keys


def test_every_key_of_the_policy_is_documented() -> None:
    keys = keys_that_policy_reads()
    assert {"functional_currency", "time_zone", "month_end_to_next"} <= keys, "the keys are read in another way now"
    missing = keys - words_in_code()
    assert not missing, f"describe in docs/policy.md: {sorted(missing)}"


def test_every_key_of_the_mapping_is_documented() -> None:
    mapping = pytest.importorskip("tieout.audit.mapping")
    structs = [s for s in vars(mapping).values() if isinstance(s, type) and issubclass(s, msgspec.Struct)]
    keys = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    missing = keys - words_in_code()
    assert not missing, f"describe in docs/mapping.md: {sorted(missing)}"
