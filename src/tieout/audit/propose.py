"""``tieout audit init``: looks at a folder of exports and proposes its mapping, saying of every line how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tieout.canon.faults import InputFault, MappingFault
from tieout.setwise.tables import columns

from .guess import Guess, guess, lines_of, role_of, take_lines
from .links import Files, leads_to
from .look import Look, find_files, look_at, one_family
from .mapping import NAME
from .progress import Progress, silent
from .proposal import Page, table_entry, table_of
from .propose_logs import log_entry
from .vocabulary import plain, vocabulary
from .writing import (
    DAY_FORMS,
    INSTANT_FORMS,
    PLAIN_DAYS,
    decimal_style,
    epoch_form,
    forms_of,
    is_instant,
    is_whole,
    lacks_offset,
)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a mapping and how much of it is sure."""

    text: str
    files: int
    understood: int
    sure: int
    guessed: int
    missing: int
    needed: dict[str, tuple[str, ...]] = {}
    """By file, what must be said before its rows can be read."""


def write(directory: Path | str, progress: Progress = silent) -> Proposal:
    """Write ``audit.toml`` into a directory. Raises MappingFault where there is one already: it is never overwritten."""
    path = Path(directory) / NAME
    if not path.parent.is_dir():
        raise InputFault("no such directory", where=str(directory), mend="name the folder with the exports")
    if path.exists():
        raise MappingFault("is there already", where=str(path), mend="move it away to have another one proposed")
    proposal = propose(Path(directory), progress)
    with path.open("x", encoding="utf-8") as file:
        file.write(proposal.text)
    return proposal


def propose(directory: Path, progress: Progress = silent) -> Proposal:
    """A mapping for the files of a directory. Raises MappingFault where there is no file that could be an export."""
    paths = find_files(directory)
    if not paths:
        mend = "put CSV, JSON lines or Parquet files there"
        raise MappingFault("there is no file that could be an export", where=str(directory), mend=mend)
    looks, strange = _look(paths, directory, progress)
    guesses, tables, strange_too = _sort(looks, directory)
    page = Page(directory)
    with Files(directory) as files:
        _head(page, guesses, files, progress)
        for index, found in enumerate(guesses):
            progress(f"proposing {found.path.name}", index, len(guesses))
            _file(page, found, guesses, files)
    for look, kind in tables:
        if kind == "logs":
            log_entry(page, look)
        else:
            table_entry(page, look, kind)
    _strange(page, {**strange, **strange_too})
    if guesses:
        _complete(page, guesses)
    read = [look for found in guesses for look in (found.look, *([found.lines.look] if found.lines else []))]
    read += [look for look, _ in tables]
    return Proposal(
        text=page.text(),
        files=len(paths),
        understood=sum(len(look.paths) for look in read),
        sure=page.sure,
        guessed=page.guessed,
        missing=page.missing,
        needed={path: tuple(what) for path, what in page.needed.items()},
    )


def _look(paths: list[Path], directory: Path, progress: Progress) -> tuple[list[Look], dict[str, str]]:
    """What each file looks like, and of which nothing can be seen."""
    looks, strange = [], {}
    for index, path in enumerate(paths):
        progress(f"looking at {path.name}", index, len(paths))
        found = look_at(path)
        if isinstance(found, str):
            strange[path.relative_to(directory).as_posix()] = found
        else:
            looks.append(found)
    return one_family(looks), strange


def _sort(looks: list[Look], directory: Path) -> tuple[list[Guess], list[tuple[Look, str]], dict[str, str]]:
    """Files of documents (with their files of lines), tables of policy and event logs, and what is neither."""
    guesses: list[Guess] = []
    tables: list[tuple[Look, str]] = []
    lines: list[tuple[Look, str]] = []
    strange: dict[str, str] = {}
    for look in looks:
        kind = table_of(look)
        type_name = lines_of(look, directory)
        if kind:
            tables.append((look, kind))
        elif type_name:
            lines.append((look, type_name))
        elif found := guess(look, directory):
            guesses.append(found)
        else:
            strange[_name(look, directory)] = f"no kind of document fits its columns ({_few(look.columns)})"
    for look, type_name in lines:
        documents = [found for found in guesses if found.type == type_name and "id" in found.columns]
        documents.sort(key=lambda found: found.path.parent != look.paths[0].parent)
        taken = next((made for found in documents if not found.lines and (made := take_lines(found, look))), None)
        if taken is None:
            strange[_name(look, directory)] = f"it looks like lines of a {type_name}, and there is no file of those"
            continue
        owner = next(found for found in documents if not found.lines)
        owner.lines = taken
    guesses.sort(key=lambda found: (found.system, list(vocabulary().types).index(found.type)))
    return guesses, tables, strange


