"""Settings and secrets: read once, passed in, never global."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptotrace.errors import InputFileError

__all__ = ["Secret", "Settings", "keys_in"]

_KEYS = ("etherscan", "blockscout", "trongrid", "tronscan", "routescan", "coingecko", "defillama", "rpc")
"""Whose keys are looked for in the environment."""
_NODE = "RPC_URL"
_SHORTEST_KEY = 8
"""What is shorter, such as ``v2`` or ``rpc``, is a word and no key: answers are full of those."""


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
    nodes : mapping
        Our name of a chain -> URL of a node; ``""`` for any other chain. A provider's URL holds its key.
    """

    keys: Mapping[str, Secret]
    timeout: float = 30.0
    attempts: int = 6
    nodes: Mapping[str, Secret] = field(default_factory=dict)

    def node(self, chain: str) -> Secret | None:
        """Give the URL of a node of a chain."""
        return self.nodes.get(chain) or self.nodes.get("")

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read keys from ``<EXPLORER>_API_KEY``, ``CRYPTOTRACE_<EXPLORER>_API_KEY`` or ``<EXPLORER>_API_KEY_FILE``.

        Nodes come from ``RPC_URL_<CHAIN>`` and ``RPC_URL``, in the same three forms.

        Raises
        ------
        InputFileError
            If a key file is named and cannot be read.
        """
        found = os.environ if environment is None else environment
        keys: dict[str, Secret] = {}
        for explorer in _KEYS:
            secret = _secret(found, f"{explorer.upper()}_API_KEY")
            if secret is not None:
                keys[explorer] = secret
        return cls(keys=keys, nodes=_nodes(found))


def _secret(found: Mapping[str, str], name: str) -> Secret | None:
    value = found.get(name) or found.get(f"CRYPTOTRACE_{name}") or _from_file(found.get(f"{name}_FILE"), name)
    return Secret(value.strip()) if value and value.strip() else None


def _nodes(found: Mapping[str, str]) -> dict[str, Secret]:
    """Give the node of each chain that a variable names by any of its names."""
    from cryptotrace.codecs.chains import find_chain

    nodes: dict[str, Secret] = {}
    names = {name.removeprefix("CRYPTOTRACE_").removesuffix("_FILE") for name in found}
    for name in sorted(name for name in names if name == _NODE or name.startswith(f"{_NODE}_")):
        chain = find_chain(name.removeprefix(_NODE).removeprefix("_")) if name != _NODE else None
        url = _secret(found, name)
        if url is not None and (chain is not None or name == _NODE):
            nodes["" if chain is None else chain.name] = url
    return nodes


def keys_in(url: str) -> tuple[Secret, ...]:
    """Give what may be a key in the URL of a node: name and password, path and query, and each longer part of those."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    found = (parts.username, parts.password, path.strip("/"), *parts.path.split("/"), *dict(parse_qsl(parts.query)).values())
    return tuple(Secret(text) for text in dict.fromkeys(found) if text and len(text) >= _SHORTEST_KEY)


def _from_file(path: str | None, name: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputFileError(
            "the key file cannot be read", where=f"{name}_FILE", hint="Check the path and its permissions"
        ) from problem
