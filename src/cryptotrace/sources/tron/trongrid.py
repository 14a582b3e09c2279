"""TronGrid: both lists of an account on TRON, walked so that nothing is lost, and the node behind the same address.

Lists run along time: a place is a moment in milliseconds since 1970. They are walked from the oldest row on, under a fixed
head, by the opaque mark that each page gives for the next (``fingerprint``). A page may end between two rows of a transaction,
so rows of its last moment wait for the next page. Where a mark is refused, or a full page has none, the walk goes on with a new
window from that moment; rows are never taken twice. Both lists are always walked: the transactions of an account do not show
the TRC-20 tokens that it received, and only they show what contracts paid it.

Rows of broken tokens do not name their contract; the receipt of their transaction does, and is asked for.

Not verified live: whether a full last page has a mark; how long marks live and in which words a lost one is refused; whether
the index behind the lists is ever behind the newest solidified block; the names of the amounts of unstakes and rewards in list
rows; what a refused key is answered with; whether transactions show their internal ones too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from cryptotrace.codecs import ChainInfo, chain_of, key_bytes, parse_address
from cryptotrace.errors import BadRequest, InputError, MalformedAnswer, NotIndexedYet, RangeTooLarge
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer, Fetcher, Page, Request
from cryptotrace.sources.tron.answers import Listed, classify, read_listed, read_object
from cryptotrace.sources.tron.checks import check_page, is_doubtful, repeats
from cryptotrace.sources.tron.events import events_of
from cryptotrace.sources.tron.native_columns import tables_of_body as native_tables
from cryptotrace.sources.tron.receipts import receipt_of
from cryptotrace.sources.tron.spelling import FIRST_MS, LAST_MS, asset_id, sun, tx_name
from cryptotrace.sources.tron.transactions import stamp_of, transactions_of
from cryptotrace.sources.tron.trc20 import contracts_in, is_nameless, trc20_of, with_contract
from cryptotrace.sources.tron.trc20_columns import tables_of_body as token_tables

__all__ = ["TronGrid"]

_PAGE = 200
_REASKS = 3
_LISTS = {"native": "/v1/accounts/{}/transactions", "token": "/v1/accounts/{}/transactions/trc20"}
_TABLES_OF_BODY = {"native": native_tables, "token": token_tables}
_WORD = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a walk stands: a window of moments, rows a page, from when on rows are still wanted, and the mark to ask with.

    ``floor`` is the earliest moment that the page can show: a resumed walk reads once more the page that it left off in.
    """

    first: int
    last: int
    size: int
    since: int
    mark: str
    floor: int

    @property
    def text(self) -> str:
        return f"{self.first}-{self.last} {self.size} {self.since} {quote(self.mark, safe='')}".rstrip()


