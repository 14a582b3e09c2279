"""The default engine: one DuckDB file per case.

DuckDB locks a file per process, so the store connects per verb and lets go. External access, extensions and configuration
are off: a store that somebody hands over cannot make the engine read or write anything else.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb

from cryptotrace.errors import AmountOverflowError, NotAStoreError, StoreBusy, StoreError
from cryptotrace.schema import SCHEMA_VERSION, STORED, Batch, arrow_table
from cryptotrace.store.base import LEDGER_SQL, Store, Written
from cryptotrace.store.contents import check_content
from cryptotrace.store.digest import table_digests
from cryptotrace.store.ingest import ingest
from cryptotrace.store.making import make_tables
from cryptotrace.store.opening import check_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DuckStore"]

_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "threads": "2",
}
_PID = re.compile(r"PID (\d+)")
_LOCKED = ("could not set lock", "used by another process")
_OPEN_HERE = "different configuration"


class DuckStore(Store):
    """A case store in one DuckDB file, or in memory.

    Parameters
    ----------
    path : Path or None
        ``None`` keeps the store in memory.
    read_only : bool
        Never writes, not even a write-ahead log.
    wait : float
        Seconds to wait for another process to let go.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False, wait: float = 10.0) -> None:
        self.path = path
        self.read_only = read_only
        self._wait = wait
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._depth = 0
        self._in_transaction = False
        if path is None:
            self._memory: duckdb.DuckDBPyConnection | None = duckdb.connect(":memory:", config=dict(_CONFIG))
            self._create(self._memory)
        else:
            self._memory = None
            self._open_file(path)

    def _open_file(self, path: Path) -> None:
        if check_file(path):
            with self._connected(read_only=True) as connection:
                try:
                    check_content(connection, path)
                except duckdb.Error as problem:
                    raise _damaged(path) from problem
            return
        if self.read_only:
            raise NotAStoreError("no such case store", where=str(path), hint="Check the name; read_only never creates one")
        self._make(path)

    def _make(self, path: Path) -> None:
        """Make a new store beside its name and move it there whole: a kill in between leaves no file that looks like one."""
        spare = path.with_name(f"{path.name}.{uuid4().hex}.new")
        try:
            connection = duckdb.connect(str(spare), config=dict(_CONFIG))
            try:
                self._create(connection)
            finally:
                connection.close()
            _move_new(spare, path)
        except FileExistsError:
            self._open_file(path)  # another process was quicker
        except (OSError, duckdb.IOException) as problem:
            raise NotAStoreError(
                "the store cannot be made here", where=str(path), hint="Check the folder and its permissions"
            ) from problem
        finally:
            spare.unlink(missing_ok=True)

    def _create(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.begin()
        make_tables(connection)
        connection.execute("INSERT INTO meta VALUES ('schema', ?), ('version', '0'), ('cleaned', '')", [str(SCHEMA_VERSION)])
        connection.commit()

    @contextmanager
    def _connected(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connect(read_only=read_only)
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._wait
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only, config=dict(_CONFIG))
            except duckdb.Error as problem:
                holder = _holder(str(problem))
                if holder is None:
                    raise _damaged(self.path) from problem
                if time.monotonic() >= deadline:
                    pid = holder or None
                    who = "this" if pid == os.getpid() else "another"
                    raise StoreBusy(
                        f"{who} process{f' (PID {pid})' if pid else ''} holds the store",
                        where=str(self.path),
                        hint="Wait until it has finished, or open the store with a longer wait=",
                        pid=pid,
                    ) from problem
                time.sleep(0.05)

    @contextmanager
    def session(self) -> Iterator[Store]:
        """Hold the connection for several statements; nests."""
        if self._depth == 0:
            self._connection = self._memory or self._connect(read_only=self.read_only)
        self._depth += 1
        try:
            if self._depth == 1:
                with self._our_errors():
                    self._execute(f"CREATE OR REPLACE TEMP VIEW ledger AS {LEDGER_SQL}", ())
            yield self
        finally:
            self._depth -= 1
            if self._depth == 0:
                if self._connection is not None and self._memory is None:
                    self._connection.close()
                self._connection = None

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """Run statements that all take effect, or none; one inside another is part of it."""
        with self.session():
            self._refuse_if_read_only()
            if self._in_transaction:
                yield self
                return
            connection = self._held()
            connection.begin()
            self._in_transaction = True
            try:
                yield self
            except BaseException:
                connection.rollback()
                raise
            else:
                connection.commit()
            finally:
                self._in_transaction = False

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise self._read_only_error()

    def _read_only_error(self) -> StoreError:
        return StoreError("the store was opened read-only", where=str(self.path), hint="Open it without read_only=True")

    def _held(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise StoreError("no session", where=str(self.path), hint="Use the store inside `with store.session():`")
        return self._connection

    def _execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
        return self._held().execute(sql, _bound(parameters))

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        """Turn what the engine raises for reasons of the file or the data into our own errors."""
        try:
            yield
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as problem:
            raise AmountOverflowError(
                "an exact sum or amount passed 10**38 - 1 base units",
                where=str(self.path),
                hint="Exclude the token that overflows; nothing was rounded",
            ) from problem
        except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as problem:
            raise _damaged(self.path) from problem
        except duckdb.InvalidInputException as problem:
            if self.read_only and "read-only" in str(problem):
                raise self._read_only_error() from problem
            raise

    def arrow(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pa.Table:
        """Run a query and give its rows as Arrow."""
        with self.session(), self._our_errors():
            result: pa.Table = self._held().sql(sql, params=_bound(parameters)).to_arrow_table()
            return result

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and give plain rows: whole decimals as ``int``, times as aware UTC."""
        with self.session(), self._our_errors():
            cursor = self._execute(sql, parameters)
            kinds = [_converter(str(column[1])) for column in cursor.description or ()]
            fetched = cursor.fetchall()
        if not any(kinds):
            return fetched
        return [
            tuple(cell if kind is None or cell is None else kind(cell) for kind, cell in zip(kinds, row, strict=True))
            for row in fetched
        ]

    def run(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement that gives no rows."""
        with self.session(), self._our_errors():
            self._execute(sql, parameters)

    def load(self, batches: Iterable[Batch], *, complete: bool = False, run: Mapping[str, str] | None = None) -> Written:
        """Merge rows in one transaction; see :meth:`Store.load`."""
        with self.transaction(), self._our_errors():
            return ingest(self._held(), batches, complete=complete, run=run)

    def replace(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put ``rows`` in place of everything in ``table``."""
        with self.transaction():
            connection = self._held()
            connection.execute(f"DELETE FROM {STORED[table].name}")
            connection.register("replacement", arrow_table(STORED[table], rows))
            connection.execute(f"INSERT INTO {STORED[table].name} SELECT * FROM replacement")
            connection.unregister("replacement")

    @property
    def version(self) -> int:
        """A number that grows whenever a load changed something."""
        return int(self.rows("SELECT value FROM meta WHERE name = 'version'")[0][0])

    def digests(self) -> dict[str, str]:
        """Give the logical digest of each table."""
        with self.session():
            return table_digests(self)


def _bound(parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    return dict(parameters) if isinstance(parameters, Mapping) else list(parameters)


def _holder(message: str) -> int | None:
    """Read who holds the store: a PID, 0 where the engine does not say, None where it is not a matter of holding."""
    if _OPEN_HERE in message:
        return os.getpid()
    if not any(words in message.lower() for words in _LOCKED):
        return None
    found = _PID.search(message)
    return int(found[1]) if found else 0


def _move_new(spare: Path, path: Path) -> None:
    """Give a finished file its name, never over one that is there."""
    try:
        os.link(spare, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        spare.rename(path)


def _damaged(path: Path | None) -> NotAStoreError:
    return NotAStoreError("the engine cannot read this file", where=str(path), hint="Is it damaged, or from a newer version?")


def _converter(kind: str) -> Any:
    if kind == "DECIMAL(38,0)":
        return int
    if kind in {"TIMESTAMP", "DATETIME"}:
        return _aware
    return None


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
