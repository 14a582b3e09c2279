"""What the library and its network code log, on stderr, one line each, hostile characters as their code."""

from __future__ import annotations

import logging
import sys

from cryptotrace.cli.terminal import plain

__all__ = ["show_logs"]

_SHOWN = ("cryptotrace", "urllib3")


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return plain(" ".join(super().format(record).splitlines()))


class _Stderr(logging.Handler):
    """Writes to what stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def show_logs() -> None:
    """Send log lines of every level to stderr; calling it again changes nothing."""
    for name in _SHOWN:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
            handler = _Stderr()
            handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s %(message)s"))
            logger.addHandler(handler)
