"""Addresses of Bitcoin and its kin: a version and a hash in base58check, or a witness program.

Chains share versions: ``1...`` is an address of Bitcoin and of Bitcoin Cash, ``3...`` of Litecoin as well. Where one
chain spells one output in two ways, one is stored: Litecoin's ``M...`` (not ``3...``), Bitcoin Cash's cashaddr without
its prefix (not ``1...``; the colon of the prefix is not allowed in CAIP-10).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptotrace.codecs import base58, bech32, cashaddr
from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

__all__ = ["FORMATS", "OutputFormat", "parse"]

_HASH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """How one chain writes its outputs: versions of key and script hashes (the first is written), witness prefix."""

    key_hash: bytes
    script_hash: tuple[bytes, ...]
    witness: str | None = None
    cash: bool = False


FORMATS = {
    "bitcoin": OutputFormat(key_hash=b"\x00", script_hash=(b"\x05",), witness="bc"),
    "bitcoin_cash": OutputFormat(key_hash=b"\x00", script_hash=(b"\x05",), cash=True),
    "litecoin": OutputFormat(key_hash=b"\x30", script_hash=(b"\x32", b"\x05"), witness="ltc"),
    "dogecoin": OutputFormat(key_hash=b"\x1e", script_hash=(b"\x16",)),
    "dash": OutputFormat(key_hash=b"\x4c", script_hash=(b"\x10",)),
    "zcash": OutputFormat(key_hash=b"\x1c\xb8", script_hash=(b"\x1c\xbd",)),
}

_TEST_WITNESS = ("tb1", "bcrt1", "tltc1")
_TEST_VERSIONS = (b"\x6f", b"\xc4")
_SHIELDED = ("zs1", "zc", "u1")


def parse(core: str, offset: int, chain: str) -> str:
    """Return the stored text of an address of `chain`, one of :data:`FORMATS`.

    Raises
    ------
    InvalidAddressError
        A failing checksum, another version, a test network, or a shielded address.
    """
    form = FORMATS[chain]
    lower = core.lower()
    if form.witness is not None and lower.startswith(form.witness + "1"):
        bech32.decode_segwit(core, form.witness, offset)
        return lower
    if lower.startswith(_TEST_WITNESS):
        raise InvalidAddressError("an address of a test network, whose coins have no value", where=quote(core))
    if chain == "zcash" and core.startswith(_SHIELDED):
        raise InvalidAddressError(
            "a shielded Zcash address: its payments are not public", where=quote(core), hint="Only t... can be followed"
        )
    if form.cash and _looks_cash(lower):
        return cashaddr.encode(*cashaddr.decode(core, offset))
    return _legacy(core, offset, form)


def _looks_cash(lower: str) -> bool:
    return ":" in lower or (len(lower) >= 42 and lower[0] in "qprz")


def _legacy(core: str, offset: int, form: OutputFormat) -> str:
    body = base58.checked(core, offset)
    version, digest = body[:-_HASH], body[-_HASH:]
    script = 0 if version == form.key_hash else 1 if version in form.script_hash else None
    if version in _TEST_VERSIONS:
        raise InvalidAddressError("an address of a test network, whose coins have no value", where=quote(core))
    if script is None or len(digest) != _HASH:
        raise InvalidAddressError("the checksum is right, but its version is of no address here", where=quote(core))
    if form.cash:
        return cashaddr.encode(script, digest)
    written = form.key_hash if script == 0 else form.script_hash[0]
    return core if version == written else base58.encode_checked(written + digest)
