"""Many addresses at once, each of them once: what a page says is checked, or put into the stored form, if it is new here.

The meaning is that of :mod:`cryptotrace.codecs.tron`, of which two spellings are known here: ``T…`` and ``41`` with 40 digits
in lower case. What is of neither is named, not judged.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["forget_addresses", "stored_forms", "wrong_among"]

_LETTERS = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_WIDTH, _RAW, _BODY = 34, 25, 21
_VERSION = b"\x41"
_HEX_WIDTH = 42
_SHAPE = re.compile(rf"[{_LETTERS.decode()}]{{{_WIDTH}}}")
_HEX = re.compile(r"41[0-9a-f]{40}")
_LIMB = 40
"""Bits of a limb: 34 letters of up to 57, each times a limb, stay below 2**53, so sums of doubles are exact."""
_CHUNK = 5
"""Letters of a chunk, for the same reason: 25 bytes of up to 255, each times 58**5."""


class _Known:
    """What this process has found right; beyond so many it begins anew, so that memory is bounded."""

    most = 1 << 17

    def __init__(self) -> None:
        self.right: set[str] = set()
        self.texts: dict[str, str] = {}


_KNOWN = _Known()


def forget_addresses() -> None:
    """Begin anew, as a new process does."""
    _KNOWN.right, _KNOWN.texts = set(), {}


def wrong_among(texts: set[str]) -> set[str]:
    """Give the texts that are no address in the stored form (``T…``).

    Notes
    -----
    O(texts); what was right before costs a look, what is new two hashes.
    """
    fresh = texts - _KNOWN.right
    if not fresh:
        return set()
    shaped = list(fresh)
    if set(map(len, shaped)) != {_WIDTH} or "".join(shaped).encode("utf-8", "replace").translate(None, _LETTERS):
        shaped = [text for text in shaped if _SHAPE.fullmatch(text)]
    right = set(_right_of(shaped))
    if len(_KNOWN.right) + len(right) > _Known.most:
        _KNOWN.right = set()
    _KNOWN.right |= right
    return set(fresh) - right if len(right) < len(fresh) else set()


def stored_forms(digits: set[str]) -> Mapping[str, str]:
    """Give a mapping that holds the stored form of every text that is ``41`` and 40 digits; others are not in it.

    Notes
    -----
    O(texts); what was met before costs a look, what is new two hashes.
    """
    known = _KNOWN.texts
    fresh: Collection[str] = digits.difference(known)
    if not fresh:
        return known
    if len(known) + len(fresh) > _Known.most:
        known, fresh = {}, digits  # whoever still holds the old one keeps what it was given
        _KNOWN.texts = known
    usable = [text for text in fresh if _HEX.fullmatch(text)]
    if usable:
        known.update(zip(usable, _written(bytes.fromhex("".join(usable))), strict=True))
    return known


def _sums(bodies: bytes, step: int) -> bytes:
    """Give the checksums of bodies that begin so many bytes apart."""
    starts = range(0, len(bodies), step)
    return b"".join([sha256(sha256(bodies[at : at + _BODY]).digest()).digest()[:4] for at in starts])


def _right_of(texts: list[str]) -> Collection[str]:
    """Give those of texts of 34 letters that are addresses, by version and checksum."""
    import numpy as np

    values, powers = _to_bytes()
    letters = np.frombuffer("".join(texts).encode().translate(values), np.uint8).reshape(-1, _WIDTH)
    limbs = (powers @ letters.T.astype(np.float64)).astype(np.int64)
    for at in range(len(limbs) - 1, 0, -1):
        limbs[at - 1] += limbs[at] >> _LIMB
    raw = limbs.T.astype(">i8", order="C").view(np.uint8).reshape(-1, len(limbs), 8)[:, :, -_LIMB // 8 :].tobytes()
    found = _sums(raw, _RAW)
    if all(raw[_BODY + at :: _RAW] == found[at::4] for at in range(4)) and raw[::_RAW] == _VERSION * len(texts):
        return texts
    return [
        text
        for at, text in enumerate(texts)
        if raw[_RAW * at] == _VERSION[0] and raw[_RAW * at + _BODY : _RAW * (at + 1)] == found[4 * at : 4 * at + 4]
    ]


def _written(bodies: bytes) -> list[str]:
    """Write versions and keys, 21 bytes each, as addresses."""
    import numpy as np

    size = len(bodies) // _BODY
    raw = np.empty((size, _RAW), np.uint8)
    raw[:, :_BODY] = np.frombuffer(bodies, np.uint8).reshape(-1, _BODY)
    raw[:, _BODY:] = np.frombuffer(_sums(bodies, _BODY), np.uint8).reshape(-1, 4)
    powers, alphabet = _to_letters()
    chunks = (powers @ raw.T.astype(np.float64)).astype(np.int64)
    base = 58**_CHUNK
    for at in range(len(chunks) - 1, 0, -1):
        more = chunks[at] // base
        chunks[at] -= more * base
        chunks[at - 1] += more
    places = np.empty((len(chunks), _CHUNK, size), np.uint8)
    for at in range(_CHUNK - 1, -1, -1):
        higher = chunks // 58
        places[:, at] = chunks - higher * 58
        chunks = higher
    letters = alphabet[places.reshape(-1, size)[-_WIDTH:].T].tobytes().decode("ascii")
    return [letters[at : at + _WIDTH] for at in range(0, len(letters), _WIDTH)]


@lru_cache(maxsize=1)
def _to_bytes() -> tuple[bytes, np.ndarray[Any, Any]]:
    """Give letter -> value, and what each of the 34 places is worth in five limbs, the highest first."""
    import numpy as np

    worth = [58 ** (_WIDTH - 1 - at) for at in range(_WIDTH)]
    shifts = range(8 * _RAW - _LIMB, -1, -_LIMB)
    limbs = [[one >> shift & ((1 << _LIMB) - 1) for one in worth] for shift in shifts]
    return bytes.maketrans(_LETTERS, bytes(range(58))), np.array(limbs, np.float64)


@lru_cache(maxsize=1)
def _to_letters() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give what each of the 25 bytes is worth in seven chunks of five letters, the highest first, and value -> letter."""
    import numpy as np

    base, count = 58**_CHUNK, -(-_WIDTH // _CHUNK)
    worth = [256 ** (_RAW - 1 - at) for at in range(_RAW)]
    chunks = [[one // base ** (count - 1 - at) % base for one in worth] for at in range(count)]
    return np.array(chunks, np.float64), np.frombuffer(_LETTERS, np.uint8)
