"""What may never be joined, whatever the evidence.

* two different services;
* a service and a scam address;
* a victim's wallet and a perpetrator's address.

What a single address is comes from the winning label and from the seeds. A label that names a service outweighs a seed that
names the same address a perpetrator: people report the deposit address of an exchange where they paid, and one exchange taken
into a scam would swallow all of its customers. Such a seed is kept, shown and left out of the scam set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptotrace.clustering.edges import Account, account_name
from cryptotrace.model import BOUNDARY_CATEGORIES, Label, Labels, Seed

__all__ = ["NOTHING", "Known", "conflict", "is_service", "known_accounts", "merged"]

_SERVICE_ROLES = frozenset({"service", "government"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an account or of a whole cluster.

    Attributes
    ----------
    services : frozenset of str
        The services in it, by entity; more than one never occurs in a cluster.
    perpetrator, victim : bool
        Whether it holds a scam address, or a victim's wallet.
    reported : bool
        Whether a service was reported as a perpetrator; decides nothing, but is shown.
    """

    services: frozenset[str] = frozenset()
    perpetrator: bool = False
    victim: bool = False
    reported: bool = False


NOTHING = Known()


def is_service(label: Label | None) -> bool:
    """Tell whether a label names a service, a seizure wallet or another end of a trace."""
    return label is not None and (label.is_boundary or label.role in _SERVICE_ROLES or label.category in BOUNDARY_CATEGORIES)


def known_accounts(
    accounts: Iterable[Account], seeds: Iterable[Seed], labels: Labels | None
) -> tuple[dict[Account, Known], tuple[str, ...]]:
    """Say what is known of each account, with a warning for each contradiction; O(accounts + seeds)."""
    roles: dict[Account, set[str]] = {}
    for seed in seeds:
        roles.setdefault((seed.chain, seed.address), set()).add(seed.role)
    found, warnings = {}, []
    for account in sorted({*accounts, *roles}):
        label = labels.of(*account) if labels is not None else None
        known = _known(account, roles.get(account, set()), label)
        if known != NOTHING:
            found[account] = known
        warnings += _contradictions(account, known, label)
    return found, tuple(warnings)


def _known(account: Account, roles: set[str], label: Label | None) -> Known:
    services: frozenset[str] = frozenset()
    if label is not None and is_service(label):
        services = frozenset({_entity(account, label)})
    elif roles & _SERVICE_ROLES:
        services = frozenset({account_name(account)})
    said = label.role if label is not None and not services else ""
    reported = "perpetrator" in roles
    return Known(
        services=services,
        perpetrator=not services and (reported or said == "perpetrator"),
        victim="victim" in roles or said == "victim",
        reported=bool(services) and reported,
    )


def _entity(account: Account, label: Label) -> str:
    """Name a service so that two addresses of one service agree; without an entity each label text stands for itself."""
    name = (label.entity or label.label).strip()
    return name.casefold() if name else account_name(account)


def _contradictions(account: Account, known: Known, label: Label | None) -> list[str]:
    name = account_name(account)
    if known.reported:
        what = f"labelled {label.category or label.role} ({label.label})" if label is not None else "also a service seed"
        return [f"{name} is a perpetrator seed but {what}: kept apart and left out of the scam set"]
    if known.perpetrator and known.victim:
        return [f"{name} is named both a victim and a perpetrator: joined with neither side"]
    return []


def conflict(one: Known, other: Known) -> str | None:
    """Say why two sides may not be one cluster; None where they may."""
    services = one.services | other.services
    if len(services) > 1:
        return f"two services: {' and '.join(sorted(services))}"
    if (one.perpetrator and other.services) or (one.services and other.perpetrator):
        return f"a scam address and a service: {next(iter(sorted(services)))}"
    if (one.victim and other.perpetrator) or (one.perpetrator and other.victim):
        return "a victim's wallet and a scam address"
    return None


def merged(one: Known, other: Known) -> Known:
    """Say what is known of two sides together."""
    return Known(
        services=one.services | other.services,
        perpetrator=one.perpetrator or other.perpetrator,
        victim=one.victim or other.victim,
        reported=one.reported or other.reported,
    )
