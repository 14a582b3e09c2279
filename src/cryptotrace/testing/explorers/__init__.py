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
from cryptotrace.testing.explorers.draws import IMPOSSIBLE_VALUES, STRANGE_VALUES, random_faults, random_plan
from cryptotrace.testing.explorers.etherscan import FakeEtherscan, Request
from cryptotrace.testing.explorers.faults import Fault, Faults, Hit
from cryptotrace.testing.explorers.plans import UNLIMITED, Plan
from cryptotrace.testing.explorers.small_worlds import SmallWorld, random_chain

__all__ = [
    "IMPOSSIBLE_VALUES",
    "KINDS",
    "STRANGE_VALUES",
    "UNLIMITED",
    "Answer",
    "FakeEtherscan",
    "Fault",
    "Faults",
    "Hit",
    "Kind",
    "Ledgered",
    "Plan",
    "Request",
    "SmallWorld",
    "random_chain",
    "random_faults",
    "random_plan",
]
