"""``audit.toml``: which file is which system's which document type, and how it is written.

The keys are the fields of the structs below, documented one by one in `docs/mapping.md`. What a company has decided
(tolerances, owners, calendars …) stands in the same file and is read by `tieout.policy.parse`.
"""

from __future__ import annotations

import codecs
import datetime as dt
import zoneinfo
from pathlib import Path
from typing import Any, Literal

import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.faults import nearest
from tieout.canon.money import EXPONENTS
from tieout.setwise import tables

from .logs.entry import LogEntry
from .toml import Place, Source

NAME = "audit.toml"
Format = Literal["csv", "jsonl", "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is written. In a file of lines, what is not stated is as in the file of its documents."""

    path: str = ""
    format: Format | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    refs: dict[str, str] = {}

    def format_of(self, path: Path) -> Format | None:
        """The declared format, else the one that the suffix says; None where neither does."""
        suffixes = [suffix.lower() for suffix in path.suffixes]
        while suffixes and suffixes[-1] in (".gz", ".zst"):
            suffixes.pop()
        return self.format or _SUFFIXES.get(suffixes[-1] if suffixes else "")

    def dialect(self, path: Path) -> tuple[str, str, str]:
        """Encoding, delimiter and quote of a CSV file, where nothing is stated the plain ones."""
        tab = ".tsv" in (suffix.lower() for suffix in path.suffixes)
        quote = '"' if self.quote is None else self.quote
        return self.encoding or "utf-8", self.delimiter or ("\t" if tab else ","), quote


class Lines(Layout, frozen=True, kw_only=True):
    """The nested part of a document: in a column of the same file, or, with ``path``, in a file of its own."""

    parent: str = ""


class File(Layout, frozen=True, kw_only=True):
    """One file, or the files of one glob: documents of one type as one system sees them."""

    type: str
    system: str = ""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    date: str | tuple[str, ...] = ()
    datetime: str | tuple[str, ...] = ()
    time_zone: str = ""
    money: Literal["major", "minor"] = "major"
    currency: str = ""
    entity: str = ""
    constants: dict[str, str] = {}
    """By field: the value of every row, where the file has no column for it."""
    lines: Lines = Lines()


class Complete(msgspec.Struct, frozen=True, kw_only=True):
    """Where a missing document proves that there is none; ``*`` means all."""

    system: str
    type: str
    entity: str = "*"
    from_on: dt.date | None = msgspec.field(default=None, name="from")
    to_on: dt.date | None = msgspec.field(default=None, name="to")


class CrosswalkFile(Layout, frozen=True, kw_only=True):
    """A crosswalk table in a file (else ``rows``); `tieout.policy` judges its rows."""

    table: str
    match: str = "exact"
    rows: tuple[dict[str, Any], ...] = ()


class RatesFile(Layout, frozen=True, kw_only=True):
    """Exchange rates in a file (else ``rows``); `tieout.policy` judges them."""

    source: str = ""
    inverse: bool = False
    rows: tuple[dict[str, Any], ...] = ()


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A system and its role in the money path (default: its own name)."""

    role: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What is audited, as of when, in which currency its totals are."""

    company: str = ""
    as_of: dt.date | None = None
    base_currency: str = ""
    time_zone: str = "UTC"


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of ``audit.toml``. Tables of policy are kept as they are for `tieout.policy.parse`."""

    audit: Audit = Audit()
    systems: dict[str, System] = {}
    entities: dict[str, dict[str, Any]] = {}
    files: tuple[File, ...] = ()
    logs: tuple[LogEntry, ...] = ()
    complete: tuple[Complete, ...] = ()
    crosswalks: tuple[CrosswalkFile, ...] = ()
    fx: RatesFile = RatesFile()
    tolerances: dict[str, Any] = {}
    within: dict[str, Any] = {}
    owners: dict[str, Any] = {}
    modes: dict[str, Any] = {}
    ownership: dict[str, Any] = {}
    posting: dict[str, Any] = {}
    cases: dict[str, Any] = {}

    def role(self, system: str) -> str:
        """The role of a system."""
        known = self.systems.get(system)
        return known.role or system if known else system

    @property
    def system_names(self) -> tuple[str, ...]:
        """Every system that is declared or that a file is of."""
        named = [file.system for file in self.files if file.system] + [log.system for log in self.logs if log.system]
        return tuple(dict.fromkeys((*self.systems, *named)))


def load(directory: Path) -> tuple[Mapping, Source]:
    """Read ``audit.toml`` of a directory. Raises MappingFault naming file, line, key and the nearest valid name."""
    return load_file(Path(directory) / NAME)


def load_file(path: Path) -> tuple[Mapping, Source]:
    """The same of a mapping of any name; what it names lies beside it."""
    source = Source(path)
    mapping = source.read(source.tables, Mapping, ())
    _check_audit(mapping, source)
    for index, file in enumerate(mapping.files):
        _check_file(file, mapping, source, ("files", index))
    for index, log in enumerate(mapping.logs):
        _check_log(log, mapping, source, ("logs", index))
    for index, complete in enumerate(mapping.complete):
        _check_complete(complete, mapping, source, ("complete", index))
    layouts: list[tuple[Layout, Place]] = [(c, ("crosswalks", i)) for i, c in enumerate(mapping.crosswalks)]
    for layout, place in [*layouts, (mapping.fx, ("fx",))]:
        _check_layout(layout, source, place)
    return mapping, source


def policy_tables(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables that `tieout.policy.parse` reads: without what says how the files of crosswalks and rates are written."""
    layout = {field.encode_name for field in msgspec.structs.fields(Layout)} - {"path"}

    def decided(table: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in table.items() if key not in layout}

    found = dict(tables)
    if "crosswalks" in found:
        found["crosswalks"] = [decided(entry) for entry in found["crosswalks"]]
    if "fx" in found:
        found["fx"] = decided(found["fx"])
    return found


def _check_audit(mapping: Mapping, source: Source) -> None:
    if mapping.audit.base_currency:
        _check_currency(mapping.audit.base_currency, source, ("audit", "base_currency"))
    _check_zone(mapping.audit.time_zone, source, ("audit", "time_zone"))
    for name in mapping.systems:
        if not name or "/" in name:
            raise source.fault(f"{name!r} cannot be a system's name", ("systems", name), "leave out the slash")


def _check_file(file: File, mapping: Mapping, source: Source, place: Place) -> None:
    if file.type not in TYPES:
        mend = nearest(file.type, TYPES) or f"types are {', '.join(TYPES)}"
        raise source.fault(f"there is no document type {file.type!r}", (*place, "type"), mend)
    if mapping.systems and file.system and file.system not in mapping.systems:
        mend = nearest(file.system, mapping.systems) or f"add [systems.{file.system}]"
        raise source.fault(f"there is no system {file.system!r}", (*place, "system"), mend)
    if not file.path:
        raise source.fault("has no path", place, "add path = …")
    if file.currency:
        _check_currency(file.currency, source, (*place, "currency"))
    _check_entity(file.entity, mapping, source, place)
    _check_zone(file.time_zone or "UTC", source, (*place, "time_zone"))
    if file.thousands and file.thousands == file.decimal:
        raise source.fault("thousands and decimal are the same character", (*place, "thousands"))
    fields = {column.name: column for column in tables.columns(file.type)[2:]}
    _check_layout(file, source, place)
    _check_fields(file, fields, source, place, mapping)
    _check_lines(file, mapping, source, (*place, "lines"))


def _check_log(log: LogEntry, mapping: Mapping, source: Source, place: Place) -> None:
    if log.currency:
        _check_currency(log.currency, source, (*place, "currency"))
    _check_entity(log.entity, mapping, source, place)
    _check_zone(log.time_zone or "UTC", source, (*place, "time_zone"))
    if log.thousands and log.thousands == log.decimal:
        raise source.fault("thousands and decimal are the same character", (*place, "thousands"))
    written = Layout(encoding=log.encoding, delimiter=log.delimiter or None, quote=log.quote)
    _check_layout(written, source, place)


def _check_entity(entity: str, mapping: Mapping, source: Source, place: Place) -> None:
    if entity and mapping.entities and entity not in mapping.entities:
        mend = nearest(entity, mapping.entities) or f"add [entities.{entity}]"
        raise source.fault(f"there is no entity {entity!r}", (*place, "entity"), mend)


def _check_lines(file: File, mapping: Mapping, source: Source, place: Place) -> None:
    if file.lines == Lines():
        return
    nested = nested_column(file.type)
    if nested is None:
        raise source.fault(f"a document of type {file.type!r} has no lines", place, "leave the table out")
    if bool(file.lines.path) != bool(file.lines.parent):
        mend = "parent names the column that holds the document's id, path the file"
        raise source.fault("path and parent belong together", place, mend)
    _check_layout(file.lines, source, place)
    _check_fields(file.lines, {column.name: column for column in nested.nested}, source, place, mapping)


def nested_column(type_name: str) -> tables.Column | None:
    """The one field of a type that is a list of structs (lines, tiers, milestones …), if it has one."""
    return next((column for column in tables.columns(type_name) if column.kind == "structs"), None)


def _check_fields(
    layout: Layout, fields: dict[str, tables.Column], source: Source, place: Place, mapping: Mapping
) -> None:
    """Every field that columns, values, refs and constants name must be there, and values must be ones that the field may have."""
    named = [("columns", name) for name in layout.columns]
    named += [("values", name) for name in layout.values] + [("refs", name) for name in layout.refs]
    named += [("constants", name) for name in layout.constants] if isinstance(layout, File) else []
    for table, name in named:
        if name.partition(".")[0] in ("ext", "refs") and "." in name and "ext" in fields and table == "columns":
            continue
        if name not in fields:
            mend = nearest(name, fields) or f"fields are {', '.join(fields)}"
            raise source.fault(f"there is no field {name!r}", (*place, table, name), mend)
    for name, replaced in layout.values.items():
        choices = fields[name].choices
        for key, value in replaced.items():
            if choices and value and value not in choices:
                mend = nearest(value, choices) or f"values are {', '.join(filter(None, choices))}"
                raise source.fault(f"{name} cannot be {value!r}", (*place, "values", name, key), mend)
    for name, system in layout.refs.items():
        if fields[name].kind not in ("ref", "refs"):
            raise source.fault(f"{name!r} is no reference", (*place, "refs", name))
        if mapping.systems and system not in mapping.systems:
            mend = nearest(system, mapping.systems) or f"add [systems.{system}]"
            raise source.fault(f"there is no system {system!r}", (*place, "refs", name), mend)


def _check_layout(layout: Layout, source: Source, place: Place) -> None:
    if layout.encoding is not None:
        try:
            codecs.lookup(layout.encoding)
        except LookupError:
            near = nearest(layout.encoding, ("utf-8", "utf-16", "latin-1", "cp1252", "cp1250", "cp437", "mac_roman"))
            raise source.fault(f"there is no encoding {layout.encoding!r}", (*place, "encoding"), near) from None
    for key in ("delimiter", "quote"):
        value = getattr(layout, key)
        if value is not None and (len(value) > 1 or (key == "delimiter" and not value)):
            raise source.fault(f"{key} must be one character, not {value!r}", (*place, key))


def _check_complete(complete: Complete, mapping: Mapping, source: Source, place: Place) -> None:
    for key, value, known in (
        ("system", complete.system, mapping.system_names),
        ("type", complete.type, tuple(TYPES)),
        ("entity", complete.entity, tuple(mapping.entities)),
    ):
        if value != "*" and known and value not in known:
            mend = nearest(value, known) or f"one of {', '.join(known)}, or '*'"
            raise source.fault(f"there is no {key} {value!r}", (*place, key), mend)
    if complete.from_on and complete.to_on and complete.from_on > complete.to_on:
        raise source.fault(f"from {complete.from_on} is after to {complete.to_on}", place)


def _check_currency(currency: str, source: Source, place: Place) -> None:
    if currency not in EXPONENTS:
        mend = nearest(currency.upper(), EXPONENTS) or "use an ISO 4217 code such as EUR"
        raise source.fault(f"unknown currency {currency!r}", place, mend)


def _check_zone(name: str, source: Source, place: Place) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        mend = nearest(name, zoneinfo.available_timezones()) or "use a name such as Europe/Berlin"
        raise source.fault(f"there is no time zone {name!r}", place, mend) from None
