"""The page that a proposed mapping is written on: keys with what is sure, guessed and missing beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Literal

from .guess import Choice
from .look import Look
from .vocabulary import alike, plain, vocabulary

Certainty = Literal["sure", "guess", "missing"]
_WIDTH = 44
"""Column in which remarks begin."""
_INTRODUCTION = """\
# Proposed by `tieout audit init`. What each remark means:
#   sure      names and values agree
#   guess     likely, and worth a look
#   missing   nothing was found; say it, or leave it out
# Every key is explained in docs/mapping.md and docs/policy.md. When it is right: tieout audit DIR
"""


class Page:
    """Collects the lines of a mapping and counts how sure they are."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lines: list[str] = []
        self.sure = self.guessed = self.missing = 0
        self.needed: dict[str, list[str]] = {}
        """By file, what must be said before its rows can be read."""

    def text(self) -> str:
        """The whole mapping."""
        return _INTRODUCTION + "\n".join(self.lines) + "\n"

    def table(self, name: str) -> None:
        """Begin a table; ``[files]`` begins an entry of an array."""
        if not name.startswith("files."):
            self.space()
        self.lines.append(f"[{name}]")

    def space(self) -> None:
        """An empty line."""
        self.lines.append("")

    def key(self, name: str, value: object, certainty: Certainty, why: str) -> None:
        """One key with its remark."""
        self._count(certainty)
        written = f"{self.name(name)} = {json.dumps(value, ensure_ascii=False)}"
        remark = f"# {certainty}{': ' + why if why else ''}"
        self.lines.append(f"{written:<{_WIDTH}}{'' if len(written) < _WIDTH else '  '}{remark}")

    def remark(self, certainty: Certainty, what: str, *examples: str) -> None:
        """A remark that stands for itself, with keys that could be written."""
        self._count(certainty)
        shown = f": {' · '.join(examples)}" if examples else ""
        self.lines.append(f"# {certainty}: {what}{shown}")

    def need(self, look: Look, what: str, *examples: str) -> None:
        """A remark on something without which the rows of a file are refused."""
        self.remark("missing", what, *examples)
        self.needed.setdefault(self.path(look), []).append(f"{what}, {' · '.join(examples)}")

    def comment(self, text: str) -> None:
        """Lines that are there to be uncommented."""
        self.lines += ["#", *(f"# {line}" for line in text.splitlines())]

    def choices(self, chosen: dict[str, Choice]) -> None:
        """Columns by field. Those that have the field's own name need no key."""
        same = sum(choice.sure and choice.column == field for field, choice in chosen.items())
        if same:
            self.sure += same
            self.lines.append(
                f"# sure: {same} column{'s have' if same > 1 else ' has'} the name of {'their fields' if same > 1 else 'its field'}"
            )
        for field, choice in chosen.items():
            if choice.sure and choice.column == field:
                continue
            self.key(field, choice.column, "sure" if choice.sure else "guess", choice.why)

    def references(self, targets: dict[str, tuple[str, float]]) -> None:
        """Systems that bare references lead to."""
        for field, (system, share) in targets.items():
            if share > 0.5:
                self.key(field, system, "sure", f"{share:.0%} of its values are ids there")
            elif share > 0:
                self.key(field, system, "guess", f"{share:.0%} of its values are ids there")
            else:
                self.key(
                    field,
                    system,
                    "guess",
                    "no other system has such documents, and none of the values is among their ids",
                )

    def layout(self, look: Look, like: Look | None) -> None:
        """Encoding and delimiter, where they are not the plain ones (or, for lines, those of the documents)."""
        if look.format != "csv":
            return
        encoding, delimiter = (like.encoding, like.delimiter) if like else ("utf-8", ",")
        if look.encoding != encoding and not (like and look.ascii):
            sure = look.encoding != "cp1252"
            why = "" if sure else "it is not UTF-8; cp1252 is what Windows writes in Western Europe"
            self.key("encoding", look.encoding, "sure" if sure else "guess", why)
        if look.delimiter != delimiter and not (look.delimiter == "\t" and ".tsv" in look.paths[0].suffixes):
            self.key("delimiter", look.delimiter, "sure", "")

    def path(self, look: Look) -> str:
        """The path of a file, or the pattern of a family of files."""
        names = [path.relative_to(self.directory).as_posix() for path in look.paths]
        if len(names) == 1:
            return names[0]
        folder, _, name = names[0].rpartition("/")
        return f"{folder}/" * bool(folder) + re.sub(r"\d+", "*", name)

    def name(self, name: str) -> str:
        """A key as TOML writes it."""
        return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)

    def _count(self, certainty: Certainty) -> None:
        self.sure += certainty == "sure"
        self.guessed += certainty == "guess"
        self.missing += certainty == "missing"


def table_of(look: Look) -> str:
    """``fx``, ``crosswalks`` or ``logs`` for what is no file of documents, else the empty string."""
    if {"ocel:eid", "ocel:activity"} <= {name.strip() for name in look.columns}:
        return "logs"
    for kind, words, needed in _TABLES:
        chosen = named_columns(look, getattr(vocabulary(), words))
        if needed <= chosen.keys() and (kind == "logs" or len(look.columns) <= 7):
            return kind
    return ""


def table_entry(page: Page, look: Look, kind: str) -> None:
    """The entry of a table of policy: rates or a crosswalk."""
    words = next(words for name, words, _ in _TABLES if name == kind)
    page.table("fx" if kind == "fx" else f"[{kind}]")
    if kind == "crosswalks":
        stem = look.paths[0].name.split(".")[0]
        page.key("table", stem.replace("crosswalk_", "").replace("_crosswalk", ""), "guess", "by the name of the file")
    page.key("path", page.path(look), "sure", "")
    page.layout(look, None)
    chosen = named_columns(look, getattr(vocabulary(), words)).items()
    renamed = {field: Choice(name, False, "its name is like it") for field, name in chosen if name != field}
    if renamed:
        page.table(f"{kind}.columns")
        page.choices(renamed)


_TABLES = (
    ("fx", "rates", {"currency", "to", "rate", "on"}),
    ("crosswalks", "crosswalks", {"code", "target"}),
    ("logs", "logs", {"case", "activity", "timestamp"}),
)
"""Kind of table, its words in the vocabulary, and the columns without which it is none."""


def named_columns(look: Look, words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The column of a file for each field that one is called like."""
    chosen: dict[str, str] = {}
    for field, names in words.items():
        fitting = {name: alike(plain(name), names) for name in look.columns if name not in chosen.values()}
        best = max(fitting, key=lambda name: fitting[name], default="")
        if best and fitting[best] >= 0.8:
            chosen[field] = best
    return chosen
