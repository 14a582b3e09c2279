"""Rows for the tests of the store."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from cryptotrace.schema import Batch
from cryptotrace.store import open_store

START = datetime(2024, 1, 1, tzinfo=UTC)
A, B, C = ("0x" + digit * 40 for digit in "abc")
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


def transfer(
    amount=5, *, tx="t1", sender=A, receiver=B, kind="token", contract=USDT, block=1, at=0, symbol="USDT", decimals=6, **facts
):
    """The keywords of one transfer."""
    return {
        "chain": "ethereum",
        "tx_hash": tx,
        "kind": kind,
        "time": START + timedelta(seconds=at),
        "sender": sender,
        "receiver": receiver,
        "amount": amount,
        "block": block,
        "contract": contract,
        "symbol": symbol,
        "decimals": decimals,
        **facts,
    }


def transaction(tx="t1", *, block=1, at=0, tx_index=None, ok=None, fee=None, signer=A, receiver=B, nonce=None):
    """One row of the table of transactions."""
    return ("ethereum", tx, block, START + timedelta(seconds=at), tx_index, signer, receiver, ok, fee, None, nonce)


def batch_of(*rows, transactions=()):
    batch = Batch()
    for row in rows:
        batch.add_transfer(**row)
    for row in transactions:
        batch.add("transactions", row)
    return batch


def loaded(*loads, **options):
    """A store in memory after these loads; each is a list of transfers, or a batch."""
    store = open_store(":memory:")
    for load in loads:
        store.load([load if isinstance(load, Batch) else batch_of(*load)], **options)
    return store


@pytest.fixture(scope="session")
def kit():
    """The builders above, for tests that cannot import this file."""
    return SimpleNamespace(
        A=A, B=B, C=C, USDT=USDT, START=START, transfer=transfer, transaction=transaction, batch_of=batch_of, loaded=loaded
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A case store of one transfer, made once."""
    name = tmp_path_factory.mktemp("template") / "case.duckdb"
    open_store(name).load([batch_of(transfer(100, log_index=1))])
    return name


@pytest.fixture
def path(tmp_path, template):
    """A case store of one transfer, of this test alone."""
    return Path(shutil.copy(template, tmp_path / "case.duckdb"))
