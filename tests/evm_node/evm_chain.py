"""A chain of real blocks on py-evm: proof of work (block rewards) up to the merge, withdrawals after it.

Blocks are mined from signed transactions; the chain keeps, for each transaction, its receipt and its tree of calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth.abc import BlockAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.consensus.noproof import NoProofConsensus
from eth.constants import ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.exceptions import VMError
from eth.vm import mnemonics, opcode_values
from eth.vm.forks import LondonVM, ShanghaiVM
from eth.vm.forks.berlin.logic import selfdestruct_eip2929
from eth.vm.forks.shanghai.withdrawals import Withdrawal
from eth.vm.logic.context import LOGIC  # placeholder
from eth.vm.opcode import as_opcode
from eth.vm.spoof import SpoofTransaction
from evm_frames import Frame, frame_of
