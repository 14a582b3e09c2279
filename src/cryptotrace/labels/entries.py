"""What every reader yields: one entry a line or tag, in the source's words, before anyone decides what it means."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from cryptotrace.codecs import chain_of, detect_chains, is_codec_known, parse_address
from cryptotrace.errors import InvalidAddressError
from cryptotrace.labels.vocabulary import confidence_levels
from cryptotrace.model import Reject

__all__ = [
    "MAX_FIELD",
    "Entry",
    "UnfitError",
    "checked_confidence",
    "checked_date",
    "checked_flag",
    "checked_word",
    "likely_chain",
    "placed",
]

MAX_FIELD = 10_000
"""Longest text of one field; what is longer is an attack or a broken quote."""

_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?|\.[0-9]{1,20}")

Raw = str | Sequence[str] | Mapping[str, object]


class UnfitError(Exception):
    """One row or tag does not fit; it becomes a reject and never reaches the user as an exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One statement of a file about one address."""

    file: str
    line: int
    raw: Raw
    address: str
    chain: str | None = None
    label: str = ""
    category: str | None = None
    native_category: str | None = None
    abuse: str | None = None
    concepts: tuple[str, ...] = ()
    vocabulary: str | None = None
    entity: str | None = None
    role: str | None = None
    statement: str | None = None
    source: str = ""
    upstream: str | None = None
    confidence: int | None = None
    currency: str | None = None
    first_seen: datetime | None = None
    dated: datetime | None = None
    boundary: bool | None = None
    injects: str | None = None
    campaign: str | None = None
    payment: tuple[str, str] | None = None

    @property
    def origin(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    def rejected(self, reason: str) -> Reject:
        """Give the reject that keeps this entry."""
        return rejected(self.file, self.line, reason, self.raw)


def rejected(file: str, line: int, reason: str, raw: Raw) -> Reject:
    """Keep what did not fit, with its raw text; a CSV row as a CSV line, a tag as JSON."""
    return Reject(file=file, line=line, reason=reason, raw=_raw_text(raw))


def _raw_text(raw: Raw) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, Mapping):
        return json.dumps(raw, ensure_ascii=False)
    line = io.StringIO()
    csv.writer(line).writerow(raw)
    return line.getvalue().removesuffix("\r\n")


def placed(address: str, chain: str | None) -> tuple[str, str, bool]:
    """Give chain, stored address, and whether a codec checked it.

    A chain without a codec keeps the address verbatim. Without a chain, the likeliest chain that the address can be on is
    taken: for the EVM family ``ethereum``.

    Raises
    ------
    UnfitError
        The address is of another chain, is none, or fails its checksum; the text says which, and the position.
    """
    if chain is not None and not is_codec_known(chain):
        if not address.strip():
            raise UnfitError("the address is empty")
        return _folded_chain(chain), address.strip(" "), False
    found = detect_chains(address) if chain is None else ()
    near = chain or (found[0] if found else likely_chain(address))
    if near is None:
        raise UnfitError(f"{address[:60]!a} is no address of a chain that we know; name the chain")
    try:
        return chain_of(near).name, parse_address(address, near), True
    except InvalidAddressError as error:
        raise UnfitError(_reason(error)) from error


def likely_chain(text: str) -> str | None:
    """Guess from its look which chain a text that is *no* valid address was meant for, to say what is wrong with it."""
    core = text.strip()
    if core[:2] in ("0x", "0X"):
        return "ethereum"
    if core[:1] == "T" and 30 <= len(core) <= 38:
        return "tron"
    if core[:1] in ("1", "3") or core[:3].lower() == "bc1":
        return "bitcoin"
    return None


def _reason(error: InvalidAddressError) -> str:
    said = error.position is None or f"position {error.position}" in error.what
    at = "" if said else f" (position {error.position})"
    return f"{error}{at}"


def _folded_chain(chain: str) -> str:
    return chain.strip().lower().replace("-", "_").replace(" ", "_")


def checked_word(text: str | None, allowed: Sequence[str], name: str) -> str | None:
    """Give a word of a closed list, in lower case; None where there is none."""
    if not text:
        return None
    word = text.strip().lower()
    if word not in allowed:
        raise UnfitError(f"{name} {text[:60]!a} is none of {', '.join(allowed)}")
    return word


def checked_flag(text: str | None, name: str) -> bool | None:
    """Read yes or no; None where it is empty."""
    if not text:
        return None
    word = text.strip().lower()
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise UnfitError(f"{name} {text[:60]!a} is neither true nor false")


def checked_date(text: str | None, name: str) -> datetime | None:
    """Read an ISO date or time; without a zone it is UTC, a day is its first moment."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnfitError(f"{name} {text[:60]!a} is no ISO date") from error


def checked_confidence(text: str | None) -> int | None:
    """Read a confidence as a number from 0 to 100.

    A level name of TagPacks gives its number; a number up to 1 is a share (0.95 is 95, 1 is 100), a larger one is per cent.
    """
    if not text:
        return None
    word = text.strip().lower()
    if word in confidence_levels():
        return confidence_levels()[word]
    number = Decimal(word) if _NUMBER.fullmatch(word) else Decimal(-1)
    if not 0 <= number <= 100:
        levels = ", ".join(confidence_levels())
        raise UnfitError(f"confidence {text[:60]!a} is neither a number from 0 to 1 or 100 nor one of {levels}")
    percent = number * 100 if number <= 1 else number
    return int(percent.to_integral_value())
