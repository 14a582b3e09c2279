"""What an output script is, and the one address that it pays.

Explorers name types differently from version to version, and a wrong address beside a right script would send money to
somebody else. So both are read from the script, and what an explorer says is compared with it. Forms: BIP-16 (script hash),
BIP-141 (witness programs), BIP-341 (taproot), BIP-11 (bare multisig).
"""

from __future__ import annotations

import re
from functools import lru_cache

from cryptotrace.codecs.base58 import encode_checked
from cryptotrace.codecs.bech32 import encode_segwit
from cryptotrace.codecs.outputs import FORMATS

__all__ = ["address_of", "type_of"]

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(form, re.ASCII))
    for name, form in (
        ("v0_p2wpkh", "0014[0-9a-f]{40}"),
        ("v1_p2tr", "5120[0-9a-f]{64}"),
        ("p2pkh", "76a914[0-9a-f]{40}88ac"),
        ("p2sh", "a914[0-9a-f]{40}87"),
        ("v0_p2wsh", "0020[0-9a-f]{64}"),
        ("op_return", "6a(?:[0-9a-f]{2})*"),
        ("p2pk", "21(?:02|03)[0-9a-f]{64}ac|41(?:04|06|07)[0-9a-f]{128}ac"),
        ("multisig", "(?:5[1-9a-f]|60)(?:21(?:02|03)[0-9a-f]{64}|41(?:04|06|07)[0-9a-f]{128})+(?:5[1-9a-f]|60)ae"),
        ("anchor", "51024e73"),
        ("empty", ""),
    )
)
_PROGRAM = re.compile("(00|5[1-9a-f]|60)([0-9a-f]{2})([0-9a-f]{4,80})", re.ASCII)


@lru_cache(maxsize=65_536)
def type_of(script: str) -> str:
    """Give the type of an output script, in the words of Esplora.

    Parameters
    ----------
    script : str
        Lower-case hex.

    Returns
    -------
    str
        ``p2pk``, ``p2pkh``, ``p2sh``, ``v0_p2wpkh``, ``v0_p2wsh``, ``v1_p2tr``, ``op_return``, ``multisig``, ``anchor``,
        ``empty`` or ``unknown``.

    Examples
    --------
    >>> type_of("6a0b68656c6c6f20776f726c64")
    'op_return'
    """
    return next((name for name, form in _FORMS if form.fullmatch(script)), "unknown")


@lru_cache(maxsize=65_536)
def address_of(script: str, chain: str = "bitcoin") -> str | None:
    """Give the address that a script pays; None where it pays a key, several keys, or nobody.

    Parameters
    ----------
    script : str
        Lower-case hex.
    chain : str
        One of the chains of :data:`cryptotrace.codecs.outputs.FORMATS` that write key and script hashes in base58.

    Notes
    -----
    An output to a bare key (``p2pk``) has no address of its own. Some sites print the address of the key's hash beside it;
    the coins of the two are spent by different scripts, and lists of that address do not hold it.
    """
    form = FORMATS[chain]
    kind = type_of(script)
    if kind == "p2pkh":
        return encode_checked(form.key_hash + bytes.fromhex(script[6:46]))
    if kind == "p2sh":
        return encode_checked(form.script_hash[0] + bytes.fromhex(script[4:44]))
    found = _PROGRAM.fullmatch(script) if form.witness is not None else None
    if found is None or form.witness is None or len(found[3]) != 2 * int(found[2], 16):
        return None
    version = 0 if found[1] == "00" else int(found[1], 16) - 0x50
    program = bytes.fromhex(found[3])
    return None if version == 0 and len(program) not in (20, 32) else encode_segwit(form.witness, version, program)
