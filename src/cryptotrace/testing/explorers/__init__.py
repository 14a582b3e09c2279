"""A fake block explorer on this machine, for testing what pulls from one; needs only the standard library.

It serves any synthetic world with the rows, the limits, the errors and the quirks of Etherscan V2::

    from cryptotrace.testing import romance_world
    from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault

    with FakeEtherscan(romance_world(1), plan=UNLIMITED, faults=[Fault("html", 502, times=2)]) as explorer:
        pull_from(explorer.url, key="test-key")  # yours
        assert [hit.fault.kind for hit in explorer.faults.log] == ["html", "html"]
        assert all(request.status in (200, 502) for request in explorer.requests)

What can go wrong stands in `KINDS`; every fault says in ``cure`` what a careful client does about it, and the log says
which request it hit, so that a test can demand that each was survived or declared. `random_chain`, `random_faults` and
`random_plan` draw small worlds and troubles from a seed. Without a socket, ``explorer.answer(params)`` gives status,
headers and body. Where pytest-socket blocks sockets, mark the test ``@pytest.mark.allow_hosts(["127.0.0.1"])``.
"""

from __future__ import annotations

from cryptotrace.testing.explorers._index import Ledgered
from cryptotrace.testing.explorers._kinds import KINDS, Kind
from cryptotrace.testing.explorers._replies import Answer
from cryptotrace.testing.explorers.blockchain_info import FakeBlockchainInfo
from cryptotrace.testing.explorers.blockscout import FakeBlockscout
from cryptotrace.testing.explorers.coin_chains import CoinChain, random_coin_chain
from cryptotrace.testing.explorers.coin_faults import COIN_KINDS, CoinFault, CoinFaults, random_coin_faults
from cryptotrace.testing.explorers.draws import IMPOSSIBLE_VALUES, STRANGE_VALUES, random_faults, random_plan
from cryptotrace.testing.explorers.esplora import CoinRequest, FakeEsplora
from cryptotrace.testing.explorers.etherscan import FakeEtherscan, Request
from cryptotrace.testing.explorers.faults import Fault, Faults, Hit
from cryptotrace.testing.explorers.incomes import IncomeRow, IncomeWorld, with_incomes
from cryptotrace.testing.explorers.issuers import ISSUER_TOPICS, IssuerRow, IssuerWorld
from cryptotrace.testing.explorers.plans import UNLIMITED, Plan
from cryptotrace.testing.explorers.prices import (
    PRICE_FAULTS,
    FakeCoinGecko,
    FakeDefiLlama,
    FakeEcb,
    FakeMempoolPrices,
    PriceRequest,
)
from cryptotrace.testing.explorers.rpc import FakeRpc, NodeLimits
from cryptotrace.testing.explorers.rpc_faults import RPC_FAULTS, RpcFault, RpcFaults, random_rpc_faults
from cryptotrace.testing.explorers.small_worlds import SmallWorld, random_chain
from cryptotrace.testing.explorers.tron_faults import TRON_KINDS, TronFault, TronFaults, random_tron_faults
from cryptotrace.testing.explorers.tron_worlds import TRON_USDT, TronCall, TronWorld, random_tron
from cryptotrace.testing.explorers.trongrid import FakeTronGrid, TronPlan, TronRequest
from cryptotrace.testing.explorers.tronscan import TRONSCAN_TROUBLES, FakeTronscan

__all__ = [
    "COIN_KINDS",
    "IMPOSSIBLE_VALUES",
    "ISSUER_TOPICS",
    "KINDS",
    "PRICE_FAULTS",
    "RPC_FAULTS",
    "STRANGE_VALUES",
    "TRONSCAN_TROUBLES",
    "TRON_KINDS",
    "TRON_USDT",
    "UNLIMITED",
    "Answer",
    "CoinChain",
    "CoinFault",
    "CoinFaults",
    "CoinRequest",
    "FakeBlockchainInfo",
    "FakeBlockscout",
    "FakeCoinGecko",
    "FakeDefiLlama",
    "FakeEcb",
    "FakeEsplora",
    "FakeEtherscan",
    "FakeMempoolPrices",
    "FakeRpc",
    "FakeTronGrid",
    "FakeTronscan",
    "Fault",
    "Faults",
    "Hit",
    "IncomeRow",
    "IncomeWorld",
    "IssuerRow",
    "IssuerWorld",
    "Kind",
    "Ledgered",
    "NodeLimits",
    "Plan",
    "PriceRequest",
    "Request",
    "RpcFault",
    "RpcFaults",
    "SmallWorld",
    "TronCall",
    "TronFault",
    "TronFaults",
    "TronPlan",
    "TronRequest",
    "TronWorld",
    "random_chain",
    "random_coin_chain",
    "random_coin_faults",
    "random_faults",
    "random_plan",
    "random_rpc_faults",
    "random_tron",
    "random_tron_faults",
    "with_incomes",
]
