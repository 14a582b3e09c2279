"""ERC-20 ``Transfer`` out of an event log.

The topic is the same for ERC-721, whose third value is an identifier, not an amount: four topics and no data. Everything else
with four words in all is a fungible transfer, whichever of its fields the contract indexed.
"""

from __future__ import annotations

import re
from typing import Any

from cryptotrace.errors import InputError

__all__ = ["TRANSFER", "transfer_of"]

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of ``Transfer(address,address,uint256)``."""

_WORD = 64
_TOPIC = re.compile(r"0x[0-9a-fA-F]{64}")
_HEX_WORD = re.compile(r"[0-9a-fA-F]{64}")
_DATA = re.compile(r"0x[0-9a-fA-F]*")


def transfer_of(topics: Any, data: Any) -> tuple[str, str, int] | None:
    """Give sender, receiver (hex) and amount of a log; None where it is another event or a collectible.

    >>> transfer_of([TRANSFER, "0x" + "1".zfill(64), "0x" + "2".zfill(64)], "0x" + "ff".zfill(64))[2]
    255

    Raises
    ------
    InputError
        If the log has the topic of a transfer and no shape of one.
    """
    words = topics if isinstance(topics, list) else _TOPIC.findall(str(topics or ""))
    if not words or str(words[0]).lower() != TRANSFER or len(words) == 4:
        return None
    text = data or "0x"
    if type(text) is not str or not _DATA.fullmatch(text) or (len(text) - 2) % _WORD:
        raise InputError("data is not hexadecimal words of 32 bytes")
    values = [*(str(word)[2:] for word in words[1:]), *(text[at : at + _WORD] for at in range(2, len(text), _WORD))]
    if len(values) != 3 or not all(map(_HEX_WORD.fullmatch, values)):
        raise InputError("a Transfer log that has not three values of 32 bytes")
    sender, receiver, value = (int(word, 16) for word in values)
    if max(sender, receiver) >= 2**160:
        raise InputError("a Transfer log whose parties are no addresses")
    return f"0x{sender:040x}", f"0x{receiver:040x}", value
