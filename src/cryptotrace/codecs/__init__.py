"""Addresses and identifiers of each chain: one spelling is stored, the others are read or refused.

``parse_address`` gives the stored text of an address, ``display_address`` the text that people see, ``detect_chains``
the chains an address can be on, ``chain_of`` what a chain is called, and ``caip2``, ``caip10`` and ``caip19`` the
portable identifiers of chains, accounts and assets.
"""

from __future__ import annotations

from cryptotrace.codecs.addresses import (
    detect_chains,
    display_address,
    is_codec_known,
    key_bytes,
    null_address,
    parse_address,
    short,
)
from cryptotrace.codecs.caip import caip2, caip10, caip19, parse_caip2, parse_caip10, parse_caip19
from cryptotrace.codecs.chains import ChainInfo, chain_names, chain_of

__all__ = [
    "ChainInfo",
    "caip2",
    "caip10",
    "caip19",
    "chain_names",
    "chain_of",
    "detect_chains",
    "display_address",
    "is_codec_known",
    "key_bytes",
    "null_address",
    "parse_address",
    "parse_caip2",
    "parse_caip10",
    "parse_caip19",
    "short",
]
