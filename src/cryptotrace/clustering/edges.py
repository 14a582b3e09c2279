"""One piece of evidence that two addresses have one owner."""

from __future__ import annotations

from dataclasses import dataclass

from cryptotrace.codecs import caip10, is_codec_known
from cryptotrace.errors import InvalidAddressError

__all__ = ["Account", "Edge", "account_name", "edge"]

Account = tuple[str, str]
"""(chain, address) in stored form."""


def account_name(account: Account) -> str:
    """Name an account in tables: CAIP-10, or ``chain:address`` verbatim where no codec can check it."""
    chain, address = account
    if not is_codec_known(chain):
        return f"{chain}:{address}"
    try:
        return caip10(chain, address)
    except InvalidAddressError:  # a seed made by hand; the text is shown as it came
        return f"{chain}:{address}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """Evidence that two accounts have one owner; ``a`` sorts before ``b``.

    Attributes
    ----------
    a, b : (chain, address)
        The two accounts.
    rule : str
        Name of the heuristic.
    confidence : int
        0 to 100.
    tx_hashes : tuple of str
        Transactions that show it; empty where the evidence is no transaction.
    detail : str
        What exactly was seen; may hold text from outside.
    """

    a: Account
    b: Account
    rule: str
    confidence: int
    tx_hashes: tuple[str, ...] = ()
    detail: str = ""

    @property
    def address_a(self) -> str:
        """The first account as CAIP-10 text."""
        return account_name(self.a)

    @property
    def address_b(self) -> str:
        """The second account as CAIP-10 text."""
        return account_name(self.b)

    @property
    def rank(self) -> tuple[object, ...]:
        """The order in which edges are joined: surest first, then by name, so that input order decides nothing."""
        return (-self.confidence, self.rule, self.a, self.b, self.detail, self.tx_hashes)


def edge(
    one: Account, other: Account, *, rule: str, confidence: int, tx_hashes: tuple[str, ...] = (), detail: str = ""
) -> Edge:
    """Make an edge between two different accounts, in either order."""
    a, b = sorted((one, other))
    return Edge(a=a, b=b, rule=rule, confidence=confidence, tx_hashes=tx_hashes, detail=detail)
