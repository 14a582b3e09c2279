"""TRON addresses: the 20 bytes of an EVM address behind the byte 0x41, in base58check.

Explorers, nodes and logs spell one account in five ways: ``T...`` (34 characters), ``41`` + 40 hex digits, ``0x41`` +
40, ``0x`` + 40 (the EVM form), and 40 hex digits alone (event logs). The first is stored; it is case-sensitive.
"""

from __future__ import annotations

import re

from cryptotrace.codecs import base58, evm
from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

__all__ = ["NULL", "VERSION", "is_evm_form", "parse", "payload"]

NULL = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
VERSION = b"\x41"
_HEX = re.compile(r"(?:0[xX])?(41)?([0-9a-fA-F]{40})")
_EVM_FORM = re.compile(r"(?:0[xX])?[0-9a-fA-F]{40}")
_LENGTH = 1 + 20


def is_evm_form(core: str) -> bool:
    """Tell whether `core` names a key by 20 bytes alone: it may be meant on TRON, but does not say so."""
    return _EVM_FORM.fullmatch(core) is not None


def parse(core: str, offset: int = 0) -> str:
    """Return the base58check address that `core` spells in one of the five ways.

    Raises
    ------
    InvalidAddressError
        None of the five, a failing checksum, or an EVM form whose mixed case fails EIP-55.
    """
    matched = _HEX.fullmatch(core)
    if matched is not None:
        prefix, digits = matched.groups()
        if prefix is None and evm.first_wrong_case(digits) is not None:
            evm.parse("0x" + digits, offset + len(core) - 42)  # names the position
        return base58.encode_checked(VERSION + bytes.fromhex(digits))
    if core[:1] != "T":
        raise InvalidAddressError(
            "a TRON address starts with T, or is hex with 41 or 0x before 40 digits",
            where=quote(core),
            hint="base58 is case-sensitive: an address that was put into lower case is lost"
            if core[:1] == "t"
            else "Check the chain and copy the address again",
            position=offset,
        )
    body = base58.checked(core, offset)
    if len(body) != _LENGTH or body[:1] != VERSION:
        raise InvalidAddressError(
            "base58check is right, but it is no TRON account (version 0x41 and 20 bytes)", where=quote(core)
        )
    return core


def payload(stored: str) -> bytes:
    """Return the 20 bytes after the version byte."""
    return base58.checked(stored)[1:]
