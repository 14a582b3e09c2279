"""What a token symbol looks like: two symbols that a person reads as one have the same skeleton.

Unicode normalisation alone is no defence: NFKC turns mathematical bold into plain letters, but leaves Cyrillic, Greek,
Cherokee or Lisu letters that look Latin. So a symbol is stripped of what cannot be seen, and each sign is led back to the
Latin letter that it resembles, by Unicode's list of confusables and by its own name.

Notes
-----
A skeleton is for comparison only; it is no text to show ("DAI" becomes "dal").

References
----------
Unicode Technical Standard 39, section 4 (confusable detection).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["skeleton"]

_INVISIBLE = "\u115f\u1160\u3164\uffa0\u2800"  # letters and signs by category, but blank in print
_RIGHT_TO_LEFT = re.compile("\u202e([^\u202c]*)\u202c?")
_NAMED = re.compile(
    r"(?:NEGATIVE )?(?:SQUARED |CIRCLED )?(?:LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL )?|"
    r"REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: WITH .+)?"
)
# Digits and signs that stand in for letters, one letter a class; and signs of money, which no list of confusables holds.
_CLASSES = str.maketrans("01i|5$", "olllss")
_MONEY = {"₿": "b", "฿": "b", "₵": "c", "₡": "c", "¢": "c", "₫": "d", "€": "e", "₴": "s", "₸": "t", "₮": "t", "₦": "n"}
_MAX_STEPS = 3
_MAX_LENGTH = 256


def skeleton(symbol: str) -> str:
    r"""Give the form under which look-alike symbols are equal.

    Parameters
    ----------
    symbol : str
        As the source wrote it; what is beyond 256 characters is not looked at.

    Returns
    -------
    str
        Small letters and what has no letter in it; empty where nothing can be seen. ``0`` and ``O``, ``1``, ``l`` and
        ``I``, ``5``, ``$`` and ``S`` are one each; blanks and punctuation are gone, ``+`` stays (``ETH+`` is not ``ETH``).

    Notes
    -----
    O(length). Letters after the point stay, so ``USDC.e`` is not ``USDC``; ``US DT`` and ``U.S.D.T`` are ``USDT``.

    Examples
    --------
    >>> skeleton("U\u0405D\u0422") == skeleton("USDT")  # Cyrillic letters
    True
    >>> skeleton("USDC.e") == skeleton("USDC")
    False
    """
    text = _RIGHT_TO_LEFT.sub(lambda turned: turned[1][::-1], symbol[:_MAX_LENGTH])
    text = _visible(unicodedata.normalize("NFKD", text)).strip().lstrip("$")
    letters = "".join(_letter(sign) for sign in text).casefold()
    return "".join(sign for sign in letters.translate(_CLASSES) if not _is_blank(sign))


def _visible(text: str) -> str:
    """Leave out what takes no room or no ink: controls, joiners, marks, fillers, private and unassigned places."""
    return "".join(sign for sign in text if sign not in _INVISIBLE and unicodedata.category(sign)[0] not in "CM")


def _is_blank(sign: str) -> bool:
    """Tell whether a sign separates or adorns (blanks, punctuation, pictures) or cannot be seen at all."""
    kind = unicodedata.category(sign)
    return kind[0] in "CMPZ" or kind == "So" or sign in _INVISIBLE


@lru_cache(maxsize=65_536)
def _letter(sign: str) -> str:
    """Lead one sign back to the Latin letters that it resembles; itself where it resembles none."""
    forms, seen = [sign], {sign}
    for _ in range(_MAX_STEPS):
        plain = sorted({bare for form in forms if (bare := _bare(form))}, key=lambda text: (len(text), text))
        if plain:
            return plain[0]
        forms = [form for form in _resembling(forms) if form not in seen]
        seen.update(forms)
    return sign


def _resembling(forms: list[str]) -> list[str]:
    """Give what the forms are confused with, and the same letters in the other case."""
    from confusable_homoglyphs.confusables import confusables_data

    found = []
    for form in forms:
        found += [_visible(entry["c"]) for entry in confusables_data.get(form, ())]
        found += [form.upper(), form.lower()]
    return found


def _bare(form: str) -> str:
    """Give a form in ASCII letters, digits and signs, without marks; empty where it holds anything else."""
    signs = [_named(sign) for sign in unicodedata.normalize("NFKD", form)]
    text = "".join(sign for sign in signs if sign.isascii() or not _is_blank(sign))
    return text if text.isascii() else ""


def _named(sign: str) -> str:
    """Give the Latin letter that a sign is by its own name, such as a letter with a stroke or in a black square."""
    if sign.isascii():
        return sign
    found = _NAMED.fullmatch(unicodedata.name(sign, ""))
    return found[1] if found else _MONEY.get(sign, sign)
