"""Formats of an export: bytes for the beginning, for each page of rows, and for the end."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from hunt.core.winner_formats import (
    CLICKS,
    WINNERS,
    Column,
    csv_head,
    csv_lines,
    json_lines,
    of_hunt,
)
from hunt.errors import HuntError

if TYPE_CHECKING:
    from collections.abc import Mapping

Format = Literal["csv", "ndjson", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

MIMETYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}

#: Rows of an export -> its columns.
Subject = Literal["winners", "clicks"]
COLUMNS: Mapping[Subject, tuple[Column, ...]] = {"winners": WINNERS, "clicks": CLICKS}

#: Rows of one row group of Parquet: the unit that a reader loads at once.
GROUP = 50_000

MISSING = "the format parquet needs pyarrow: pip install 'hunt-server[parquet]'"


class Writer(Protocol):
    """The bytes of one export."""

    def head(self) -> bytes:
        """Return the bytes before the first row."""
        ...

    def rows(self, rows: Sequence[object]) -> bytes:
        """Return bytes, perhaps none, for a page of rows."""
        ...

    def end(self) -> bytes:
        """Return the bytes after the last row."""
        ...


def writer(form: Format, subject: Subject, hunt: str = "") -> Writer:
    """Return the writer of an export.

    Args:
        form: Format of the file.
        subject: Rows of the export.
        hunt: Id of the hunt; rows of a test hunt are marked.

    Raises:
        HuntError: The format is Parquet, and pyarrow is not installed.
    """
    columns = of_hunt(hunt, COLUMNS[subject])
    if form == "parquet":
        return _Parquet(columns)
    return _Csv(columns) if form == "csv" else _Ndjson(columns)


class _Csv:
    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def head(self) -> bytes:
        return csv_head(self._columns).encode()

    def rows(self, rows: Sequence[object]) -> bytes:
        return csv_lines(rows, self._columns).encode()

    def end(self) -> bytes:
        return b""


class _Ndjson:
    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def head(self) -> bytes:
        return b""

    def rows(self, rows: Sequence[object]) -> bytes:
        return json_lines(rows, self._columns).encode()

    def end(self) -> bytes:
        return b""


class _Parquet:
    """Writes row groups of `GROUP` rows; the rows of an incomplete one wait in memory."""

    def __init__(self, columns: Sequence[Column]) -> None:
        try:
            import pyarrow  # 40 MB of memory
            from pyarrow import parquet
        except ImportError:
            raise HuntError(MISSING) from None
        kinds = {
            "integer": pyarrow.int64(),
            "text": pyarrow.string(),
            "time": pyarrow.timestamp("us", tz="UTC"),
            "number": pyarrow.float64(),
            "mark": pyarrow.bool_(),
        }
        self._columns = columns
        self._schema = pyarrow.schema([(column.name, kinds[column.kind]) for column in columns])
        self._table = pyarrow.Table
        self._sink = _Sink()
        self._file = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[object] = []

    def head(self) -> bytes:
        return self._sink.taken()

    def rows(self, rows: Sequence[object]) -> bytes:
        self._waiting += rows
        while len(self._waiting) >= GROUP:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            self._write(group)
        return self._sink.taken()

    def end(self) -> bytes:
        if self._waiting:
            self._write(self._waiting)
        self._file.close()
        return self._sink.taken()

    def _write(self, rows: Sequence[object]) -> None:
        columns: dict[str, list[Any]] = {
            name: [True if kind == "mark" else getattr(row, name) for row in rows]
            for name, kind in self._columns
        }
        table = self._table.from_pydict(columns, schema=self._schema)
        self._file.write_table(table, row_group_size=GROUP)


class _Sink(io.RawIOBase):
    """A file that keeps only what has not been taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # ruff: ignore[any-type]
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """Return the bytes written since the last call."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found
