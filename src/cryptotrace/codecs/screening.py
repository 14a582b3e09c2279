"""What every text passes before a codec looks at it, and how a hostile text is quoted in a message."""

from __future__ import annotations

from cryptotrace.errors import InvalidAddressError

__all__ = ["quote", "screened"]

_SHOWN = 44  # an address of nearly every chain fits; 64 hex digits, which may be a private key, never show whole
_LONGEST = 128  # CAIP-10 allows no longer address


def quote(text: str) -> str:
    r"""Return `text` in quotes, ASCII only, escaped, and cut in the middle where it is long.

    Look-alike letters, direction marks and line breaks become ``\u0430`` and the like, so a message cannot be forged by
    the text that it is about.
    """
    if len(text) <= _SHOWN:
        return ascii(text)
    return f"{text[:24]!a}...{text[-12:]!a} ({len(text)} characters)"


def screened(text: str) -> tuple[str, int]:
    """Strip outer spaces and refuse what no address holds.

    Parameters
    ----------
    text : str
        What a person or a file gave.

    Returns
    -------
    tuple of str and int
        The printable ASCII text and how many characters were stripped before it.

    Raises
    ------
    InvalidAddressError
        Not text, empty, too long, or with a character that is not printable ASCII; ``position`` counts in `text`.
    """
    if not isinstance(text, str):
        raise InvalidAddressError(f"an address is text, not {type(text).__name__}")
    core = text.strip(" ")
    if not core:
        raise InvalidAddressError("the address is empty", where=quote(text), hint="Leave the row out or fill it in")
    offset = len(text) - len(text.lstrip(" "))
    if len(core) > _LONGEST:
        raise InvalidAddressError(
            f"no address is longer than {_LONGEST} characters", where=quote(text), hint="Give one address alone"
        )
    for index, character in enumerate(core):
        if not "!" <= character <= "~":
            raise InvalidAddressError(
                f"{_kind(character)} U+{ord(character):04X} at position {offset + index} (counted from 0)",
                where=quote(text),
                hint="Copy the address again from its source; look-alike and invisible characters are refused",
                position=offset + index,
            )
    return core, offset


def _kind(character: str) -> str:
    if character.isspace():
        return "white space"
    return "a character outside ASCII" if character.isprintable() else "an invisible character"
