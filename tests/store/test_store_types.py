"""Amounts are whole numbers from end to end: no float, no silent wrap, no detour through the engine's inexact types."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import cryptotrace
from cryptotrace.errors import AmountOverflowError
from cryptotrace.model import Label, Labels, Seed, Seeds
from cryptotrace.schema import AMOUNT, STORED, WIDE

SOURCE = Path(cryptotrace.__file__).parent
LARGEST = 10**38 - 1


def test_a_sum_that_is_too_large_raises(kit):
    store = kit.loaded([kit.transfer(LARGEST), kit.transfer(1)])
    for ask in (store.rows, store.arrow, store.run):
        with pytest.raises(AmountOverflowError) as caught:
            ask("SELECT sum(amount) FROM transfers")
        assert isinstance(caught.value, OverflowError)
    assert store.rows("SELECT sum(amount) FROM transfers WHERE amount > 1") == [(LARGEST,)]


def test_amounts_come_back_as_int_and_times_as_aware_utc(kit):
    store = kit.loaded([kit.transfer(LARGEST), kit.transfer(0)])
    amounts = [row[0] for row in store.rows("SELECT amount FROM transfers ORDER BY amount")]
    assert amounts == [0, LARGEST]
    assert {type(amount) for amount in amounts} == {int}
    assert {type(row[0]) for row in store.rows("SELECT sum(amount) FROM transfers")} == {int}
    assert store.rows("SELECT time FROM transfers LIMIT 1")[0][0].tzinfo is UTC
    assert store.rows("SELECT CAST(NULL AS DECIMAL(38,0)), CAST(NULL AS TIMESTAMP)") == [(None, None)]


def test_amounts_leave_through_arrow_as_decimal128(kit):
    table = kit.loaded([kit.transfer(LARGEST)]).arrow("SELECT amount FROM transfers")
    assert table.schema.field("amount").type == pa.decimal128(38, 0)
    assert table.column("amount").to_pylist() == [Decimal(LARGEST)]


def test_values_are_bound_and_never_read_as_sql(kit):
    evil = "'; DROP TABLE transfers; --"
    store = kit.loaded([kit.transfer(tx=evil, symbol=evil, contract="0x" + "5c" * 20)])
    assert store.rows("SELECT count(*) FROM transfers WHERE tx_hash = ?", [evil]) == [(1,)]
    assert store.rows("SELECT count(*) FROM transfers WHERE tx_hash = $name", {"name": evil}) == [(1,)]
    assert store.rows("SELECT symbol FROM assets") == [(evil,)]


def test_every_amount_of_the_schema_is_exact():
    inexact = re.compile(r"\b(U?HUGEINT|DOUBLE|FLOAT\d?|REAL|BIGNUM|VARINT|NUMERIC)\b", re.IGNORECASE)
    for table in (*STORED.values(), *WIDE.values()):
        for column in table.columns:
            assert not inexact.search(column.type), (table.name, column.name)
            if column.name in {"amount", "fee"}:
                assert column.type == AMOUNT


SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|CREATE|CAST|FROM)\b")
BANNED_SQL = re.compile(
    r"\b(U?HUGEINT|INT128|DOUBLE|FLOAT[48]?|REAL|BIGNUM|VARINT|avg|mean|median|quantile\w*|fsum|kahan_sum|sumkahan)\b"
    r"|::\s*(DOUBLE|FLOAT|REAL)",
    re.IGNORECASE,
)


def strings_of(path):
    """Every text of a Python file that is not a docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def test_no_sql_text_of_the_library_uses_an_inexact_type():
    texts = [
        (str(path), 0, "\n".join(line for line in path.read_text().splitlines() if not line.startswith("--")))
        for path in SOURCE.rglob("*.sql")
    ]
    for path in SOURCE.rglob("*.py"):
        texts += [(str(path), line, text) for line, text in strings_of(path) if SQL.search(text)]
    assert len(texts) > 10
    assert [(path, line, BANNED_SQL.search(text)[0]) for path, line, text in texts if BANNED_SQL.search(text)] == []


def test_no_code_of_the_library_takes_the_engines_inexact_ways_out():
    banned = {"fetchnumpy", "fetchdf", "fetch_df", "df", "torch", "tf", "pl", "fetch_df_chunk"}
    found = [
        (str(path), node.lineno, node.func.attr)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in banned
    ]
    assert found == []


def test_tracing_and_the_store_contain_no_float():
    found = [
        (str(path), node.lineno)
        for folder in ("tracing", "store", "hygiene", "model")
        for path in (SOURCE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in {0.05, 10.0})
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not is_path(node.left))
    ]
    assert found == []


def is_path(node):
    """Whether the left side of a slash can only be a path."""
    return isinstance(node, ast.Call | ast.Attribute | ast.Name) and "path" in ast.dump(node).lower()


class Trap:
    """A way out of exact numbers that must never be taken."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        raise AssertionError(f"{self.name} was called")


def test_a_trace_of_huge_amounts_falls_into_no_trap(kit, monkeypatch):
    """The engine's connection hands out no NumPy or pandas, no decimal turns into a float, no column is summed by pandas."""
    from cryptotrace.tracing import trace_all

    real = duckdb.connect

    class Connection:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            if name in {"fetchnumpy", "df", "fetchdf", "fetch_df", "fetch_df_chunk", "pl", "torch", "tf"}:
                raise AssertionError(f"{name} was used")
            value = getattr(self._inner, name)
            return (lambda *a, **k: Connection(value(*a, **k))) if name in {"execute", "sql", "query"} else value

    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: Connection(real(*a, **k)))
    for name in ("sum", "mean", "astype", "cumsum"):
        monkeypatch.setattr(pd.Series, name, Trap(f"Series.{name}"))
    monkeypatch.setattr(pd.DataFrame, "sum", Trap("DataFrame.sum"))
    monkeypatch.setattr("pandas.to_numeric", Trap("to_numeric"))
    a, b, c = kit.A, kit.B, kit.C
    store = kit.loaded(
        [
            kit.transfer(LARGEST, sender=a, receiver=b, tx="t1", at=0, log_index=1, tx_index=0),
            kit.transfer(LARGEST, sender=a, receiver=b, tx="t2", at=9, block=2, log_index=1, tx_index=0),
            kit.transfer(LARGEST - 7, sender=b, receiver=c, tx="t3", at=20, block=3, log_index=1, tx_index=0),
        ],
        complete=True,
    )
    label = Label(chain="ethereum", address=c, label="x", category="exchange")
    results = trace_all(
        store,
        Seeds((Seed(chain="ethereum", address=a, injects="outflow"),)),
        labels=Labels((label,), (), {("ethereum", c): label}),
    )
    for result in results:
        (terminal,) = result.table("terminals").dicts()
        assert terminal["tainted_amount"] == LARGEST - 7
        assert type(terminal["tainted_amount"]) is int
        assert type(terminal["tainted_usd"]) is Decimal
        assert list(result.resting["tainted_amount"])[0] >= LARGEST  # noqa: RUF015  (a Series)
        (row,) = result.table("statement").dicts()
        assert row["injected"] == 2 * LARGEST


def test_the_sum_of_a_year_of_largest_amounts_is_exact_in_python(kit):
    """What the engine refuses to sum, a trace sums all the same: its sums are Python integers."""
    store = kit.loaded([kit.transfer(LARGEST, log_index=number) for number in range(5)])
    assert sum(amount for (amount,) in store.rows("SELECT amount FROM transfers")) == 5 * LARGEST
    assert datetime.now(UTC).tzinfo is UTC
