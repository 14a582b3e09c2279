"""``prove``: ask the explorer for balances, and hold the rows of a store against them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.collect.archive import ASIDE, StoreArchive, keep_aside
from cryptotrace.collect.calls import unlisted_payments
from cryptotrace.collect.holdings import STAKING, Holding, Key, holdings, signed
from cryptotrace.collect.income import KINDS, Income, allowed_kinds, ask_income, explorers_of, leave_contradicted
from cryptotrace.collect.journal import Journal, journal_of
from cryptotrace.collect.lists import reach_of
from cryptotrace.collect.proofs import Proofs, proofs
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.collect.runs import close_run, head_again, is_open, open_run, prepare_run, spec_of
from cryptotrace.collect.walks import OPEN_ENDS
from cryptotrace.collect.writing import forget_stored, response_row
from cryptotrace.errors import InputError, SourceError, Stopped, StoreError
from cryptotrace.model import canonical_tokens
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources import source_over
from cryptotrace.sources.base import Answer, HasBalances, HasNonces, Request, Source
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["prove", "replay_proofs"]

_VERB = "prove"
_BEYOND = {"block": 100_000, "ms": 3_600_000}
"""How far beyond the head newer rows are looked for: no explorer lies so far ahead of what is final."""
_NO_VALUE = frozenset({"delegatecall", "staticcall", "callcode"})


@dataclass(frozen=True, slots=True)
class _Target:
    """An account whose lists reach up to ``as_of`` (None: one has nothing), and the assets to ask for (``""`` for the coin)."""

    address: str
    as_of: int | None
    contracts: tuple[str, ...]


def prove(
    source: Source,
    store: Store,
    addresses: Iterable[tuple[str, str] | str] | None = None,
    *,
    tokens: Iterable[str] | None = None,
    max_requests: int | None = None,
    progress: bool | None = None,
) -> Proofs:
    """Ask for the balances of pulled accounts, and check that their rows add up to them, to the last unit.

    Parameters
    ----------
    source : Source
        An explorer that tells balances: the one that gave the lists or, better, another.
    store : Store
        What was collected; balances and raw answers go into it.
    addresses : iterable of str or (chain, address), optional
        Accounts of the chain of the source; by default all that were pulled.
    tokens : iterable of str, optional
        Contracts to ask for besides the coin; by default the tokens of our list that the account ever moved.
    max_requests : int, optional
        Requests that may be sent; what is not asked for stays unproven.
    progress : bool, optional
        Show a bar; by default where somebody is watching.

    Returns
    -------
    Proofs
        Of everything that was ever asked: ``print`` it for the counts, ``.table`` for the rows.

    Raises
    ------
    InputError
        If the source tells no balances, or nothing was pulled on its chain.
    SourceError
        If the explorer refuses the first question. Later refusals stand in the table, as ``unproven``.

    Notes
    -----
    One request an account and asset, one for its number of transactions, and, only where that does not add up at once, one or
    more for what the lists show beyond the block where the pull ended: explorers tell the balance of now. The same question is
    asked again by a later call, since its answer changes with time.

    An account that holds more of the coin than its rows say may have got it in no transaction: then the explorer is asked for
    withdrawals of stakes, blocks and uncles, until they explain it. Those rows go into the ledger with the kind ``reward``.
    """
    from cryptotrace.collect.pull import progress_bar

    if store.read_only:
        raise StoreError("the store was opened read-only", where=str(store.path), hint="Open it without read_only=True")
    if not isinstance(source, HasBalances):
        raise InputError(f"{source.name} tells no balances", where="prove", hint="Ask another explorer of the chain")
    targets = _targets(source, store, addresses, tokens)
    journal = journal_of(store)
    try:
        forget_stored(journal, store)
        fetcher = RecordingFetcher(source.fetcher, journal, judge=source.judge, max_requests=max_requests)
        asking = source.through(fetcher)
        goes_on = is_open(source, store, verb=_VERB)
        run, head = open_run(asking, fetcher, store, "finalized", verb=_VERB)
        before = prepare_run(asking, fetcher, store, journal, run)
        asked = _Asking(asking, fetcher, store, journal, run, head)
        with progress_bar(len(targets), progress=progress) as bar:
            asked.all(before, targets, bar, done=_done(source, store, run) if goes_on else frozenset())
        close_run(source, store, journal, run, head, verb=_VERB)
    finally:
        journal.close()
    return proofs(store)


def _targets(
    source: Source, store: Store, addresses: Iterable[tuple[str, str] | str] | None, tokens: Iterable[str] | None
) -> list[_Target]:
    """Give the accounts to ask about, in order of address, with the end of their shortest list."""
    chain = source.chain
    wanted = None if addresses is None else {
        parse_address(one if isinstance(one, str) else one[1], chain)
        for one in addresses
        if isinstance(one, str) or chain_of(one[0]).name == chain
    }  # fmt: skip
    pulled = [(address, end) for address, end in reach_of(store, chain).items() if wanted is None or address in wanted]
    if not pulled:
        raise InputError(f"no account on {chain} was pulled", where="prove", hint="Collect first, or give its addresses")
    moved = _moved(store, chain)
    given = None if tokens is None else tuple(sorted({parse_address(token, chain) for token in tokens}))
    return [_Target(address, end, ("", *(moved.get(address, ()) if given is None else given))) for address, end in pulled]


def _moved(store: Store, chain: str) -> Mapping[str, Sequence[str]]:
    """Give the tokens of our list that each account ever moved.

    Wrapped coins also where only the coin shows it, and what the account paid by transactions that no list of tokens shows.
    """
    found: dict[str, set[str]] = {}
    for of, signer, contract in unlisted_payments(store):
        if of == chain:
            found.setdefault(signer, set()).add(contract)
    wrappers = {contract for (of, contract), token in canonical_tokens().items() if of == chain and token.wraps_native}
    rows = store.rows(
        """
        SELECT DISTINCT m.address, a.contract, o.address
        FROM transfers AS t
        JOIN assets AS a ON a.id = t.asset
        JOIN accounts AS m ON m.id IN (t.sender, t.receiver)
        LEFT JOIN accounts AS o ON o.id IN (t.sender, t.receiver) AND o.id <> m.id
        WHERE t.chain = ? AND t.ok AND a.canonical
        """,
        [chain],
    )
    for address, contract, other in rows:
        for token in (contract, other):
            if token and (token == contract or (not contract and token in wrappers)):
                found.setdefault(address, set()).add(token)
    return {address: sorted(contracts) for address, contracts in found.items()}


def _done(source: Source, store: Store, run: str) -> frozenset[str]:
    """Give the accounts that a run was told about before it was killed: their answers stand in the store with the balances."""
    rows = store.rows(
        """
        SELECT b.address FROM balances AS b
        WHERE b.chain = $chain AND b.source = $source
            AND EXISTS (SELECT 1 FROM responses AS r
                WHERE r.chain = b.chain AND r.subject = b.address AND contains(r.request, $run))
        GROUP BY b.address HAVING count(*) FILTER (b.problem IN (SELECT unnest($open))) = 0
        """,
        {"chain": source.chain, "source": source.name, "run": f'"run":{json.dumps(run)}', "open": sorted(OPEN_ENDS)},
    )
    return frozenset(address for (address,) in rows)


@dataclass(slots=True)
class _Asking:
    """The questions of one run."""

    source: Any
    fetcher: RecordingFetcher
    store: Store
    journal: Journal
    run: str
    head: int
    held: Mapping[Key, Holding] = field(default_factory=dict)
    """What the rows say of everything that is asked; computed once, since a run only adds balances."""
    sent: Mapping[str, int] = field(default_factory=dict)

    def all(
        self, before: Sequence[Answer], targets: Sequence[_Target], bar: Any, *, done: Collection[str] = frozenset()
    ) -> None:  # fmt: skip
        """Ask about every account that is not done, and keep what a replay needs."""
        self.write(before, Batch())
        chain = self.source.chain
        with self.store.session():
            pulled = {target.address: target.as_of for target in targets if target.as_of is not None}
            self.held = holdings(
                self.store, {(chain, one.address, name): one.as_of for one in targets for name in one.contracts}
            )
            self.sent = {address: signed(self.store, chain, address, as_of) for address, as_of in pulled.items()}
        for target in targets:
            if target.address not in done:
                self.account(target)
            bar.update(1)
        _record(self.source, self.store, self.run, self.head, targets)

    def account(self, target: _Target) -> None:
        """Ask for everything of one account, and write it with the answers that it rests on."""
        told: dict[str, tuple[int | None, str | None]] = dict.fromkeys(target.contracts, (None, "not_pulled"))
        for contract in target.contracts if target.as_of is not None else ():
            told[contract] = self._try(partial(self.source.balance, target.address, contract or None, self.run))
        nonce = None
        if isinstance(self.source, HasNonces) and target.as_of is not None:
            nonce, _ = self._try(partial(self.source.nonce, target.address, self.run))
        later: Counter[tuple[str, bool]] = Counter()
        sent = 0
        if target.as_of is not None and self._differs(target, told, nonce):
            later, sent = self._since(target, target.as_of)
        income = self._income(target, told[""], later) if "" in told else Income()
        later["", True] += income.later
        told = {name: found if name or found[0] is None else (found[0], income.problem) for name, found in told.items()}
        batch = income.batch
        now = datetime.now(UTC)
        for contract, (amount, problem) in told.items():
            own = contract == ""
            batch.add(
                "balances",
                (
                    self.source.chain, target.address, contract, target.as_of, self.source.name, amount,
                    later[contract, True], later[contract, False], nonce if own else None, sent if own else None, problem, now,
                ),
            )  # fmt: skip
        answers = self.fetcher.drain()
        if income.is_stopped:  # the next call finds what was answered in the journal, and goes on there
            answers = [answer for answer in answers if answer.request.stream not in KINDS]
        self.write(tuple(answers), batch)

    def _income(self, target: _Target, told: tuple[int | None, str | None], later: Counter[tuple[str, bool]]) -> Income:
        """Ask for what came in no transaction, where the account holds more of the coin than its rows say."""
        chain, amount = self.source.chain, told[0]
        if amount is None or target.as_of is None:
            return Income()
        surplus = amount - later["", True] + later["", False] - self.held[chain, target.address, ""].net
        if surplus <= 0:
            return Income()
        found = ask_income(
            self.source, target.address, target.as_of, self._end(target.as_of), self.run, surplus=surplus,
            kinds=allowed_kinds(self.store, chain, target.address),
        )  # fmt: skip
        leave_contradicted(self.store, chain, target.address, found)
        if found.within + found.later == surplus:
            found.problem = None
        return found

    def _try(self, ask: Callable[[], Any]) -> tuple[int | None, str | None]:
        """Give what was told, or why not; a stop is a reason too."""
        try:
            return int(ask()), None
        except SourceError as problem:
            return None, problem.kind

    def _differs(self, target: _Target, told: Mapping[str, tuple[int | None, str | None]], nonce: int | None) -> bool:
        if nonce is not None and nonce != self.sent[target.address]:
            return True
        chain = self.source.chain
        return any(
            amount is not None and amount != self.held[chain, target.address, contract].net
            for contract, (amount, _) in told.items()
        )

    def _since(self, target: _Target, as_of: int) -> tuple[Counter[tuple[str, bool]], int]:
        """Add up what the lists show since: (contract, whether it came in) -> amount, and how many transactions were signed."""
        moved: Counter[tuple[str, bool]] = Counter()
        signed: set[str] = set()
        end = self._end(as_of)
        for stream in self.source.streams:
            # Several explorers as one end their lists at the head that all have reached: what is newer is asked of each alone.
            for one in (one for one in explorers_of(self.source) if stream in one.streams):
                found: Counter[tuple[str, bool]] = Counter()
                names: set[str] = set()
                try:
                    for page in one.pages(stream, target.address, as_of + 1, end):
                        _add_up(page.batch, target.address, found, names)
                except Stopped:
                    return moved, len(signed)
                except SourceError:
                    continue  # what nobody lists stays a difference, and that is seen
                moved += found
                signed |= names
                break
        return moved, len(signed)

    def _end(self, as_of: int) -> int:
        """Give the place up to which newer rows are looked for."""
        return max(self.head, as_of) + _BEYOND[chain_of(self.source.chain).axis]

    def write(self, answers: Sequence[Answer], batch: Batch) -> None:
        """Put answers and balances into the store together."""
        found = {answer.request.key: answer for answer in answers}
        keys = list(found)
        aside = [found.pop(key) for key in keys if found[key].request.stream in ASIDE]
        for answer in found.values():
            batch.add("responses", response_row(answer))
        with self.store.transaction():
            keep_aside(self.store, aside)
            self.store.run("DELETE FROM responses WHERE key IN (SELECT unnest(?))", [keys])
            for row in batch.rows.get("balances", ()):
                self.store.run(
                    "DELETE FROM balances WHERE chain = ? AND address = ? AND contract = ? AND source = ?", [*row[:3], row[4]]
                )
            self.store.load([batch])
        self.journal.drop(keys)


def _add_up(batch: Batch, address: str, moved: Counter[tuple[str, bool]], signed: set[str]) -> None:
    """Add the rows of a page to what came in and what went out."""
    for row in _dicts(batch, "transfers"):
        if row["ok"] and (row["call_type"] or "").lower() not in _NO_VALUE:
            amount, contract = int(row["amount"]), row["contract"] or ""
            moved[contract, True] += amount * (row["receiver"] == address)
            moved[contract, False] += amount * (row["sender"] == address)
    signed |= {row["tx_hash"] for row in _dicts(batch, "transactions") if row["signer"] == address}
    for row in _dicts(batch, "events"):
        if row["owner"] == address and row["amount"] is not None and row["kind"] in STAKING:
            moved["", STAKING[row["kind"]] == "in"] += int(row["amount"])
    for table, is_in in (("tx_outputs", True), ("tx_inputs", False)):
        for row in _dicts(batch, table):
            if row["address"] == address and row["block"] is not None:
                moved["", is_in] += int(row["amount"])


def _dicts(batch: Batch, table: str) -> Iterator[dict[str, Any]]:
    """Give the rows of a table, whether a page holds them as rows or as columns."""
    for row in batch.rows.get(table, ()):
        yield dict(zip(WIDE[table].names, row, strict=True))
    for columns in batch.tables.get(table, ()):
        yield from columns.to_pylist()


def _record(source: Source, store: Store, run: str, head: int, targets: Sequence[_Target]) -> None:
    """Keep what a replay needs."""
    parameters = {
        "source": spec_of(source),
        "chain": source.chain,
        "run": run,
        "head": head,
        "accounts": [[target.address, target.as_of, list(target.contracts)] for target in targets],
    }
    store.load([], run={"verb": _VERB, "parameters": json.dumps(parameters, sort_keys=True), "inputs": ""})


def replay_proofs(archive: Store, into: Store) -> None:
    """Rebuild the balances that were asked into ``archive`` from its raw answers.

    Raises
    ------
    VerificationError
        If a stored answer is not what its hash says.
    """
    from cryptotrace.collect.pull import progress_bar
    from cryptotrace.collect.replay import AsJudged

    # In the order in which they were: what one explorer had told was not asked of the next.
    runs = [json.loads(row[0]) for row in archive.rows('SELECT parameters FROM runs WHERE verb = ? ORDER BY "at"', [_VERB])]
    for run in runs:
        inner = ArchiveFetcher(StoreArchive(archive), missing=_never_told(archive, run["chain"]))
        source = source_over(run["source"], run["chain"], inner)
        journal = Journal(None)
        fetcher = RecordingFetcher(AsJudged(inner, source.judge), journal, judge=source.judge, max_requests=None)
        asking = source.through(fetcher)
        head_again(asking, archive, run["run"])
        before = prepare_run(asking, fetcher, into, journal, run["run"])
        targets = [_Target(address, as_of, tuple(contracts)) for address, as_of, contracts in run["accounts"]]
        _Asking(asking, fetcher, into, journal, run["run"], run["head"]).all(
            before, targets, progress_bar(len(targets), progress=False)
        )


def _never_told(archive: Store, chain: str) -> Callable[[Request], SourceError]:
    """Say why a balance was not told, for the request that never got an answer."""
    from cryptotrace.collect.replay import Ended

    rows = archive.rows("SELECT address, contract, problem FROM balances WHERE chain = ? AND problem IS NOT NULL", [chain])

    def missing(request: Request) -> SourceError:
        kinds = [kind for address, contract, kind in rows if address == request.subject and (contract or " ") in request.text]
        kinds += [kind for address, contract, kind in rows if address == request.subject and not contract]
        return Ended(kinds[0] if kinds else "not_archived", f"{request.source} {request.stream} {request.subject}")

    return missing
