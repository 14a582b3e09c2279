"""Base58 and base58check over the library ``base58``, with the position of a character that cannot be."""

from __future__ import annotations

from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

__all__ = ["BITCOIN", "RIPPLE", "checked", "decoded", "encode_checked"]

BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_LONGEST = 60  # decoding costs the square of the length; no base58 address is longer than 44, no private key than 52
_PRIVATE_KEY = b"\x80"  # version of a Bitcoin private key, 32 bytes and perhaps one more

_CASE_LOST = "It seems to have lost its case, which cannot be repaired: copy it again from its source"


def _one_case(core: str) -> bool:
    return core in (core.lower(), core.upper())


def decoded(core: str, offset: int = 0, alphabet: str = BITCOIN) -> bytes:
    """Return the bytes that a base58 text spells.

    Raises
    ------
    InvalidAddressError
        A character outside the alphabet (its position is given), or too long a text.
    """
    import base58

    for index, character in enumerate(core):
        if character not in alphabet:
            position = offset + index
            raise InvalidAddressError(
                f"{character!r} at position {position} (counted from 0) is not in the base58 alphabet",
                where=quote(core),
                hint=_CASE_LOST if _one_case(core) else "0, O, I and l never occur in it",
                position=position,
            )
    if len(core) > _LONGEST:
        raise InvalidAddressError("too long for a base58 address", where=quote(core), hint="Give one address alone")
    raw: bytes = base58.b58decode(core, alphabet=alphabet.encode("ascii"))
    return raw


def checked(core: str, offset: int = 0, alphabet: str = BITCOIN) -> bytes:
    """Return version and payload of a base58check text.

    Raises
    ------
    InvalidAddressError
        As :func:`decoded`, or the checksum fails (it cannot say which character is wrong), or a private key.
    """
    from hashlib import sha256

    raw = decoded(core, offset, alphabet)
    body, given = raw[:-4], raw[-4:]
    if len(raw) <= 4 or sha256(sha256(body).digest()).digest()[:4] != given:
        raise InvalidAddressError(
            "the base58check checksum fails: at least one character is wrong or missing",
            where=quote(core),
            hint=_CASE_LOST if _one_case(core) else "Copy it again from its source",
        )
    if body[:1] == _PRIVATE_KEY and len(body) in (33, 34) and alphabet == BITCOIN:
        raise InvalidAddressError(  # without `where`: the key must not reach a log
            "this is a private key, not an address", hint="Whoever reads it can take the money: keep it out of files"
        )
    return body


def encode_checked(body: bytes, alphabet: str = BITCOIN) -> str:
    """Return the base58check text of version and payload."""
    import base58

    text: bytes = base58.b58encode_check(body, alphabet=alphabet.encode("ascii"))
    return text.decode("ascii")
