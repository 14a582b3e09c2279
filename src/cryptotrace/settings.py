"""Settings and secrets: read once, passed in, never global."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptotrace.errors import InputFileError

__all__ = ["Secret", "Settings"]

_KEYS = ("etherscan", "blockscout", "trongrid", "tronscan", "routescan", "coingecko", "defillama", "rpc")
"""Whose keys are looked for in the environment."""


class Secret:
    """A key that never prints itself.

    >>> Secret("abc")
    Secret('***')
    >>> f"{Secret('abc')}"
    '***'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not written to files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person sets for all cases.

    Attributes
    ----------
    keys : mapping
        Explorer name -> key.
    timeout : float
        Seconds until an answer that does not come is given up.
    attempts : int
        Tries of one request before a transient fault counts as an error.
    """

    keys: Mapping[str, Secret]
    timeout: float = 30.0
    attempts: int = 6

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read keys from ``<EXPLORER>_API_KEY``, ``CRYPTOTRACE_<EXPLORER>_API_KEY`` or ``<EXPLORER>_API_KEY_FILE``.

        Raises
        ------
        InputFileError
            If a key file is named and cannot be read.
        """
        found = os.environ if environment is None else environment
        keys: dict[str, Secret] = {}
        for explorer in _KEYS:
            name = f"{explorer.upper()}_API_KEY"
            value = found.get(name) or found.get(f"CRYPTOTRACE_{name}") or _from_file(found.get(f"{name}_FILE"), name)
            if value and value.strip():
                keys[explorer] = Secret(value.strip())
        return cls(keys=keys)


def _from_file(path: str | None, name: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputFileError(
            "the key file cannot be read", where=f"{name}_FILE", hint="Check the path and its permissions"
        ) from problem
