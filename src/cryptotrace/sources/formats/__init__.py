"""One module per file format; :mod:`cryptotrace.sources.files` is the entry."""

from __future__ import annotations

__all__: list[str] = []