class TronGrid:
    """The lists, balances and receipts of TRON at TronGrid.

    Parameters
    ----------
    chain : str
        Any name of TRON.
    fetcher : Fetcher
        Where answers come from: the network, an archive, or both.
    page_rows : int
        Rows a page; 200 is the most that is served.
    on_rate : callable
        Not called: the pace is known before the first request.

    Raises
    ------
    InputError
        If the chain is not TRON.

    Notes
    -----
    The head is the time of the newest solidified block, and ``to_block`` of ``collect`` is a moment in ms too.
    """

    name = "trongrid"
    streams = ("native", "token")
    questions = 1

    def __init__(
        self,
        chain: str,
        fetcher: Fetcher,
        *,
        page_rows: int = _PAGE,
        on_rate: Callable[[float], None] = lambda _: None,
    ) -> None:
        info = chain_of(chain)
        if info.family != "tron":
            raise InputError(
                f"{self.name} does not serve {info.name}", where="open_source", hint="Use an explorer of that chain"
            )
        self._chain: ChainInfo = info
        self.fetcher = fetcher
        self.page_rows = page_rows
        self._on_rate = on_rate

    @staticmethod
    def judge(answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""
        classify(answer)

    def through(self, fetcher: Fetcher) -> TronGrid:
        """Give the same source with answers from elsewhere."""
        return type(self)(self.chain, fetcher, page_rows=self.page_rows, on_rate=self._on_rate)

    @property
    def chain(self) -> str:
        """Our name of the chain."""
        return self._chain.name

    # -- single questions ------------------------------------------------------------------------------------------------

    def _ask(
        self,
        stream: str,
        path: str,
        parameters: tuple[tuple[str, str], ...] = (),
        *,
        subject: str = "",
        run: str = "",
        payload: str = "",
    ) -> Answer:
        request = Request(
            source=self.name, chain=self.chain, stream=stream, subject=subject, parameters=parameters, run=run, path=path,
            payload=payload,
        )  # fmt: skip
        return self.fetcher.fetch(request)

    def prepare(self, run: str) -> None:
        """Ask nothing: plans differ in pace alone."""

    def head(self, run: str) -> int:
        """Give the time of the newest solidified block, in ms: what is that old does not change any more."""
        found = read_object(self._ask("head", "/walletsolidity/getnowblock", run=run))
        header = found.get("block_header")
        raw = header.get("raw_data") if isinstance(header, dict) else None
        stamp = raw.get("timestamp") if isinstance(raw, dict) else None
        if type(stamp) is not int or not FIRST_MS <= stamp < LAST_MS:
            raise MalformedAnswer("the newest block has no time", where=f"{self.name} head", hint="Try again")
        return stamp

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give a balance in base units: of TRX, of a TRC-20 token by its contract, of a TRC-10 token by its number.

        Notes
        -----
        It is the balance of the newest solidified block at the time of asking: newer than the head of a run by as long as the
        run has taken. Staked TRX is not in it.
        """
        holder = parse_address(address, self.chain)
        if contract is not None and not contract.isdigit():
            return self._token_balance(holder, parse_address(contract, self.chain), run)
        listed = read_listed(
            self._ask("balance", f"/v1/accounts/{holder}", (("only_confirmed", "true"),), subject=holder, run=run)
        )
        if not listed.rows:
            return 0  # an account that was never used
        try:
            return _held(listed.rows, holder, contract)
        except InputError as problem:
            raise MalformedAnswer(problem.what, where=f"{self.name} balance {holder}", hint="Try again") from problem

    def _token_balance(self, holder: str, contract: str, run: str) -> int:
        key = key_bytes(holder, self.chain)
        assert key is not None
        payload = json.dumps({
            "owner_address": holder, "contract_address": contract, "function_selector": "balanceOf(address)",
            "parameter": f"{key.hex():0>64}", "visible": True,
        })  # fmt: skip
        path = "/walletsolidity/triggerconstantcontract"
        found = read_object(self._ask("balance", path, subject=holder, run=run, payload=payload))
        words, outcome = found.get("constant_result"), found.get("result")
        where = f"{self.name} balance {holder}"
        if not isinstance(outcome, dict) or outcome.get("message") or outcome.get("result") is not True or _failed(found):
            raise BadRequest(f"the contract {contract} does not tell balances", where=where)
        if not isinstance(words, list) or not words or type(words[0]) is not str or not _WORD.fullmatch(words[0]):
            raise MalformedAnswer("the balance is no number", where=where, hint="Try again")
        return int(words[0], 16)

    def receipt(self, tx_hash: str) -> Batch:
        """Give the token transfers of a transaction with the places of their logs, its events, inner payments and fee."""
        try:
            name = tx_name(tx_hash, "tx_hash")
        except InputError as problem:
            raise InputError(problem.what, where="receipt", hint="Give the hash of a transaction") from None
        payload = json.dumps({"value": name})
        found = read_object(self._ask("receipt", "/walletsolidity/gettransactioninfobyid", payload=payload))
        return receipt_of(found, name, where=f"{self.name}:{self.chain}:receipt")

    # -- walks -----------------------------------------------------------------------------------------------------------

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list between two moments in ms, or go on at a cursor; see :meth:`Source.pages`."""
        subject = parse_address(address, self.chain)
        spot = _Spot(first, last, self.page_rows, first, "", first) if cursor is None else _read_spot(cursor)
        path = _LISTS[stream].format(subject)
        return self._walk(stream, subject, path, (), ("min_timestamp", "max_timestamp"), spot)

    def events(self, contract: str, event_name: str, first: int, last: int) -> Iterator[Page]:
        """Walk the events of a contract by their name, such as what USDT froze (``AddedBlackList``), between two moments in ms.

        Raises
        ------
        InputError
            If the name is no name of an event.
        """
        if not (event_name.isascii() and event_name.isidentifier()):
            raise InputError("no name of an event", where="events", hint='One is "AddedBlackList"')
        subject = parse_address(contract, self.chain)
        names = ("min_block_timestamp", "max_block_timestamp")
        spot = _Spot(first, last, self.page_rows, first, "", first)
        return self._walk("events", subject, f"/v1/contracts/{subject}/events", (("event_name", event_name),), names, spot)

    def _walk(
        self,
        stream: str,
        subject: str,
        path: str,
        more: tuple[tuple[str, str], ...],
        names: tuple[str, str],
        spot: _Spot,
    ) -> Iterator[Page]:
        held: list[Any] = []
        marks: set[str] = set()
        while True:
            query = (*more, *self._query(names, spot))
            try:
                listed = self._page(stream, subject, path, query, spot, held)
            except BadRequest:
                if not spot.mark:
                    raise
                spot, held = self._rewound(spot, stream, subject, "the explorer does not know its own mark"), []
                continue
            rows = held + [row for row in listed.rows if _stamp(row) >= spot.since]
            if not listed.fingerprint and len(listed.rows) < spot.size:
                yield Page(batch=self.parse(stream, self._named(stream, rows)), rows=len(rows), through=spot.last, cursor="")
                return
            if listed.fingerprint in marks:
                spot, held = self._rewound(spot, stream, subject, "the explorer goes in a circle"), []
                continue
            cut = _stamp(rows[-1]) if rows else spot.since
            whole, held = [row for row in rows if _stamp(row) < cut], [row for row in rows if _stamp(row) == cut]
            here = replace(spot, since=cut)
            if listed.fingerprint:
                marks.add(listed.fingerprint)
                spot = replace(here, mark=listed.fingerprint, floor=cut)
            else:
                spot, held = self._rewound(here, stream, subject, "a full page without a mark for the next"), []
                here = spot
            if whole:
                yield Page(
                    batch=self.parse(stream, self._named(stream, whole)), rows=len(whole), through=cut - 1, cursor=here.text
                )

    def _query(self, names: tuple[str, str], spot: _Spot) -> tuple[tuple[str, str], ...]:
        query = (
            ("only_confirmed", "true"),
            ("limit", str(spot.size)),
            ("order_by", "block_timestamp,asc"),
            (names[0], str(spot.first)),
            (names[1], str(spot.last)),
        )
        return (*query, ("fingerprint", spot.mark)) if spot.mark else query

    def _rewound(self, spot: _Spot, stream: str, subject: str, why: str) -> _Spot:
        """Give a new window from the moment up to which all is here.

        Where that is the old one, pages become smaller by one row, once: so a last page that is just full tells itself from one
        whose mark was lost.
        """
        if spot.since > spot.first:
            return _Spot(spot.since, spot.last, self.page_rows, spot.since, "", spot.since)
        if spot.size < self.page_rows or spot.size == 1:
            raise RangeTooLarge(
                f"moment {spot.since} cannot be read whole: {why}",
                where=f"{self.name} {self.chain} {stream} {subject}",
                hint="Its rows are in receipts or another explorer; the walk stops here rather than lose them",
            )
        return replace(spot, size=spot.size - 1, mark="", floor=spot.first)

    def _page(
        self, stream: str, subject: str, path: str, query: tuple[tuple[str, str], ...], spot: _Spot, held: list[Any]
    ) -> Listed:
        """Ask for one page, and again if what comes cannot be true; odd rows that stay odd are left to be rejected."""
        where = f"{self.name} {self.chain} {stream} {subject}"
        problem: MalformedAnswer | None = None
        found: Listed | None = None
        for attempt in range(_REASKS):
            again = f"again {attempt}" if attempt else ""
            try:
                listed = read_listed(self._ask(stream, path, query, subject=subject, run=again))
                check_page(
                    listed.rows, stream=stream, subject=subject, first=spot.floor, last=spot.last, most=spot.size,
                    where=where,
                )  # fmt: skip
            except MalformedAnswer as refusal:
                problem = refusal
                continue
            found = listed
            if not repeats(listed.rows, held, stream) and not is_doubtful(self.parse(stream, listed.rows)):
                break
        if found is None:
            assert problem is not None
            raise problem
        return found

    def _named(self, stream: str, rows: list[Any]) -> list[Any]:
        """Give token rows with the contract that only the receipt of their transaction names, where it names one."""
        if stream != "token":
            return rows
        contracts: dict[str, dict[tuple[Any, ...], set[str]]] = {}
        found = []
        for row in rows:
            name = row.get("transaction_id")
            if is_nameless(row) and name not in contracts:
                contracts[name] = self._contracts(name)
            found.append(with_contract(row, contracts[name]) if is_nameless(row) else row)
        return found

    def _contracts(self, tx_hash: Any) -> dict[tuple[Any, ...], set[str]]:
        try:
            return contracts_in(self.receipt(tx_hash))
        except (NotIndexedYet, InputError):
            return {}  # the rows will be rejected, which coverage says

    def parse(self, stream: str, rows: list[Any]) -> Batch:
        """Turn rows of a list into transfers and events; what does not fit is rejected whole. Pure."""
        file = f"{self.name}:{self.chain}:{stream}"
        return {"native": transactions_of, "token": trc20_of, "events": events_of}[stream](rows, file=file)

    def parse_answer(self, answer: Answer) -> Batch:
        """Turn a whole answer that :meth:`judge` let pass into transfers, as :meth:`parse` does. Pure.

        Raises
        ------
        MalformedAnswer
            If the answer is no page of a list.
        """
        of_body = _TABLES_OF_BODY.get(answer.request.stream)
        tables = of_body(answer.body) if of_body is not None else None
        if tables is not None:
            return Batch(tables=tables)
        return self.parse(answer.request.stream, read_listed(answer).rows)


def _stamp(row: Any) -> int:
    found = stamp_of(row)
    assert found is not None, "rows were checked"
    return found


def _failed(found: dict[str, Any]) -> bool:
    """Whether a call was reverted, which the transaction beside the result says."""
    made = found.get("transaction")
    ret = made.get("ret") if isinstance(made, dict) else None
    return isinstance(ret, list) and any(isinstance(one, dict) and one.get("ret") == "FAILED" for one in ret)


def _held(rows: list[Any], holder: str, asset: str | None) -> int:
    """Read a balance out of the row of an account."""
    row = rows[0]
    if len(rows) != 1 or not isinstance(row, dict) or parse_address(str(row.get("address")), "tron") != holder:
        raise InputError("not the account that was asked for")
    if asset is None:
        return sun(row.get("balance", 0), "balance")
    held = row.get("assetV2", [])
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise InputError("assetV2 is not a list of objects")
    return sum(sun(one.get("value", 0), "assetV2") for one in held if asset_id(one.get("key")) == asset)


def _read_spot(cursor: str) -> _Spot:
    """Read what :attr:`_Spot.text` wrote."""
    words = cursor.split(" ")
    first, last = map(int, words[0].split("-"))
    mark = unquote(words[3]) if len(words) > 3 else ""
    return _Spot(first, last, int(words[1]), int(words[2]), mark, first)
