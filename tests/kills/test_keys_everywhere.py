"""A key of any explorer, after any refusal that repeats it: in no file, log, exception, result, store or archive."""

from __future__ import annotations

import json
import logging
import traceback
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from echoing import Reply, Sent, serving
from scenes import SCENES

import cryptotrace as ct
from cryptotrace import errors
from cryptotrace.collect import pull
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.prices import fetch_prices
from cryptotrace.errors import CryptotraceError, SourceError
from cryptotrace.schema import STORED
from cryptotrace.settings import Settings
from cryptotrace.sources.base import Request
from cryptotrace.sources.explorers import EXPLORERS
from cryptotrace.sources.opening import open_source
from cryptotrace.sources.prices import open_prices

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
CANARY = 'CANARY7f3kQ+/x&= "<'
IN_URL = "CANARY7f3kQ-0123456789-of-a-node"
NONE = "no key came"
KEYED = ("etherscan", "routescan", "blockscout", "blockscout_rest", "trongrid", "tronscan", "rpc")
KEYLESS = ("esplora", "mempool", "blockchain_info")
FORMS = [CANARY, quote(CANARY, safe=""), quote_plus(CANARY), escape(CANARY), "CANARY7f3kQ"]
WORDS = {
    "key": (401, "Invalid API Key"),
    "plan": (200, "Sorry, it looks like you are trying to access an API Pro endpoint. Contact us to upgrade to API Pro."),
    "chain": (200, "Free API access is not supported for this chain"),
    "day": (200, "Max daily rate limit reached. 110000 of 100000 day/limit"),
    "quick": (429, "Max calls per sec rate limit reached"),
    "range": (200, "Query Timeout occured. Please select a smaller result dataset"),
    "request": (400, "Error! Missing Or invalid Action name"),
    "gone": (404, "Not found"),
    "indexing": (200, "have not been processed yet"),
    "busy": (503, "server too busy"),
    "moved": (302, "moved"),
    "odd": (200, ""),
}
SOME_KINDS = {
    "bad_key", "plan_required", "quota_exhausted", "rate_limited", "range_too_large", "bad_request", "not_indexed_yet",
    "unavailable", "malformed",
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)


def key_of(sent: Sent) -> str:
    """Give the key as the server sees it."""
    headers = {name.lower(): text for name, text in sent.headers.items()}
    carried = (sent.params.get("apikey"), headers.get("tron-pro-api-key"), headers.get("x-cg-demo-api-key"))
    return next((text for text in carried if text), IN_URL if IN_URL in sent.path else NONE)


def repeated(sent: Sent, word: str) -> Reply:
    """Refuse in these words, with the key in every place and every spelling."""
    key, (status, text) = key_of(sent), WORDS[word]
    said = f"{text} {key} {quote(key, safe='')} {quote_plus(key)} {escape(key)}"
    body: Any = {"status": "2" if word == "indexing" else "0", "message": said, "result": said, "error": said, "success": False}
    if sent.payload:
        body = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": said}}
    if word == "odd":
        rows = [{"hash": key, "from": key, "txid": key, "transaction_id": key}]
        body = {
            "status": "1",
            "message": "OK",
            "result": rows,
            "data": rows,
            "items": rows,
            "token_transfers": rows,
            "txs": rows,
        }
    headers = {"Location": f"/?key={quote(key, safe='')}", "Date": quote(key), "Content-Type": quote(key)}
    return Reply(json.dumps(body, ensure_ascii=False).encode(), status, headers)


class Echo:
    """An honest explorer, until it refuses everything in some words."""

    def __init__(self, name: str) -> None:
        self.scene = SCENES[name](1)
        self.fake = self.scene.fakes.get(name)
        self.word = ""
        self.asked = 0
        self.keys: set[str] = set()

    def __call__(self, sent: Sent) -> Reply:
        self.asked += 1
        self.keys.add(key_of(sent))
        if self.word or self.fake is None:
            return repeated(sent, self.word)
        params = {name: text for name, text in sent.params.items() if name != "apikey"}
        given: dict[str, Any] = {"path": sent.path.replace(IN_URL, "test-key-0123456789")}
        if type(self.fake).__name__ in ("OneChain", "FakeEtherscan"):
            params["apikey"] = "test-key"
        if type(self.fake).__name__ in ("Grid", "FakeTronscan", "FakeRpc", "Scout"):
            given["payload"] = sent.payload
        answer = self.fake.answer(params, **given)
        return Reply(answer.body, answer.status)


def everything_about(problem: BaseException) -> Iterator[str]:
    """Give all that a handler, a logger or a debugger can print of an exception and of what it came from."""
    waiting: list[BaseException | None] = [problem]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (repr(one), str(one), repr(vars(one)), repr(one.args))
        yield from traceback.TracebackException.from_exception(one, capture_locals=True).format()
        waiting += [one.__cause__, one.__context__]


