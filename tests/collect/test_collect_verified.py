"""``verify`` and histories of a store: it tells a store that was changed, and takes none for one that was only interrupted."""

from __future__ import annotations

import pytest
from calm_pulls import WORLD, fake
from pulling import InProcess

import cryptotrace as ct
from cryptotrace.collect import replay_difference, writing
from cryptotrace.collect.pull import collect
from cryptotrace.errors import VerificationError
from cryptotrace.sources.etherscan.lists import Etherscan


def test_receipts_that_no_call_came_to_are_not_replayed() -> None:
    source, store = Etherscan("ethereum", InProcess(fake())), ct.open_store(":memory:")
    stopped = collect(source, store, WORLD.addresses, receipts="equal", max_requests=5, progress=False)
    assert stopped.is_partial
    assert not collect(source, store, WORLD.addresses, progress=False).is_partial
    assert replay_difference(store, progress=False) is None


@pytest.mark.parametrize(
    "change",
    ["'{'", "'[]'", """replace(parameters, '"head"', '"hood"')""", """replace(parameters, '"run": "1"', '"run": "x"')"""],
)
def test_a_record_of_runs_that_was_changed_is_said_to_be(change: str) -> None:
    store = ct.open_store(":memory:")
    collect(Etherscan("ethereum", InProcess(fake())), store, WORLD.addresses[:1], progress=False)
    store.run(f"UPDATE runs SET parameters = {change}")
    with pytest.raises(VerificationError, match="runs"):
        replay_difference(store, progress=False)


@pytest.mark.parametrize("change", ["stream = 'nonsense'", "stream = 'internal'", f"subject = '0x{'cd' * 20}'"])
def test_an_answer_that_was_put_under_another_list_or_address_is_named(change: str) -> None:
    store = ct.open_store(":memory:")
    collect(Etherscan("ethereum", InProcess(fake())), store, WORLD.addresses[:1], progress=False)
    store.run(f"UPDATE responses SET {change} WHERE stream = 'token'")
    difference = replay_difference(store, progress=False)
    assert difference is not None
    assert difference.table == "responses"


def test_what_a_killed_call_wrote_can_be_replayed_though_another_command_came_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class CutError(BaseException):
        """The power is gone."""

    write, written = writing._write, []

    def write_thrice(pull, steps):
        if len(written) == 3:
            raise CutError
        written.append(steps)
        write(pull, steps)

    store = ct.open_store(":memory:")
    monkeypatch.setattr(writing, "_FLUSH_PAGES", 1)
    monkeypatch.setattr(writing, "_write", write_thrice)
    with pytest.raises(CutError):
        collect(Etherscan("ethereum", InProcess(fake())), store, WORLD.addresses[:3], progress=False)
    monkeypatch.setattr(writing, "_write", write)
    assert store.rows("SELECT 1 FROM coverage")
    assert replay_difference(store, progress=False) is None
    collect(Etherscan("ethereum", InProcess(fake())), store, WORLD.addresses[3:], progress=False)
    assert replay_difference(store, progress=False) is None
    collect(Etherscan("ethereum", InProcess(fake())), store, WORLD.addresses, progress=False)
    assert replay_difference(store, progress=False) is None
