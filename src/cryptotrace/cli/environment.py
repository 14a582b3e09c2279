"""What this installation is made of: versions of what it needs, and which extras are there."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

__all__ = ["Environment", "environment"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_FOR_DEVELOPERS = frozenset({"docs", "lint", "test"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Versions; None where something is not installed."""

    python: str
    platform: str
    dependencies: Mapping[str, str | None]
    extras: Mapping[str, Mapping[str, str | None]]
    """Extra -> what it needs -> version. Those for developers are left out."""


def environment() -> Environment:
    """Look at what is installed; nothing is imported, nobody is asked."""
    dependencies: dict[str, str | None] = {}
    extras: dict[str, dict[str, str | None]] = {}
    for name, extra in _needed():
        if extra is None:
            dependencies[name] = _version(name)
        elif extra not in _FOR_DEVELOPERS:
            extras.setdefault(extra, {})[name] = _version(name)
    return Environment(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.machine()}",
        dependencies=dict(sorted(dependencies.items())),
        extras=dict(sorted(extras.items())),
    )


def _needed() -> Iterator[tuple[str, str | None]]:
    """Give (name, extra) of each requirement of the installed package."""
    for line in requires("cryptotrace") or ():
        name, extra = _NAME.match(line), _EXTRA.search(line)
        if name is not None:
            yield name[0].lower(), None if extra is None else extra[1]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
