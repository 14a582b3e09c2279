"""The checksums of segregated-witness addresses: bech32 (BIP-173) and bech32m (BIP-350).

The package ``bech32`` knows only the first, so it refuses every taproot address. Both are one BCH code over 32 symbols;
they differ in the constant that the remainder must equal. Witness version 0 uses bech32, versions 1 to 16 use bech32m.
"""

from __future__ import annotations

from cryptotrace.codecs.screening import quote
from cryptotrace.errors import InvalidAddressError

__all__ = ["CHARSET", "decode_segwit", "encode_segwit", "regrouped"]

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32 = 1
_BECH32M = 0x2BC830A3
_CHECKSUM_SYMBOLS = 6
_LONGEST = 90


def _step(remainder: int, symbol: int) -> int:
    top = remainder >> 25
    remainder = (remainder & 0x1FFFFFF) << 5 ^ symbol
    for bit, term in enumerate(_GENERATOR):
        if top >> bit & 1:
            remainder ^= term
    return remainder


def _remainder(prefix: str, symbols: list[int]) -> int:
    remainder = 1
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    for symbol in spread + symbols:
        remainder = _step(remainder, symbol)
    return remainder


def _constant(version: int) -> int:
    return _BECH32 if version == 0 else _BECH32M


def regrouped(values: bytes | list[int], from_bits: int, to_bits: int, *, pad: bool) -> list[int] | None:
    """Return `values` cut into groups of `to_bits` bits; None where what is left over is not zero or too long."""
    accumulator = bits = 0
    groups: list[int] = []
    for value in values:
        accumulator = accumulator << from_bits | value
        bits += from_bits
        while bits >= to_bits:
            bits -= to_bits
            groups.append(accumulator >> bits & (1 << to_bits) - 1)
        accumulator &= (1 << bits) - 1
    if pad:
        return [*groups, accumulator << to_bits - bits] if bits else groups
    return None if bits >= from_bits or accumulator else groups


def encode_segwit(prefix: str, version: int, program: bytes) -> str:
    """Return the address of a witness program."""
    symbols = [version, *(regrouped(program, 8, 5, pad=True) or [])]
    checksum = _remainder(prefix, symbols + [0] * _CHECKSUM_SYMBOLS) ^ _constant(version)
    symbols += [checksum >> 5 * (_CHECKSUM_SYMBOLS - 1 - index) & 31 for index in range(_CHECKSUM_SYMBOLS)]
    return f"{prefix}1{''.join(CHARSET[symbol] for symbol in symbols)}"


def decode_segwit(core: str, prefix: str, offset: int = 0) -> tuple[int, bytes]:
    """Return witness version and program of an address.

    Parameters
    ----------
    core : str
        Screened text that starts with `prefix` and ``1``, in any case.
    prefix : str
        Human-readable part, in lower case.
    offset : int
        Added to positions in errors.

    Raises
    ------
    InvalidAddressError
        Mixed case, a stray character, a failing checksum, the wrong one of the two, or an impossible program.

    Notes
    -----
    Any change of up to four characters is caught. Where exactly one substitution would mend the checksum its position
    is given; the mended text is not, as BIP-173 asks.
    """
    text = core.lower()
    if core not in (text, core.upper()):
        raise InvalidAddressError(
            "lower and upper case are mixed, which bech32 forbids",
            where=quote(core),
            hint="Copy the address again from its source",
            position=offset + _first_case_break(core),
        )
    symbols = _symbols(core, len(prefix) + 1, offset)
    version = symbols[0]
    remainder = _remainder(prefix, symbols)
    if remainder != _constant(version):
        raise _checksum_error(core, prefix, symbols, remainder, offset)
    program = regrouped(symbols[1:-_CHECKSUM_SYMBOLS], 5, 8, pad=False)
    if program is None or not 2 <= len(program) <= 40 or version > 16 or (version == 0 and len(program) not in (20, 32)):
        raise InvalidAddressError(
            f"the checksum is right, but this is no witness program (version {version})", where=quote(core)
        )
    return version, bytes(program)


def _symbols(core: str, start: int, offset: int) -> list[int]:
    symbols = []
    for index in range(start, len(core)):
        symbol = CHARSET.find(core[index].lower())
        if symbol < 0:
            raise InvalidAddressError(
                f"{core[index]!r} at position {offset + index} (counted from 0) is not in the bech32 alphabet",
                where=quote(core),
                hint="1, b, i and o never occur after the prefix",
                position=offset + index,
            )
        symbols.append(symbol)
    if len(symbols) < 1 + _CHECKSUM_SYMBOLS or len(core) > _LONGEST:
        raise InvalidAddressError("too short or too long for a bech32 address", where=quote(core))
    return symbols


def _first_case_break(core: str) -> int:
    letters = [(index, letter.isupper()) for index, letter in enumerate(core) if letter.isalpha()]
    return next(index for index, upper in letters if upper != letters[0][1])


def _checksum_error(core: str, prefix: str, symbols: list[int], remainder: int, offset: int) -> InvalidAddressError:
    if remainder in (_BECH32, _BECH32M):
        right, wrong = ("bech32", "bech32m") if symbols[0] == 0 else ("bech32m", "bech32")
        return InvalidAddressError(
            f"the checksum is {wrong}, but witness version {symbols[0]} needs {right}",
            where=quote(core),
            hint="The software that wrote it has a defect: ask for the address again",
        )
    found = _single_error(symbols, remainder)
    if found is None:
        return InvalidAddressError(
            "the bech32 checksum fails: several characters are wrong or missing",
            where=quote(core),
            hint="Copy it again from its source",
        )
    position = offset + len(prefix) + 1 + found
    return InvalidAddressError(
        f"the bech32 checksum fails, likely at position {position} (counted from 0)",
        where=quote(core),
        hint="Copy it again from its source; a guess is not an address",
        position=position,
    )


def _single_error(symbols: list[int], remainder: int) -> int | None:
    """Return the index of the only symbol whose change makes the checksum right, None if there is no such or not one.

    The code is linear: changing a symbol by `change` (exclusive or) changes the remainder by a value that depends only
    on `change` and on the distance from the end. So each is computed once, walking from the end.
    """
    wanted = {constant: remainder ^ constant for constant in (_BECH32, _BECH32M)}
    effects = list(range(1, 32))
    found: set[int] = set()
    for index in range(len(symbols) - 1, -1, -1):
        for constant, difference in wanted.items():
            if difference in effects:
                change = effects.index(difference) + 1
                version = symbols[0] ^ change if index == 0 else symbols[0]
                if constant == _constant(version):
                    found.add(index)
        effects = [_step(effect, 0) for effect in effects]
    return found.pop() if len(found) == 1 else None
