"""Which of several labels of one address is believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptotrace.labels.vocabulary import STATEMENTS
from cryptotrace.model import BOUNDARY_CATEGORIES, Label, Labels

__all__ = ["combined", "precedence", "winners"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VAGUE = frozenset({"scam_unspecified", "suspected_service", "terminal"})


def precedence(label: Label) -> tuple[object, ...]:
    """Give the key by which labels of one address are ordered; the smallest wins.

    The rule, each step deciding only where those before it are equal:

    1. A label of the case that says itself whether a trace stops there (``boundary`` is set).
    2. A label that says what the address is (``category``) before one that does not: that an address was frozen or
       sanctioned does not unmake it an exchange.
    3. An address that a codec checked, before one kept verbatim.
    4. Higher confidence; unknown confidence is below 0.
    5. What more was proven for: convicted, sanctioned, frozen, reported, label.
    6. A specific category before a vague one (``scam_unspecified``, ``suspected_service``, ``terminal``).
    7. A boundary before none: a trace that stops too early says less, one that passes through a service says wrong things.
    8. The one last modified latest; an unknown date is the oldest.
    9. Name of the source, then all other fields in the order of :class:`cryptotrace.model.Label`, as text.

    Notes
    -----
    Pure and total: labels that are equal here are equal in every field but the line they came from, and then the origin
    decides; so the order of files never changes a winner.
    """
    stamp = label.last_modified
    return (
        label.boundary is None,
        label.category is None,
        not label.verified,
        -1 - (-1 if label.confidence is None else label.confidence),
        STATEMENTS.index(label.statement) if label.statement in STATEMENTS else len(STATEMENTS),
        label.category in _VAGUE,
        not (label.boundary if label.boundary is not None else label.category in BOUNDARY_CATEGORIES),
        stamp is None,
        timedelta(0) if stamp is None else _EPOCH - stamp,
        label.source,
        tuple((value is not None, str(value)) for value in _texts(label)),
    )


def _texts(label: Label) -> tuple[object, ...]:
    return (
        label.label,
        label.category,
        label.native_category,
        label.abuse,
        label.entity,
        label.role,
        label.upstream,
        label.currency,
        label.first_seen,
        label.origin,
    )


def winners(labels: Iterable[Label]) -> dict[tuple[str, str], Label]:
    """Give for each (chain, address) the label that wins by :func:`precedence`; keys in order of first mention.

    Notes
    -----
    O(n): one key a label and one comparison for each further label of an address.
    """
    best: dict[tuple[str, str], tuple[tuple[object, ...], Label]] = {}
    for label in labels:
        key, rank = (label.chain, label.address), precedence(label)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, label)
    return {key: label for key, (_, label) in best.items()}


def combined(*parts: Labels) -> Labels:
    """Join labels that were loaded with different arguments; the winners are chosen among all of them."""
    items = tuple(label for part in parts for label in part.items)
    rejects = tuple(reject for part in parts for reject in part.rejects)
    return Labels(items, rejects, winners(items))
