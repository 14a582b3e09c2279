"""The public edition: victims get pseudonyms, their payments lose the digits that would give them away.

Masked are accounts with the role victim and everybody who paid into the scam set and is no labelled service, with every
transaction that touches them. A name says the order of first payment only; it is no function of the address, and no file maps
it back. Anyone who reads the chain can still find payments into a named scam address: a pseudonym keeps a report from being
the index, it does not hide a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptotrace.codecs import display_address, key_bytes, parse_address
from cryptotrace.errors import InvalidAddressError, UnknownChainError
from cryptotrace.estimates.inflows import find_inflows

if TYPE_CHECKING:
    from cryptotrace.model import Labels, Seeds
    from cryptotrace.tracing import Trace

__all__ = ["Pseudonyms", "find_pseudonyms"]

Name = tuple[str, str]
"""(chain, stored address) or (chain, transaction hash)."""

_TOKEN = re.compile(r"[0-9A-Za-z]{20,}")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What is masked and under which name; empty for the restricted edition.

    Attributes
    ----------
    accounts, transactions : mapping
        (chain, address in any of its spellings, lower case) -> ``V-01``; (chain, hash) -> ``VT-001``.
    secrets : mapping
        Every masked text as it could be printed, lower case and without ``0x`` -> its pseudonym.
    public : bool
        Whether these are of a public edition; one without victims has none, and is still careful.
    """

    accounts: Mapping[Name, str] = field(default_factory=dict)
    transactions: Mapping[Name, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    public: bool = False

    def account(self, chain: str, address: str) -> str | None:
        """Give the pseudonym of an account, or None where it is printed as it is."""
        return self.accounts.get((chain, address.lower()))

    def transaction(self, chain: str, tx_hash: str) -> str | None:
        """Give the pseudonym of a transaction, or None."""
        return self.transactions.get((chain, tx_hash.lower()))

    def text(self, text: str) -> str:
        """Replace every masked address and hash inside a text, in any spelling."""
        return _TOKEN.sub(self._replaced, text) if self.secrets else text

    def _replaced(self, found: re.Match[str]) -> str:
        token = found.group()
        bare = _bare(token)
        if bare in self.secrets:
            return self.secrets[bare]
        return "[withheld]" if self._holds(bare) else token

    def _holds(self, bare: str) -> bool:
        return any(True for _ in self.leaks(bare))

    def leaks(self, text: str) -> Iterator[str]:
        """Yield the pseudonyms whose secret stands in a text in any spelling; O(characters x lengths of secrets)."""
        lengths = sorted({len(secret) for secret in self.secrets})
        for found in _TOKEN.finditer(text.lower()):
            token = found.group()
            for length in lengths:
                for start in range(len(token) - length + 1):
                    name = self.secrets.get(token[start : start + length])
                    if name is not None:
                        yield name

    @property
    def victims(self) -> int:
        """How many accounts have a pseudonym."""
        return len(set(self.accounts.values()))


def find_pseudonyms(trace: Trace, *, seeds: Seeds | None = None, labels: Labels | None = None) -> Pseudonyms:
    """Find whom the public edition masks, in order of first payment; O(rows).

    Parameters
    ----------
    trace : Trace
        Its context names the scam set, the victims and the labelled services.
    seeds, labels : optional
        Further accounts whose role is ``victim``, whether or not they occur in the ledger.
    """
    context = trace.context
    masked = dict.fromkeys((*_payers(trace, labels), *sorted(context.places.victims)))
    names: dict[Name, str] = {}
    owners = [context.book.accounts[account] for account in masked]
    owners += sorted(_named_victims(seeds, labels) - set(owners))
    width = max(2, len(str(len(owners))))
    for number, owner in enumerate(owners, start=1):
        names[owner] = f"V-{number:0{width}}"
    touched = [
        (row.chain, row.tx_hash)
        for row in context.ordered
        if row.sender in masked or row.receiver in masked or context.book.signers.get((row.chain, row.tx_hash)) in masked
    ]
    hashes = list(dict.fromkeys(touched))
    width = max(3, len(str(len(hashes))))
    transactions = {name: f"VT-{number:0{width}}" for number, name in enumerate(hashes, start=1)}
    return _pseudonyms(names, transactions)


def _pseudonyms(names: Mapping[Name, str], transactions: Mapping[Name, str]) -> Pseudonyms:
    accounts: dict[Name, str] = {}
    secrets: dict[str, str] = {}
    for (chain, address), name in names.items():
        for spelling in _spellings(chain, address):
            accounts.setdefault((chain, spelling.lower()), name)
            secrets.setdefault(_bare(spelling), name)
    for (_, tx_hash), name in transactions.items():
        secrets.setdefault(_bare(tx_hash), name)
    # A short text would be found everywhere; no address or hash of a chain is that short.
    secrets = {secret: name for secret, name in secrets.items() if _TOKEN.fullmatch(secret)}
    lowered = {(chain, tx_hash.lower()): name for (chain, tx_hash), name in transactions.items()}
    return Pseudonyms(accounts, lowered, secrets, public=True)


def _payers(trace: Trace, labels: Labels | None) -> Iterator[int]:
    """Yield who paid into the scam set from outside and is no labelled service, in order of first payment.

    Where a swap or a contract stands between, the one who paid for it or signed the transaction is meant as well.
    """
    context = trace.context
    for flow in find_inflows(trace, None):
        if flow.not_external:
            continue
        signer = context.book.signers.get((flow.row.chain, flow.row.tx_hash))
        for account in (flow.payer, flow.row.sender, signer):
            if account is not None and _is_private(trace, account, labels):
                yield account


def _is_private(trace: Trace, account: int, labels: Labels | None) -> bool:
    """Whether an account is neither of the scam set nor a labelled service or a contract that we know as one."""
    places = trace.context.places
    if account in places.scam:
        return False
    end = places.ends.get(account)
    if end is not None:
        return end.category == "victim"
    label = labels.of(*trace.context.book.accounts[account]) if labels is not None else None
    if label is not None and label.role in {"service", "government"}:
        return False
    return places.closed.get(account) in {None, "suspected_service"}


def _named_victims(seeds: Seeds | None, labels: Labels | None) -> set[Name]:
    found = set(seeds.victims) if seeds is not None else set()
    return found | {(label.chain, label.address) for label in labels or () if label.role == "victim"}


def _spellings(chain: str, address: str) -> Iterable[str]:
    """Give the ways in which an address can be written: stored, shown, and the bytes of its key in hexadecimal."""
    yield address
    yield display_address(address, chain)
    try:
        key = key_bytes(parse_address(address, chain), chain)
    except (InvalidAddressError, UnknownChainError):
        return
    if key is not None:
        yield key.hex()


def _bare(text: str) -> str:
    lowered = text.lower()
    rest = lowered.removeprefix("0x")
    return rest if _HEX.fullmatch(rest) else lowered.rsplit(":", 1)[-1]
