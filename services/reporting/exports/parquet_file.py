"""One part of a book as Parquet, with exact decimals. Needs pyarrow, which the extra `parquet` installs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Context, Decimal
from importlib.util import find_spec
from itertools import chain, islice
from typing import IO, Any

from services.reporting.exports.table import Book, Cell, Column, Table

ROWS = 10_000
"""In a group of rows, which is what is held in memory."""
DIGITS, DECIMALS = 38, 30
ROUNDED = ("figure", "percent")
PERCENT_DECIMALS = 2
EXACT = ("points", "share", "exact")
_LAST = Decimal(1).scaleb(-DECIMALS)
_ROUNDED = Context(prec=DIGITS, rounding=ROUND_HALF_UP)


def installed() -> bool:
    return find_spec("pyarrow") is not None


def write(book: Book, part: str | None, out: IO[bytes]) -> int:
    """Writes a part; returns how many rows it has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = book.part(part)
    columns = tables[0].columns
    said = {b"parindex": json.dumps(asdict(book.about), ensure_ascii=False).encode()}
    schema = pa.schema([(column.code, _type(pa, column, book.about.decimals)) for column in columns], metadata=said)
    count = 0
    with pq.ParquetWriter(out, schema) as writer:
        for rows in _batches(tables):
            of_columns = [
                pa.array([_value(row[place], column) for row in rows], type=schema.field(place).type)
                for place, column in enumerate(columns)
            ]
            writer.write_batch(pa.record_batch(of_columns, schema=schema))
            count += len(rows)
    return count


def _batches(tables: Sequence[Table]) -> Iterator[list[Sequence[Cell]]]:
    rows = chain.from_iterable(table.rows for table in tables)
    while batch := list(islice(rows, ROWS)):
        yield batch


def _type(pa: Any, column: Column, decimals: int) -> Any:  # noqa: ANN401 (pyarrow's own)
    if column.kind == "whole":
        return pa.int64()
    if column.kind == "flag":
        return pa.bool_()
    if column.kind in ROUNDED:
        return pa.decimal128(DIGITS, PERCENT_DECIMALS if column.kind == "percent" else decimals)
    if column.kind in EXACT:
        return pa.decimal128(DIGITS, DECIMALS)
    return pa.string()


def _value(cell: Cell, column: Column) -> Any:  # noqa: ANN401 (what pyarrow takes)
    if cell is None or column.kind in ("whole", "flag"):
        return cell
    if column.kind in ROUNDED:
        return Decimal(str(cell))
    return Decimal(str(cell)).quantize(_LAST, context=_ROUNDED) if column.kind in EXACT else str(cell)
