"""Exports as Parquet: canonical names, amounts in minor units, instants in UTC, lists and structs as such."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ...canon.documents import Document
from ...canon.shape import Shape, shapes
from .layouts import Layout
from .text_files import NOT_WRITTEN
from .values import plain

ROW_GROUP = 100_000
_TYPES = {
    "text": pa.string(), "ref": pa.string(), "decimal": pa.string(), "json": pa.string(), "minor": pa.int64(),
    "integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32(), "instant": pa.timestamp("us"),
    "refs": pa.list_(pa.string()),
}  # fmt: skip


class ParquetExport:
    """Documents of one type in a Parquet file, written in row groups of `ROW_GROUP`."""

    def __init__(self, folder: Path, layout: Layout, type_: type[Document]) -> None:
        """The file under ``folder``."""
        path = folder / layout.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.shapes = [shape for shape in shapes(type_) if shape.name not in NOT_WRITTEN]
        self.schema = pa.schema([(shape.name, arrow_type(shape)) for shape in self.shapes])
        self.writer = pq.ParquetWriter(path, self.schema, compression="zstd")
        self.waiting: list[pa.RecordBatch] = []
        self.rows = 0

    def write(self, docs: Sequence[Document]) -> None:
        """Append documents."""
        columns = [arrow_array(shape, [getattr(doc, shape.name) for doc in docs]) for shape in self.shapes]
        self.waiting.append(pa.record_batch(columns, schema=self.schema))
        self.rows += len(docs)
        if self.rows >= ROW_GROUP:
            self._flush()

    def close(self) -> tuple[set[str], set[str]]:
        """Finish. The file names its own fields, so the mapping need not."""
        self._flush()
        self.writer.close()
        return set(), set()

    def _flush(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.Table.from_batches(self.waiting, self.schema), row_group_size=self.rows)
        self.waiting, self.rows = [], 0


def arrow_type(shape: Shape) -> pa.DataType:
    """The Arrow type of a field."""
    if shape.struct is None:
        return _TYPES[shape.kind]
    return pa.list_(pa.struct([(part.name, arrow_type(part)) for part in shapes(shape.struct)]))


def arrow_array(shape: Shape, values: list[Any]) -> pa.Array:
    """A column of values; NULL where a field says nothing."""
    match shape.kind:
        case "structs":
            return _structs(shape, values)
        case "text" | "ref" | "refs":
            values = [value or None for value in values]
        case "decimal":
            values = [None if value is None else plain(value) for value in values]
        case "json":
            values = [msgspec.json.encode(value).decode() if value else None for value in values]
    return pa.array(values, _TYPES[shape.kind])


def _structs(shape: Shape, values: list[Any]) -> pa.Array:
    assert shape.struct is not None
    ends = list(accumulate((len(value) for value in values), initial=0))
    offsets = pa.array(ends, pa.int32())
    items = [item for value in values for item in value]
    parts = shapes(shape.struct)
    arrays = [arrow_array(part, [getattr(item, part.name) for item in items]) for part in parts]
    fields = [pa.field(part.name, arrow_type(part)) for part in parts]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(arrays, fields=fields))
