"""Synthetic worlds: a closed ledger with people, services and romance baiting, and the truth about it.

A world is a simulation in time. Every transfer is paid from a balance that is really there, so the ledger closes to the
last unit, and what was planted is known exactly. It shares no code with the parts of the library that it tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptotrace.errors import InputError
from cryptotrace.testing._campaign import Campaign
from cryptotrace.testing._crowd import Crowd
from cryptotrace.testing._desk import Desk
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._ledger import Ledger, Schedule
from cryptotrace.testing._market import Market
from cryptotrace.testing._noise import Noise
from cryptotrace.testing._reckoning import Reckoning
from cryptotrace.testing._rows import (
    CHAIN,
    DAY,
    START,
    ApprovalRow,
    CoverageRow,
    LabelRow,
    PriceRow,
    SeedRow,
    TransactionRow,
    TransferRow,
)
from cryptotrace.testing._services import Exchange, Mixer, Places, Pools, Stage
from cryptotrace.testing._truth import Truth
from cryptotrace.testing._write import make_folder, write_case, write_table, write_truth

__all__ = ["World", "empty_world", "romance_world"]

SHORTEST = 40
"""Fewest days that hold a ladder and the two quiet weeks in which its money leaves."""
REPORTED = {
    "receiving": frozenset({"deposit", "payout"}),
    "all": frozenset({"deposit", "payout", "consolidator", "layer", "gas_sponsor"}),
    "none": frozenset[str](),
}
"""Which roles of scam addresses become seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A closed ledger with planted truth.

    Attributes
    ----------
    name : str
        Names the case.
    transfers, transactions, approvals, seeds, labels, prices, coverage : tuple
        Frozen rows whose fields are the columns of the files; amounts are integers in base units, fees in wei, times
        aware UTC. Transfers stand in the order in which they happened.
    truth : Truth
        What really happened.
    """

    name: str
    transfers: tuple[TransferRow, ...]
    transactions: tuple[TransactionRow, ...]
    approvals: tuple[ApprovalRow, ...]
    seeds: tuple[SeedRow, ...]
    labels: tuple[LabelRow, ...]
    prices: tuple[PriceRow, ...]
    coverage: tuple[CoverageRow, ...]
    truth: Truth

    def write(self, folder: str | Path, *, case: bool = True) -> Path:
        """Write the world as files; the same world gives the same bytes.

        Parameters
        ----------
        folder : str or Path
            Created where it is missing; files of the same names are replaced.
        case : bool, default True
            Also write ``case.toml``.

        Returns
        -------
        Path
            Of ``case.toml``, also where it was not written.

        Raises
        ------
        InputFileError
            If the path is there and is no folder.
        """
        folder = make_folder(Path(folder))
        tables: tuple[tuple[str, type, Sequence[object]], ...] = (
            ("transfers", TransferRow, self.transfers),
            ("transactions", TransactionRow, self.transactions),
            ("approvals", ApprovalRow, self.approvals),
            ("seeds", SeedRow, self.seeds),
            ("labels", LabelRow, self.labels),
            ("prices", PriceRow, self.prices),
            ("coverage", CoverageRow, self.coverage),
        )
        for name, row_type, rows in tables:
            write_table(folder / f"{name}.csv", row_type, rows)
        write_truth(folder / "truth.json", self.truth.to_plain())
        path = folder / "case.toml"
        if case:
            write_case(path, name=self.name, seed=self.truth.seed, first=START.date(), end=self.truth.as_of)
        return path


def romance_world(
    seed: int,
    *,
    campaigns: int = 2,
    victims: int = 12,
    days: int = 120,
    people: int = 60,
    reported: str = "receiving",
    noise: bool = True,
) -> World:
    """Make a world with romance baiting (also called pig butchering) in it.

    Victims pay rising sums to addresses that were assigned to them, some from their own wallet, some straight from an
    exchange. Some get a part back. The operators consolidate, swap ether and USDC to USDT, pass it through layers, and
    bring it to deposit addresses at two exchanges, to a mixer, and to a desk that nobody has labelled; some stays.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same world, byte for byte, on every machine.
    campaigns, victims : int
        Number of operators, and of victims of each.
    days : int
        Length from 2023-03-01 UTC, at least 40; the last 14 are without payments, so that money on its way arrives.
    people : int
        Ordinary people with a wallet, at least 2.
    reported : {"receiving", "all", "none"}
        Which scam addresses are seeds: those that victims pay or are paid by, all of them, or none.
    noise : bool
        Whether there are zero-value and counterfeit rows and failed transactions.

    Returns
    -------
    World
        About seven thousand transfers with the defaults.

    Raises
    ------
    InputError
        If a setting is out of range.

    Notes
    -----
    Scam money and gas never mix: wallets with scam ether pay fees from it, the others get gas from a sponsor, so every
    policy that conserves value must find the planted exits exactly; only at the desk does it mix with clean money.
    Simplifications: one chain, no reorganisations, pools trade at the day's price, the mixer has no far side, returns
    go only to wallets that paid, nobody carries money back from an exchange. Linear in transfers.
    """
    _check(seed=seed, campaigns=campaigns, victims=victims, days=days, people=people)
    if reported not in REPORTED:
        raise InputError(f"unknown choice {reported!r}", where="reported", hint=f"Choose one of {', '.join(REPORTED)}")
    return _make(seed, campaigns=campaigns, victims=victims, days=days, people=people, reported=reported, noise=noise)


def empty_world(seed: int, *, days: int = 120, people: int = 60) -> World:
    """Make a world of ordinary people, exchanges, services and spam, without any scam and without seeds.

    Parameters
    ----------
    seed : int
        As in `romance_world`.
    days, people : int
        As in `romance_world`.

    Returns
    -------
    World
        Every stolen total found in it is wrong.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    _check(seed=seed, campaigns=1, victims=1, days=days, people=people)
    return _make(seed, campaigns=0, victims=0, days=days, people=people, reported="none", noise=True)


