"""The address verbs: read, recognise, show, and the key behind an address."""

from __future__ import annotations

from functools import lru_cache

from cryptotrace.codecs import base58, cashaddr, evm, outputs, tron
from cryptotrace.codecs.chains import CHAINS, ChainInfo, chain_of, find_chain
from cryptotrace.codecs.screening import quote, screened
from cryptotrace.errors import InvalidAddressError, WrongChainError

__all__ = [
    "detect_chains",
    "display_address",
    "is_codec_known",
    "key_bytes",
    "null_address",
    "parse_address",
    "short",
]

_is_stored_evm = evm.STORED.fullmatch


def parse_address(text: str, chain: str) -> str:
    """Return the one spelling under which an address is stored.

    Parameters
    ----------
    text : str
        An address in any spelling of its chain; outer spaces are dropped.
    chain : str
        Any name of the chain.

    Returns
    -------
    str
        EVM: lower-case hex. TRON: ``T...``. Bitcoin and its kin: base58 as it is, bech32 in lower case; Litecoin
        ``3...`` becomes ``M...``, Bitcoin Cash becomes cashaddr without prefix. Ripple, Solana: base58 as it is.

    Raises
    ------
    UnknownChainError
        The chain has no codec.
    WrongChainError
        A valid address, but of other chains; ``chains`` names them.
    InvalidAddressError
        Not an address; ``position`` is the first wrong character where that can be said.

    Notes
    -----
    EVM addresses in one case and Solana addresses carry no checksum: a mistyped one passes. On TRON the EVM form
    (``0x`` + 40 digits) is read as the same key.
    """
    info = chain_of(chain)
    if info.family == "evm" and type(text) is str and _is_stored_evm(text):
        return text
    core, offset = screened(text)
    try:
        return _parsed(core, offset, info.name)
    except InvalidAddressError as error:
        others = _detected(core)
        if others:
            raise _wrong_chain(core, info, others) from error
        raise


@lru_cache(maxsize=65_536)
def _parsed(core: str, offset: int, chain: str) -> str:
    family = CHAINS[chain].family
    if family == "evm":
        return evm.parse(core, offset)
    if family == "tron":
        return tron.parse(core, offset)
    if family == "bitcoin":
        return outputs.parse(core, offset, chain)
    if family == "ripple":
        return _parse_ripple(core, offset)
    return _parse_solana(core, offset)


def _parse_ripple(core: str, offset: int) -> str:
    body = base58.checked(core, offset, base58.RIPPLE)
    if len(body) != 21 or body[0] != 0:
        raise InvalidAddressError("the checksum is right, but this is no classic address (r...)", where=quote(core))
    return core


def _parse_solana(core: str, offset: int) -> str:
    length = len(base58.decoded(core, offset))
    if length != 32:
        raise InvalidAddressError(f"a Solana address spells 32 bytes, this spells {length}", where=quote(core))
    return core


def _wrong_chain(core: str, info: ChainInfo, chains: tuple[str, ...]) -> WrongChainError:
    families = {CHAINS[name].family for name in chains}
    named = "the EVM chains (ethereum, bsc, ...)" if families == {"evm"} else " or ".join(chains)
    return WrongChainError(
        f"not an address of {info.name}: it is one of {named}",
        where=quote(core),
        hint=f"Set the chain to {chains[0]}, or correct the address",
        chains=chains,
    )


def detect_chains(text: str) -> tuple[str, ...]:
    """Return every chain that an address can be on.

    Parameters
    ----------
    text : str
        An address, of an unknown chain.

    Returns
    -------
    tuple of str
        Our names, likeliest first: an EVM address fits the whole EVM family (``ethereum`` first), ``1...`` fits Bitcoin
        and Bitcoin Cash, ``3...`` Litecoin as well. Empty where it is no address of any known chain.

    Notes
    -----
    The ticker beside an address is not its chain; this is. 20 bytes in hex behind ``0x`` count as EVM only, although
    :func:`parse_address` reads them on TRON too.
    """
    try:
        return _detected(screened(text)[0])
    except InvalidAddressError:
        return ()


@lru_cache(maxsize=4_096)
def _detected(core: str) -> tuple[str, ...]:
    return tuple(name for name, info in CHAINS.items() if _can_be_on(core, info))


def _can_be_on(core: str, info: ChainInfo) -> bool:
    if info.family == "tron" and tron.is_evm_form(core):
        return False
    try:
        _parsed(core, 0, info.name)
    except InvalidAddressError:
        return False
    return True


def is_codec_known(chain: str) -> bool:
    """Tell whether addresses of `chain` can be checked; where not, they are kept verbatim as unverified."""
    return find_chain(chain) is not None


def display_address(stored: str, chain: str) -> str:
    """Return the text that people see: EIP-55 on the EVM family, ``bitcoincash:`` before cashaddr, others as stored.

    Parameters
    ----------
    stored : str
        What :func:`parse_address` gave, or the verbatim text of a chain without a codec.
    chain : str
        Any name of the chain.

    Notes
    -----
    A verbatim text comes from outside; whoever shows it escapes it.
    """
    info = find_chain(chain)
    if info is None:
        return stored
    if info.family == "evm" and _is_stored_evm(stored):
        return evm.checksummed(stored)
    return f"{cashaddr.PREFIX}:{stored}" if info.name == "bitcoin_cash" else stored


def short(address: str) -> str:
    """Return the first 8 and the last 6 characters, for a label in a picture.

    Notes
    -----
    Never an identity: address poisoning forges exactly these characters. What is not printable ASCII is escaped.
    """
    plain = address if address.isascii() and address.isprintable() else ascii(address)[1:-1]
    return plain if len(plain) <= 16 else f"{plain[:8]}…{plain[-6:]}"


def key_bytes(stored: str, chain: str) -> bytes | None:
    """Return the 20 bytes that name the same key on every EVM chain and on TRON; None on other chains.

    Parameters
    ----------
    stored : str
        What :func:`parse_address` gave.
    chain : str
        Any name of the chain.

    Notes
    -----
    Equal bytes mean one key holder only for accounts with a key: a contract at the same bytes on two chains may belong
    to two people.
    """
    info = find_chain(chain)
    if info is None or info.family not in ("evm", "tron"):
        return None
    if info.family == "tron":
        return tron.payload(stored)
    return bytes.fromhex(stored.removeprefix("0x"))


def null_address(chain: str) -> str | None:
    """Return the stored address of 20 zero bytes, from which tokens are minted; None where a chain has none."""
    info = find_chain(chain)
    return _NULL.get(info.family) if info is not None else None


_NULL = {"evm": evm.NULL, "tron": tron.NULL}
