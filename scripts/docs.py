"""Write the generated pages of docs/, or with --check say which are not current.

docs/api.md comes from the routes of the web server, docs/commands.md from the command line itself, docs/flows.md from the flow
classes, docs/documents.md from the document types, the tables of names in docs/policy.md from the policy.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import typer.main
from api_page import api_page

from tieout.canon.documents import TYPES, Document
from tieout.canon.finding import RISKS
from tieout.canon.schema import words
from tieout.canon.shape import Shape, shapes
from tieout.cli import app
from tieout.policy.casework import SEVERITIES
from tieout.policy.duration import UNITS
from tieout.policy.layers import TOLERANCES
from tieout.policy.posting import ACCOUNTS
from tieout.policy.roles import ROLES
from tieout.process import describe
from tieout.process.flows import FLOWS

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by ./dev docs; a test checks that it is current. -->"


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not current in docs/: {', '.join(stale)}; run ./dev docs", file=sys.stderr)
    return 1 if stale else 0


# docs/commands.md


def commands_page() -> str:
    """Every command with its arguments and options, in the words of the command line."""
    parts = [
        "# Commands",
        NOTE,
        "Every command has `--help`. Exit codes: 0 done · 1 the answer is no (a score below 100 %) · 2 something that you can "
        "mend: the message says where and how · 3 a total exceeds `--fail-over` · 70 a fault of Tieout itself.",
    ]
    parts += [section(words, command) for words, command in commands("tieout", typer.main.get_command(app))]
    return "\n\n".join(parts) + "\n"


def commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children or any(shown(parameter) for parameter in command.params):
        yield words, command
    for name in children:
        implied = name == "run" and len(words.split()) > 1  # `tieout audit DIR` means `tieout audit run DIR`
        yield from commands(words if implied else f"{words} {name}", children[name])


def section(words: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument" and shown(p)]
    options = [p for p in command.params if p.param_type_name == "option" and shown(p)]
    usage = " ".join([words, *(["[OPTIONS]"] if options else []), *(usage_of(p) for p in arguments)])
    parts = [f"## {words}", paragraphs(command.help or ""), f"    {usage}"]
    if arguments or options:
        rows = ["| | |", "|---|---|", *(row(p) for p in (*arguments, *options))]
        parts.append("\n".join(rows))
    return "\n\n".join(part for part in parts if part)


def shown(parameter: Any) -> bool:
    return not getattr(parameter, "hidden", False) and parameter.name != "help"


def usage_of(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return (name if argument.required else f"[{name}]") + ("…" if argument.nargs == -1 else "")


def row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or parameter.type.name.upper()}"
        opts = [*parameter.opts, *parameter.secondary_opts]
        name = ", ".join(f"`{opt}{value}`" for opt in opts)
    words = " ".join((getattr(parameter, "help", None) or "").split())
    default = parameter.default
    if default not in (None, False, "", ()) and not callable(default) and "default" not in words:
        words += f" Default: `{default}`."
    return f"| {cell(name)} | {cell(words.strip())} |"


def cell(text: str) -> str:
    return text.replace("|", r"\|")


def paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.replace("\b", "").split("\n\n"))


# docs/flows.md


def flows_page() -> str:
    """Every flow that comes with Tieout, as its class describes itself."""
    parts = [
        "# Flows",
        NOTE,
        "A flow is a class in `src/tieout/process/flows`; this page and `tieout flows show FLOW` are made from it. Durations and "
        "owners are defaults, which `audit.toml` overlays for each flow, region and entity. The amounts are defined in "
        "[money.md](money.md), the words in [concepts.md](concepts.md).",
    ]
    return "\n\n".join([*parts, *(describe.as_markdown(flow).strip() for flow in FLOWS.values())]) + "\n"


# docs/policy.md: written by hand, but for its tables of names


def policy_page() -> str:
    """The page as it stands, with what is between its marks made anew."""
    tables = {
        "roles": ("role", ROLES),
        "tolerances": ("tolerance", TOLERANCES),
        "units": ("unit", UNITS),
        "severities": (
            "severity",
            {name: f"from {least:,} · {within}" for name, (least, within) in SEVERITIES.items()},
        ),
        "accounts": ("account", ACCOUNTS),
    }
    made = {name: two_columns(head, rows) for name, (head, rows) in tables.items()}
    owners = [f"| `{risk}` | {row.owner} | {row.meaning} |" for risk, row in RISKS.items()]
    made["owners"] = "\n".join(["| risk class | default owner | what is wrong |", "|---|---|---|", *owners])

    def fill(mark: re.Match[str]) -> str:
        return f"{mark[1]}\n{made[mark[2]]}\n{mark[3]}"

    page = (DOCS / "policy.md").read_text(encoding="utf-8")
    return re.sub(r"(<!-- generated: (\w+) -->).*?(<!-- end -->)", fill, page, flags=re.DOTALL)


def two_columns(head: str, rows: Mapping[str, str]) -> str:
    return "\n".join([f"| {head} | |", "|---|---|", *(f"| `{name}` | {words} |" for name, words in rows.items())])


# docs/documents.md


def documents_page() -> str:
    """Every document type with its fields, in the words of its docstrings."""
    header = {field.name for field in shapes(Document)}
    parts = [
        "# Documents",
        NOTE,
        "What Tieout knows of the money path: the types of documents, and the fields of each. Fields in bold are required. "
        'Amounts are whole minor units; in files they are written 12.34, unless the mapping says `money = "minor"`. A '
        "reference is `system/id`, or the bare id of the same system. `tieout schema --out DIR` writes JSON Schema of all.",
        "## Every document",
        described(Document, set()),
    ]
    for name, type_ in sorted(TYPES.items()):
        parts += [
            f"## {name}",
            paragraphs(inspect.cleandoc(type_.__doc__ or "").replace("``", "`")),
            described(type_, header),
        ]
        for field in shapes(type_):
            if field.struct is not None:
                parts += [f"Each of `{field.name}`:", described(field.struct, set())]
    return "\n\n".join(part for part in parts if part) + "\n"


def described(struct: type[msgspec.Struct], known: set[str]) -> str:
    fields = [field for field in shapes(struct) if field.name not in known]
    rows = [
        f"| {f'**`{f.name}`**' if f.required else f'`{f.name}`'} | {KINDS[f.kind]} | {words_of(struct, f)} |"
        for f in fields
    ]
    return "\n".join(["| field | | |", "|---|---|---|", *rows]) if rows else ""


def words_of(struct: type[msgspec.Struct], field: Shape) -> str:
    values = " · ".join(f"`{value}`" for value in field.choices if value)
    return (
        " ".join(part for part in (words(struct).get(field.name, ""), values) if part)
        .replace("``", "`")
        .replace("|", "\\|")
    )


KINDS = {
    "text": "text", "ref": "reference", "refs": "references", "minor": "amount", "integer": "whole number", "boolean": "flag",
    "date": "day", "instant": "instant", "decimal": "decimal", "json": "object", "structs": "list",
}  # fmt: skip

PAGES: dict[str, Callable[[], str]] = {
    "api.md": lambda: api_page(NOTE),
    "commands.md": commands_page,
    "flows.md": flows_page,
    "policy.md": policy_page,
    "documents.md": documents_page,
}

if __name__ == "__main__":
    sys.exit(main())
