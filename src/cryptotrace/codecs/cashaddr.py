"""Bitcoin Cash addresses ("cashaddr"): bech32's alphabet with its own 40-bit checksum over ``bitcoincash``."""

from __future__ import annotations

from cryptotrace.codecs.bech32 import CHARSET, regrouped
from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

__all__ = ["PREFIX", "decode", "encode"]

PREFIX = "bitcoincash"
_GENERATOR = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_CHECKSUM_SYMBOLS = 8
# version byte -> script type (0 key hash, 1 script hash) and bytes; types 2 and 3 are the same with token support
_VERSIONS = {0x00: (0, 20), 0x08: (1, 20), 0x0B: (1, 32), 0x10: (0, 20), 0x18: (1, 20), 0x1B: (1, 32)}
_WRITTEN = {(0, 20): 0x00, (1, 20): 0x08, (1, 32): 0x0B}


def _remainder(symbols: list[int]) -> int:
    remainder = 1
    for symbol in [ord(letter) & 31 for letter in PREFIX] + [0] + symbols:
        top = remainder >> 35
        remainder = (remainder & 0x07FFFFFFFF) << 5 ^ symbol
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                remainder ^= term
    return remainder ^ 1


def encode(script: int, digest: bytes) -> str:
    """Return the address without its prefix of a key hash (`script` 0) or script hash (1)."""
    symbols = regrouped(bytes([_WRITTEN[script, len(digest)]]) + digest, 8, 5, pad=True) or []
    checksum = _remainder(symbols + [0] * _CHECKSUM_SYMBOLS)
    symbols += [checksum >> 5 * (_CHECKSUM_SYMBOLS - 1 - index) & 31 for index in range(_CHECKSUM_SYMBOLS)]
    return "".join(CHARSET[symbol] for symbol in symbols)


def decode(core: str, offset: int = 0) -> tuple[int, bytes]:
    """Return script type and hash of an address with or without its prefix.

    Raises
    ------
    InvalidAddressError
        Mixed case, a stray character, a failing checksum or an unknown version.
    """
    text = core.lower()
    start = len(PREFIX) + 1 if text.startswith(PREFIX + ":") else 0
    symbols = [CHARSET.find(letter) for letter in text[start:]]
    if -1 in symbols:
        position = offset + start + symbols.index(-1)
        raise InvalidAddressError(
            f"the character at position {position} (counted from 0) is not in the cashaddr alphabet",
            where=quote(core),
            position=position,
        )
    if core not in (text, core.upper()) or len(symbols) <= _CHECKSUM_SYMBOLS or _remainder(symbols):
        raise InvalidAddressError(
            "the cashaddr checksum fails, or lower and upper case are mixed",
            where=quote(core),
            hint="Copy it again from its source",
        )
    body = regrouped(symbols[:-_CHECKSUM_SYMBOLS], 5, 8, pad=False)
    script, length = _VERSIONS.get(body[0], (0, 0)) if body else (0, 0)
    if not body or len(body) != 1 + length:
        raise InvalidAddressError("the checksum is right, but this is no Bitcoin Cash account", where=quote(core))
    return script, bytes(body[1:])
