"""The command line: one thin file a verb; nothing heavy is imported before a verb needs it."""

from __future__ import annotations

from cryptotrace.cli.app import app

__all__ = ["app"]