def _head(page: Page, guesses: list[Guess], files: Files, progress: Progress) -> None:
    """``[audit]``, ``[systems]`` and ``[entities]``."""
    progress("counting entities and currencies", 0, 0)
    currencies: list[str] = []
    entities: dict[str, str] = {}
    for found in guesses:
        if "currency" in found.columns:
            currencies += [value.upper() for value in found.values("currency")]
        if "entity" in found.columns:
            names = files.distinct(found.look, found.columns["entity"].column)
            entities |= {name: entities.get(name, "") for name in names}
            if "currency" in found.columns:
                pairs = files.pairs(found.look, found.columns["entity"].column, found.columns["currency"].column)
                entities |= {name: entities.get(name) or currency.upper() for name, currency in pairs}
    page.table("audit")
    page.remark("missing", "the company's name", 'company = "…"')
    page.remark("missing", "the day to audit; without it the newest day in the documents", "as_of = 2026-06-30")
    if currencies:
        base = max(sorted(set(currencies)), key=currencies.count)
        page.key("base_currency", base, "guess", "the currency of most amounts")
    else:
        page.remark("missing", "the currency of the totals", 'base_currency = "EUR"')
    page.key("time_zone", "UTC", "guess", "of instants that name no offset")
    for system in dict.fromkeys(found.system for found in guesses):
        role, sure = role_of(system, [found.type for found in guesses if found.system == system])
        page.table(f"systems.{page.name(system)}")
        page.key("role", role, "sure" if sure else "guess", "by its name" if sure else "by its documents")
    for name, currency in sorted(entities.items()):
        page.table(f"entities.{page.name(name)}")
        if currency:
            page.key("functional_currency", currency, "guess", "the currency of most of its documents")
        page.remark(
            "missing", "where its days begin and which are holidays", 'time_zone = "Europe/Berlin"', 'holidays = "DE"'
        )


def _file(page: Page, found: Guess, guesses: list[Guess], files: Files) -> None:
    """One ``[[files]]`` entry."""
    page.table("[files]")
    page.key("path", page.path(found.look), "sure", "")
    page.key(
        "system",
        found.system,
        "sure" if found.system_sure else "guess",
        "by its name" if found.system_sure else "by its kind",
    )
    page.key("type", found.type, "sure" if found.type_sure else "guess", found.type_why)
    _layout(page, found)
    _missing(page, found)
    page.table("files.columns")
    page.choices(found.columns)
    _values(page, found, files)
    targets = leads_to(found, guesses, files)
    refs = {field: target for field, target in targets.items() if "." not in field}
    if refs:
        page.table("files.refs")
        page.references(refs)
    inner = {field.split(".")[1]: target for field, target in targets.items() if "." in field}
    if found.lines is not None:
        page.table("files.lines")
        page.key("path", page.path(found.lines.look), "sure", "")
        page.key(
            "parent", found.lines.parent.column, "sure" if found.lines.parent.sure else "guess", found.lines.parent.why
        )
        page.layout(found.lines.look, found.look)
        page.table("files.lines.columns")
        page.choices(found.lines.columns)
    elif found.nested:
        page.table("files.lines.columns")
        page.choices(found.nested)
    if inner:
        page.table("files.lines.refs")
        page.references(inner)


def _layout(page: Page, found: Guess) -> None:
    """How the values of a file are written, where that is not the plain way."""
    look = found.look
    page.layout(look, None)
    kinds = {column.name: column.kind for column in columns(found.type)[2:]}
    numbers = [
        value for field in found.columns if kinds[field] in ("minor", "decimal") for value in found.values(field)
    ] + found.inner("minor", "decimal")
    decimal, thousands = decimal_style(numbers)
    if look.format == "csv" and decimal == ",":
        page.key("decimal", decimal, "sure", f"amounts are written {next(value for value in numbers if ',' in value)}")
    if thousands:
        page.key("thousands", thousands, "sure", "digits are grouped")
    amounts = [value for field in found.columns if kinds[field] == "minor" for value in found.values(field)]
    amounts += found.inner("minor")
    if len(amounts) >= 20 and is_whole(amounts) and any(not value.endswith("00") for value in amounts):
        if {value.upper() for value in found.values("currency")} - {"JPY", "KRW", "VND", "CLP"}:
            page.key("money", "minor", "guess", "every amount is a whole number")
    _moments(page, found, kinds)
    if "currency" not in found.columns and amounts:
        page.need(look, "there is no column of currencies", 'currency = "EUR"')


