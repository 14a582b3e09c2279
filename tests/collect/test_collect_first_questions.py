"""The questions before the first list: what came wrong once is asked anew by the next call, not believed for ever."""

from __future__ import annotations

import pytest
from calm_pulls import WORLD, calm, digests, fake
from pulling import in_process

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.errors import BadRequest, MalformedAnswer, SourceError
from cryptotrace.testing.explorers import Fault

HEAD = ("eth_getBlockByNumber", "eth_blockNumber")
WRONG = [
    (Fault("deprecated", actions=HEAD, times=None), BadRequest),
    (Fault("null_result", actions=HEAD, times=None), MalformedAnswer),
    (Fault("deprecated", actions=("getapilimit",)), BadRequest),
    (Fault("null_result", actions=("getapilimit",)), MalformedAnswer),
]


@pytest.mark.parametrize(("fault", "error"), WRONG)
def test_a_first_answer_that_is_wrong_once_is_asked_for_anew_by_the_next_call(
    fault: Fault, error: type[SourceError], tmp_path: object
) -> None:
    path = f"{tmp_path}/case.duckdb"
    for _ in range(2):
        with pytest.raises(error):
            collect(in_process(fake(WORLD, fault)), ct.open_store(path), WORLD.addresses, progress=False)
    store = ct.open_store(path)
    assert not collect(in_process(fake(WORLD)), store, WORLD.addresses, progress=False).is_partial
    assert digests(store) == digests(calm()[0])
