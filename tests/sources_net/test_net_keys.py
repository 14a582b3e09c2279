"""A key leaves the process in the query of a request and in nothing else, whatever the server does."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
import zlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from raw_server import send, serving

import cryptotrace as ct
from cryptotrace.collect import pull
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.pull import collect
from cryptotrace.errors import BadKey, InputFileError, SourceError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import open_source
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.etherscan.answers import classify
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import KINDS, UNLIMITED, FakeEtherscan, Fault, random_chain

CANARY = 'CANARY7f3kQ+/x&= "<é'
FORMS = [CANARY, quote(CANARY, safe=""), quote_plus(CANARY), escape(CANARY), 'CANARY7f3kQ+/x&= \\"<', "CANARY7f3kQ"]
WORLD = random_chain(5)
LOCAL = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_WAIT", 0.002)


def source_at(url: str, **settings: Any) -> Any:
    return open_source(
        "etherscan",
        chain="ethereum",
        key=CANARY,
        base_url=url,
        settings=Settings(keys={}, timeout=0.3, attempts=2, **settings),
        sleep=lambda _: None,
    )


def everything_about(problem: BaseException) -> Iterator[str]:
    """Give all that a handler, a logger or a debugger can print of an exception and of what it came from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [problem]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (repr(one), str(one), repr(vars(one)), repr(one.args))
        yield from traceback.TracebackException.from_exception(one, capture_locals=True).format()
        waiting += [one.__cause__, one.__context__]


def assert_clean(texts: list[str], folder: Path) -> None:
    for form in FORMS:
        for text in texts:
            assert form not in text
        for path in folder.rglob("*"):
            if path.is_file():
                assert form.encode() not in path.read_bytes(), path


def check_run(url: str, folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """Collect, and look at everything that is left; gives how it ended."""
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    source, end = source_at(url), "collected"
    store = ct.open_store(folder / "case.duckdb")
    try:
        result = collect(source, store, WORLD.addresses, max_requests=40, progress=False)
        texts += [str(result), repr(result), result._repr_html_()]
    except SourceError as problem:
        end = problem.kind
        texts += everything_about(problem)
    finally:
        source.fetcher.close()
    for body in [row[0] for row in store.rows("SELECT body FROM responses")]:
        texts.append(zlib.decompress(body).decode("utf-8", "replace"))
    left = Path(f"{store.path}.journal")
    if left.exists():
        journal = Journal(left)
        texts += [repr(answer) for answer in journal._answers.values()]
        journal.close()
    for table in ("responses", "coverage", "rejects", "meta", "runs"):
        texts.append(repr([row[:1] + row[2:] for row in store.rows(f"SELECT * FROM {table}")]))
    texts += [repr(source), str(source), repr(vars(source)), repr(source.fetcher), str(vars(source.fetcher)["_secret"])]
    texts += [record.getMessage() + repr(record.args) + str(record.exc_text) + str(record.msg) for record in caplog.records]
    texts.append(caplog.text)
    assert_clean(texts, folder)
    return end


@LOCAL
@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("huge")])
def test_no_fault_makes_the_key_appear_anywhere(kind, tmp_path, caplog):
    faults = Fault(kind, 0.5 if kind in ("hold", "slow_body") else None, times=4 if kind in ("hold", "slow_body") else None)
    with FakeEtherscan(WORLD, key=CANARY, plan=UNLIMITED, faults=faults) as explorer:
        check_run(explorer.url, tmp_path, caplog)
        assert len(explorer.requests) > 0


@LOCAL
@pytest.mark.parametrize(("status", "first"), [(200, 1), (429, 1), (200, 3), (302, 3), (403, 3), (502, 3)])
@pytest.mark.parametrize("form", ["text", "json", "rpc", "html", "rows"])
def test_a_server_that_repeats_the_key_does_not_put_it_into_files_logs_or_errors(form, status, first, tmp_path, caplog):
    honest = FakeEtherscan(WORLD, key=CANARY, plan=UNLIMITED)
    asked = []

    def echo(handler: Any, query: dict[str, str]) -> None:
        asked.append(query)
        key = query["apikey"]
        if len(asked) < 2 * first:
            answer = honest.answer(query)
            send(handler, answer.status, answer.body)
            return
        body = {
            "text": f"no such key: {key} {quote(key, safe='')} {quote_plus(key)}",
            "json": json.dumps({"status": "0", "message": f"NOTOK {key}", "result": f"no {key}"}, ensure_ascii=False),
            "rpc": json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": key}}),
            "html": f"<a href='/?apikey={quote_plus(key)}'>{escape(key)}</a>",
            "rows": json.dumps({"status": "1", "message": "OK", "result": [{"blockNumber": "1", "from": key, "hash": key}]}),
        }[form]
        headers = {"Location": f"/?apikey={quote(key, safe='')}", "Date": quote(key), "Retry_After": quote(key)}
        send(handler, status, body.encode(), **headers, X_Key=quote(key, safe=""))

    with serving(echo) as url:
        check_run(url, tmp_path, caplog)
    assert any("apikey" in query for query in asked)