def _check(*, seed: int, campaigns: int, victims: int, days: int, people: int) -> None:
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise InputError(f"a seed is a whole number, not {seed!r}", where="seed", hint="Give a number such as 1")
    lowest = (("campaigns", campaigns, 1), ("victims", victims, 1), ("days", days, SHORTEST), ("people", people, 2))
    for name, value, least in lowest:
        if value < least:
            raise InputError(f"{value} is too few", where=name, hint=f"Give {least} or more")


def _make(seed: int, *, campaigns: int, victims: int, days: int, people: int, reported: str, noise: bool) -> World:
    schedule = Schedule(days * DAY)
    ledger = Ledger(Dice(seed, "ledger"), schedule)
    stage = Stage(schedule=schedule, ledger=ledger, market=Market(Dice(seed, "market"), days))
    dice = Dice(seed, "places")
    exchanges = Exchange(stage, dice, "Larkfield"), Exchange(stage, dice, "Brindle")
    places = Places(exchanges=exchanges, pools=Pools(stage, dice), mixer=Mixer(stage, dice))
    desk = Desk(stage, Dice(seed, "desk"), places)
    desk.open()
    crowd = Crowd(stage, Dice(seed, "crowd"), places, desk, people=people, noise=noise)
    crowd.open()
    scams = []
    for number in range(campaigns):
        name = f"c{number}"
        scam = Campaign(stage, Dice(seed, name), places, desk, name=name, noise=noise)
        scam.open(victims)
        scams.append(scam)
    spam = Noise(stage, Dice(seed, "noise")) if noise else None
    if spam:
        spam.open(scams, [person.wallet for person in crowd.people])
    schedule.run()
    return World(
        name=f"romance-{seed}" if campaigns else f"empty-{seed}",
        transfers=tuple(ledger.transfers),
        transactions=tuple(ledger.transactions),
        approvals=tuple(ledger.approvals),
        seeds=tuple(_seeds(Dice(seed, "seeds"), scams, reported, days)),
        labels=tuple(stage.labels),
        prices=tuple(stage.market.rows()),
        coverage=tuple(_coverage(ledger.transfers)),
        truth=Reckoning(stage, scams).truth(seed, spam.unwanted if spam else ()),
    )


def _seeds(dice: Dice, scams: Sequence[Campaign], reported: str, days: int) -> list[SeedRow]:
    return [
        SeedRow(
            chain=CHAIN,
            address=item.address,
            role="perpetrator",
            category="romance_baiting",
            campaign=scam.name,
            source=dice.pick(("victim_report", "victim_report", "public_list")),
            reported_on=(START + timedelta(days=dice.whole(days // 2, days - 1))).date().isoformat(),
        )
        for scam in scams
        for item in scam.addresses
        if item.role in REPORTED[reported]
    ]


def _coverage(transfers: Sequence[TransferRow]) -> list[CoverageRow]:
    rows: dict[str, int] = {}
    for row in transfers:
        for address in {row.sender, row.receiver}:
            rows[address] = rows.get(address, 0) + 1
    return [
        CoverageRow(
            chain=CHAIN,
            address=address,
            stream="all",
            status="complete",
            reason=None,
            missing_from_block=None,
            missing_to_block=None,
            rows_here=number,
            rows_missing=0,
        )
        for address, number in sorted(rows.items())
    ]