def _moments(page: Page, found: Guess, kinds: Mapping[str, str]) -> None:
    """Formats of days and instants."""
    days: dict[str, list[str]] = {}
    instants: dict[str, list[str]] = {}
    local: list[str] = []
    for field in found.columns:
        values = found.values(field)
        if kinds[field] not in ("date", "instant") or not values or is_instant(values):
            if kinds[field] == "instant" and lacks_offset(values):
                local.append(field)
            continue
        if forms := forms_of(values, DAY_FORMS):
            days[field] = forms
        elif forms := forms_of(values, INSTANT_FORMS) or ([epoch] if (epoch := epoch_form(values)) else []):
            instants[field] = forms
    if local:
        what = f"no offset in {', '.join(local)}: taken to be UTC"
        page.remark("guess", what, 'time_zone = "Europe/Berlin"')
    for key, found_forms in (("date", days), ("datetime", instants)):
        if all(set(forms) & set(PLAIN_DAYS) for forms in found_forms.values()):
            continue
        common = [
            form for form in next(iter(found_forms.values())) if all(form in forms for forms in found_forms.values())
        ]
        chosen = common[:1] or list(dict.fromkeys(forms[0] for forms in found_forms.values()))
        others = common[1:]
        why = f"every value would fit {' and '.join(others)} too" if others else "every value fits"
        page.key(key, chosen[0] if len(chosen) == 1 else chosen, "guess" if others else "sure", why)


def _missing(page: Page, found: Guess) -> None:
    for column in columns(found.type)[2:]:
        if column.required and column.name != "system" and column.name not in found.columns:
            page.need(
                found.look,
                f"no column is the {column.name}, and every row needs one",
                f'columns.{column.name} = "…"',
                f'or for all rows constants.{column.name} = "…"',
            )


def _values(page: Page, found: Guess, files: Files) -> None:
    """``[files.values.…]`` of every field that has choices and is written in other words."""
    for column in columns(found.type)[2:]:
        if not column.choices or column.name not in found.columns:
            continue
        written = files.distinct(found.look, found.columns[column.name].column)
        strange = [value for value in written if value not in column.choices]
        if not strange:
            continue
        page.table(f"files.values.{column.name}")
        for value in strange:
            meant = _meaning(value, column.choices)
            if meant is not None:
                sure = plain(value) == plain(meant)
                page.key(value, meant, "sure" if sure else "guess", "the same word" if sure else "called so elsewhere")
            else:
                page.need(
                    found.look,
                    f"what does {value!r} mean? One of {', '.join(filter(None, column.choices))}",
                    f'{page.name(value)} = "…"',
                )


def _meaning(value: str, choices: tuple[str, ...]) -> str | None:
    word = plain(value)
    for choice in choices:
        if choice and plain(choice) == word:
            return choice
    for choice in choices:
        if word in vocabulary().values.get(choice, ()):
            return choice
    return None


def _strange(page: Page, strange: dict[str, str]) -> None:
    for name, why in sorted(strange.items()):
        page.space()
        page.remark("missing", f"{name} is not read: {why}")


def _complete(page: Page, guesses: list[Guess]) -> None:
    """Claims of completeness are the person's to make; what they could be stands there as comments."""
    page.space()
    page.remark(
        "missing",
        "where files are complete: only there does a missing document prove that there is none. What you can vouch for:",
    )
    for system in dict.fromkeys(found.system for found in guesses):
        types = dict.fromkeys(found.type for found in guesses if found.system == system)
        page.comment(
            f'[[complete]]\nsystem = "{system}"\ntype = "*"    # {", ".join(types)}\nfrom = 2025-07-01\nto = 2026-06-30'
        )


def _name(look: Look, directory: Path) -> str:
    return look.paths[0].relative_to(directory).as_posix()


def _few(names: object) -> str:
    listed = list(names)  # type: ignore[call-overload]
    return ", ".join(listed[:8]) + (", …" if len(listed) > 8 else "")
