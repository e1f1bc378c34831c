"""The shape of the source: caps on the tail, names, words, and what pure rooms may not do.

Nothing here says how the middle should look. A limit may be tightened; it is never loosened to let something in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tieout"
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
PURE = ("canon", "policy", "process", "cases")
MODULES = sorted(SOURCE.rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def python_files() -> list[Path]:
    folders = (SOURCE, ROOT / "tests", ROOT / "bench", ROOT / "scripts")
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def test_modules_are_at_most_400_lines_long() -> None:
    long = {
        str(p.relative_to(ROOT)): n for p in python_files() if (n := len(p.read_text().splitlines())) > LONGEST_MODULE
    }
    assert not long, f"split by subject: {long}"


def test_functions_are_at_most_60_lines_long() -> None:
    long = [
        f"{place(path, node)} {node.name}: {length} lines"
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


# Names (docs: CONTRIBUTING.md). A word of these says nothing of what the thing is.

EMPTY_WORDS = re.compile(r"(^|_)(manager|helpers?|utils?|utilities)($|_)|(Manager|Helper|Utils?)($|[A-Z])")
EMPTY_NAMES = {"data", "info"}
EMPTY_VERBS = re.compile(r"_?(process|handle)_")


def names(module: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(module):
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.arg):
            yield node.arg, node
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node


def test_names_say_what_a_thing_is() -> None:
    empty = []
    for path in python_files():
        if EMPTY_WORDS.search(path.stem) or path.stem in {"service", "services", "common", "misc", *EMPTY_NAMES}:
            empty.append(str(path.relative_to(ROOT)))
        for name, node in names(tree(path)):
            verb = isinstance(node, Function) and EMPTY_VERBS.match(name)
            if EMPTY_WORDS.search(name) or name in EMPTY_NAMES or verb:
                empty.append(f"{place(path, node)} {name}")
    assert not empty, "\n".join(empty)


# Words: every public name says what it answers. A method that overrides one that is documented means the same.


def public_parts(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield inside + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_parts(node.body, f"{node.name}.")


def classes() -> dict[str, ast.ClassDef]:
    return {node.name: node for path in MODULES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}


def inherits_words(name: str, known: dict[str, ast.ClassDef]) -> bool:
    owner, _, method = name.rpartition(".")
    if owner not in known:
        return False
    for base in known[owner].bases:
        above = known.get(ast.unparse(base).rpartition(".")[2].partition("[")[0])
        if above is None:
            continue
        documented = {part.name for part in above.body if isinstance(part, Function) and ast.get_docstring(part)}
        if method in documented or inherits_words(f"{above.name}.{method}", known):
            return True
    return False


def test_public_names_are_documented() -> None:
    silent, known = [], classes()
    for path in MODULES:
        module = tree(path)
        if not ast.get_docstring(module):
            silent.append(f"{place(path, module)} the module")
        if any(part.startswith("_") and part != "__init__.py" for part in path.relative_to(SOURCE).parts):
            continue
        for name, node in public_parts(module.body):
            if not ast.get_docstring(node) and not inherits_words(name, known):
                silent.append(f"{place(path, node)} {name}")
    assert not silent, "\n".join(silent)


# Importing a module does nothing but define it.

DEFINING = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.TypeAlias if hasattr(ast, "TypeAlias") else ast.Assign),
)


def acts(node: ast.stmt, path: Path) -> bool:
    if isinstance(node, DEFINING):
        return False
    if isinstance(node, ast.If):  # TYPE_CHECKING, or __main__
        return "TYPE_CHECKING" not in ast.unparse(node.test) and "__name__" not in ast.unparse(node.test)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    wiring = isinstance(node, ast.Expr) and ast.unparse(node).startswith("app.") and room(path) == "cli"
    return not wiring


def test_importing_a_module_does_nothing() -> None:
    acting = [
        f"{place(path, node)} {ast.unparse(node)[:60]}"
        for path in MODULES
        for node in tree(path).body
        if acts(node, path)
    ]
    assert not acting, "\n".join(acting)


# Pure rooms: money is whole minor units, and time comes in as an argument.

CLOCKS = re.compile(r"\b(datetime\.now|datetime\.utcnow|datetime\.today|date\.today|time\.time|time\.monotonic)\b")

LIKENESS_OF_NAMES = "canon/faults.py"
DAYS_AND_COUNTS = {"process/verdict.py", "process/evaluate.py", "process/kpis.py"}
"""Where figures that are not money, for the KPIs, may be called float."""


@pytest.mark.parametrize("name", PURE)
def test_money_is_never_a_float(name: str) -> None:
    floats = []
    for path in sorted((SOURCE / name).rglob("*.py")):
        inside = str(path.relative_to(SOURCE))
        for node in ast.walk(tree(path)):
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float) and inside != LIKENESS_OF_NAMES
            named = isinstance(node, ast.Name) and node.id == "float" and inside not in DAYS_AND_COUNTS
            if literal or named:
                floats.append(f"{place(path, node)} {ast.unparse(node)}")
    assert not floats, "\n".join(floats)


@pytest.mark.parametrize("name", PURE)
def test_pure_rooms_do_not_look_at_a_clock(name: str) -> None:
    looks = [
        f"{place(path, node)} {ast.unparse(node)}"
        for path in sorted((SOURCE / name).rglob("*.py"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and CLOCKS.search(ast.unparse(node))
    ]
    assert not looks, "\n".join(looks)


# The truth is a second implementation.

SHARED_WITH_TRUTH = (
    "tieout.simulate",
    "tieout.canon.documents",
    "tieout.canon.shape",
    "tieout.canon.finding",
    "tieout.canon.dates",
    "tieout.canon.faults",
)


def test_the_simulator_shares_no_formula_with_the_product() -> None:
    borrowed = []
    for path in sorted((SOURCE / "simulate").rglob("*.py")):
        for node in ast.walk(tree(path)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            borrowed += [
                f"{place(path, node)} {module}"
                for module in modules
                if module.startswith("tieout") and module != "tieout" and not module.startswith(SHARED_WITH_TRUTH)
            ]
    assert not borrowed, "\n".join(borrowed)
