"""What runs in a process of its own: one that holds the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptotrace.collect.journal import Journal


def hold(path: str, ready: Any, done: Any) -> None:
    """Collect into a store until told otherwise."""
    journal = Journal(Path(path))
    ready.set()
    done.wait(30)
    journal.close()
