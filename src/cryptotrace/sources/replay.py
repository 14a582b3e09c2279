"""Replay: the answers of earlier days instead of the network. Knows no store: it reads a :class:`ResponseArchive`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cryptotrace.errors import NotArchived, SourceError
from cryptotrace.sources.base import Answer, Request, ResponseArchive

__all__ = ["ArchiveFetcher"]


def _not_archived(request: Request) -> SourceError:
    return NotArchived(
        "no stored answer",
        where=f"{request.source} {request.chain} {request.stream} {request.subject}".strip(),
        hint="Replay needs the store that the answers were collected into",
    )


class ArchiveFetcher:
    """Answers from an archive only.

    Parameters
    ----------
    archive : ResponseArchive
        Where answers are found.
    missing : callable
        Gives the error for a request that was never answered; a replay makes it the one that ended the original walk.
    """

    def __init__(self, archive: ResponseArchive, *, missing: Callable[[Request], SourceError] = _not_archived) -> None:
        self._archive = archive
        self._missing = missing

    def fetch(self, request: Request) -> Answer:
        """Give the stored answer to a request; what the archive says of the list and the address is not trusted."""
        found = self._archive.find(request.key)
        if found is None:
            raise self._missing(request)
        return replace(found, request=request)