def outcome_of(ask: Callable[[], Any]) -> tuple[list[str], str]:
    """Give all that there is to see of what was given or raised, and the kind of a refusal."""
    try:
        found = ask()
    except CryptotraceError as problem:  # here, so that no frame of its traceback holds what was seen before
        return list(everything_about(problem)), str(getattr(problem, "kind", ""))
    return [str(found), repr(found), found._repr_html_() if hasattr(found, "_repr_html_") else ""], ""


def everything_in(store: ct.Store) -> Iterator[str]:
    """Give every table, which is all that a report is made of, the raw answers unpacked, and the journal."""
    for table in STORED:
        yield repr(store.rows(f"SELECT * FROM {table}"))
    for (body,) in store.rows("SELECT body FROM responses"):
        yield zlib.decompress(body).decode("utf-8", "replace")
    left = Path(f"{store.path}.journal")
    if left.exists():
        journal = Journal(left)
        yield from (repr(answer) for answer in journal._answers.values())
        journal.close()


def assert_clean(texts: list[str], folder: Path) -> None:
    for form in FORMS:
        assert not [text[:300] for text in texts if form in text]
        for path in folder.rglob("*"):
            assert form.encode() not in path.read_bytes(), path


def opened(name: str, url: str) -> Any:
    url += f"/v2/{IN_URL}" if name == "rpc" else "/v2/api" if name in ("etherscan", "routescan") else ""
    url += "/api" if name in ("esplora", "mempool") else ""
    return open_source(
        name, chain={"tron": "tron", "bitcoin": "bitcoin"}.get(EXPLORERS[name].family, "ethereum"), base_url=url,
        key=None if name == "rpc" else CANARY, settings=Settings(keys={}, attempts=2), sleep=lambda _: None,
    )  # fmt: skip


def shown(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record.getMessage() + repr(record.args) + str(record.exc_text) + str(record.msg) for record in caplog.records]
    return [*records, caplog.text]


@pytest.mark.parametrize("name", [*KEYED, *KEYLESS])
def test_no_refusal_makes_the_key_of_an_explorer_appear_anywhere(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo, texts, kinds = Echo(name), [], set[str]()
    with serving(echo) as url:
        source = opened(name, url)
        for echo.word in WORDS:
            seen, kind = outcome_of(partial(source.head, echo.word))
            assert kind, echo.word
            kinds.add(kind)
            texts += seen
        store = ct.open_store(tmp_path / "case.duckdb")
        for echo.word in ("", *WORDS):
            most = 8 if echo.word else 14
            texts += outcome_of(
                partial(ct.collect, source, store, echo.scene.addresses[:2], max_requests=most, progress=False)
            )[0]
        rows = store.rows("SELECT reason FROM coverage")
        kinds |= {reason for (reason,) in rows if reason}
        source.fetcher.close()
    texts += [*everything_in(store), *shown(caplog), repr(source), repr(vars(source)), repr(source.fetcher)]
    texts.append(str(vars(source.fetcher)["_secret"]))
    assert store.rows("SELECT count(*) FROM responses")[0][0] > 0
    assert len(kinds & SOME_KINDS) >= (4 if name in KEYLESS else 5), kinds
    assert echo.keys == {NONE if name in KEYLESS else IN_URL if name == "rpc" else CANARY}
    assert_clean(texts, tmp_path)


def test_the_explorers_here_are_all_that_there_are_and_those_without_keys_are_sent_none() -> None:
    assert {*KEYED, *KEYLESS} == set(EXPLORERS)
    for name in KEYLESS:
        assert not opened(name, "http://127.0.0.1:9").fetcher.has_key


@pytest.mark.parametrize("word", WORDS)
def test_no_refusal_makes_the_key_of_an_oracle_appear_anywhere(
    word: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scene, echo = SCENES["prices"](1), Echo("prices")
    echo.word = word
    scene.begin(tmp_path / "case.duckdb")
    store = ct.open_store(tmp_path / "case.duckdb")
    with serving(echo) as url:
        source: Any = open_prices(
            "coingecko", key=CANARY, base_url=url, settings=Settings(keys={}, attempts=2), sleep=lambda _: None
        )
        texts = outcome_of(partial(fetch_prices, store, [source], max_requests=4, progress=False))[0]
        source.fetcher.close()
    assert echo.keys == {CANARY}
    assert_clean([*texts, *everything_in(store), *shown(caplog)], tmp_path)


ERRORS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SourceError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_no_class_of_error_carries_the_key_of_the_request_that_it_is_about(
    kind: type[SourceError], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever an explorer's adapter raises about an answer that repeats the key, the fetcher has taken it out before."""
    caplog.set_level(logging.DEBUG)

    def judge(answer: Any) -> None:
        raise kind(answer.body.decode(), where=repr(answer.headers), hint=repr(answer))

    with serving(lambda sent: repeated(sent, "key")) as url:
        source = opened("etherscan", url)
        source.fetcher._classify = judge
        with pytest.raises(SourceError) as caught:
            source.fetcher.fetch(Request(source="etherscan", chain="ethereum", stream="head"))
        source.fetcher.close()
    assert "***" in str(caught.value)
    assert_clean([*everything_about(caught.value), *shown(caplog)], Path("/nonexistent"))