@LOCAL
def test_the_debug_log_of_the_http_library_shows_requests_without_the_key(caplog):
    caplog.set_level(logging.DEBUG)
    with FakeEtherscan(WORLD, key=CANARY, plan=UNLIMITED) as explorer:
        source = source_at(explorer.url)
        source.head("1")
        source.fetcher.close()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("urllib3")]
    assert any("apikey=***" in line for line in lines)
    assert_clean(lines, Path("/nonexistent"))


@LOCAL
def test_an_error_on_the_wire_carries_no_context_that_holds_the_address_with_the_key():
    with pytest.raises(SourceError) as caught:
        source_at("http://127.0.0.1:9/v2/api").head("1")
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert_clean(list(everything_about(caught.value)), Path("/nonexistent"))


def test_a_secret_shows_itself_to_nobody():
    secret = Secret(CANARY)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", "%s" % secret, repr([secret]), repr({"a": secret})]  # noqa: UP031
    texts.append(repr(Settings(keys={"etherscan": secret})))
    with pytest.raises(TypeError, match="not written") as caught:
        pickle.dumps(secret)
    assert_clean([*texts, *everything_about(caught.value)][:-1], Path("/nonexistent"))
    assert secret == Secret(CANARY)
    assert secret != CANARY
    assert len({secret, Secret(CANARY)}) == 1


@pytest.mark.parametrize("key", [None, "", Secret("")])
def test_a_missing_key_is_said_at_once_with_where_to_get_one(key):
    with pytest.raises(BadKey, match=r"https://etherscan\.io/apidashboard") as caught:
        open_source("etherscan", chain="ethereum", key=key, settings=Settings(keys={}))
    assert caught.value.exit_code == 4


def test_keys_come_from_the_environment_a_file_or_the_argument(tmp_path):
    file = tmp_path / "key"
    file.write_text("  from-file\n")
    assert Settings.from_env({"ETHERSCAN_API_KEY": "plain"}).keys == {"etherscan": Secret("plain")}
    assert Settings.from_env({"CRYPTOTRACE_ETHERSCAN_API_KEY": "own"}).keys == {"etherscan": Secret("own")}
    assert Settings.from_env({"ETHERSCAN_API_KEY_FILE": str(file)}).keys == {"etherscan": Secret("from-file")}
    assert Settings.from_env({"ETHERSCAN_API_KEY": " ", "ETHERSCAN_API_KEY_FILE": ""}).keys == {}
    with pytest.raises(InputFileError, match="ETHERSCAN_API_KEY_FILE"):
        Settings.from_env({"ETHERSCAN_API_KEY_FILE": str(tmp_path / "none")})


@LOCAL
def test_a_key_that_was_pasted_with_a_line_break_works():
    with FakeEtherscan(WORLD, key="test-key", plan=UNLIMITED) as explorer:
        source = open_source("etherscan", chain="ethereum", key=" test-key\n", base_url=explorer.url)
        assert isinstance(source.fetcher, HttpFetcher)
        assert source.head("1") > 0
        source.fetcher.close()


@pytest.mark.parametrize(("key", "header"), [("abc\udcff", ""), ("abc\udcff", "X-Key"), ("two\nlines", ""), ("клю4", "X-Key")])
def test_a_key_that_cannot_be_sent_is_refused_at_once_and_not_shown(key, header):
    with pytest.raises(BadKey, match="characters that no key has") as caught:
        HttpFetcher("http://127.0.0.1:9/", classify=classify, pace=Pace(1), secret=Secret(key), secret_header=header)
    assert key not in str(caught.value)
    assert caught.value.__context__ is None
