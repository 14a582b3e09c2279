"""What goes wrong on the wire becomes a typed error in bounded time and memory."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from pulling import InProcess
from raw_server import send, serving

from cryptotrace.errors import MalformedAnswer, RateLimited, SourceError, TransientSourceError
from cryptotrace.settings import Secret
from cryptotrace.sources._http import HttpFetcher, header_seconds
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.answers import classify
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import KINDS, UNLIMITED, FakeEtherscan, Fault, random_chain

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
WORLD = random_chain(3)
ROWS = Request(
    source="etherscan",
    chain="ethereum",
    stream="native",
    subject=WORLD.addresses[0],
    parameters=(
        *(("chainid", "1"), ("module", "account"), ("action", "txlist"), ("address", WORLD.addresses[0])),
        *(("startblock", "0"), ("endblock", "99999999"), ("page", "1"), ("offset", "1000"), ("sort", "asc")),
    ),
)
GOOD = b'{"status":"1","message":"OK","result":[{"blockNumber":"1"}]}'
FETCHERS: list[HttpFetcher] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while FETCHERS:
        FETCHERS.pop().close()


def over_http(url: str, **settings: Any) -> HttpFetcher:
    defaults: dict[str, Any] = {
        "classify": classify,
        "pace": Pace(1e6),
        "secret": Secret("test-key"),
        "attempts": 1,
        "timeout": 0.3,
        "sleep": lambda _: None,
    }
    fetcher = HttpFetcher(url, **{**defaults, **settings})
    FETCHERS.append(fetcher)
    return fetcher


def outcome(fetcher: HttpFetcher) -> object:
    try:
        return fetcher.fetch(ROWS).body
    except SourceError as problem:
        return type(problem)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "moving_head"])
def test_a_fault_ends_in_process_as_it_does_over_http(kind):
    value = 0.8 if kind in ("hold", "slow_body") else None
    with FakeEtherscan(WORLD, plan=UNLIMITED, faults=Fault(kind, value, times=None)) as explorer:
        real = outcome(over_http(explorer.url))
    again = FakeEtherscan(WORLD, plan=UNLIMITED, faults=Fault(kind, value, times=None))
    assert real == outcome(InProcess(again, attempts=1))
    if KINDS[kind].stage in ("instead", "wire") and kind not in ("range_limit", "result_limit", "rpc_error", "null_result"):
        assert isinstance(real, type), kind


def test_a_body_that_drips_is_given_up_at_the_deadline():
    stop = threading.Event()

    def drip(handler: Any, _: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _byte in range(2_000):
            if stop.wait(0.02):
                return
            handler.wfile.write(b" ")
            handler.wfile.flush()

    with serving(drip) as url:
        start = time.monotonic()
        with pytest.raises(TransientSourceError, match="too slowly"):
            over_http(url, timeout=0.1).fetch(ROWS)
        stop.set()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("coding", ["gzip", "deflate", "chunked", "plain"])
def test_bodies_come_whole_in_every_coding(coding):
    body = GOOD + b" " * 200_000

    def reply(handler: Any, _: Any) -> None:
        if coding == "gzip":
            send(handler, 200, gzip.compress(body), Content_Encoding="gzip")
        elif coding == "deflate":
            send(handler, 200, zlib.compress(body), Content_Encoding="deflate")
        elif coding == "plain":
            send(handler, 200, body)
        else:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for at in range(0, len(body), 50_000):
                piece = body[at : at + 50_000]
                handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.write(b"0\r\n\r\n")

    with serving(reply) as url:
        assert over_http(url, timeout=5).fetch(ROWS).body == body


@pytest.mark.parametrize("way", ["short length", "cut chunk", "no end", "bad gzip", "cut gzip", "bad header", "not http"])
def test_an_answer_that_is_cut_or_broken_is_no_answer(way):
    def reply(handler: Any, _: Any) -> None:
        handler.close_connection = True
        if way == "short length":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + GOOD)
        elif way == "cut chunk":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + GOOD)
        elif way == "no end":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{len(GOOD):x}\r\n".encode() + GOOD)
        elif way == "bad gzip":
            send(handler, 200, b"\x1f\x8b" + GOOD, Content_Encoding="gzip")
        elif way == "cut gzip":
            send(handler, 200, gzip.compress(GOOD * 50)[:-12], Content_Encoding="gzip")
        elif way == "bad header":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n" + GOOD)
        else:
            handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    with serving(reply) as url, pytest.raises(TransientSourceError):
        over_http(url).fetch(ROWS)


def test_nobody_there_is_a_transient_error_that_names_the_host_and_not_the_query():
    with pytest.raises(TransientSourceError) as caught:
        over_http("http://127.0.0.1:9/v2/api", attempts=2).fetch(ROWS)
    assert "127.0.0.1:9" in str(caught.value)
    assert "apikey" not in str(caught.value)


@pytest.mark.parametrize("kind", ["huge_body", "huge_unannounced"])
def test_a_body_of_50_mb_is_refused_in_bounded_memory(kind):
    with FakeEtherscan(WORLD, plan=UNLIMITED, faults=Fault(kind, 50 * 2**20, times=None)) as explorer:
        fetcher = over_http(explorer.url, timeout=20)
        tracemalloc.start()
        try:
            with pytest.raises(MalformedAnswer, match="more than 24 MB"):
                fetcher.fetch(ROWS)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 60 * 2**20


def test_a_small_body_that_unpacks_to_200_mb_is_refused_in_bounded_memory():
    packed = gzip.compress(b" " * (200 * 2**20), 9)

    def reply(handler: Any, _: Any) -> None:
        send(handler, 200, packed, Content_Encoding="gzip")

    with serving(reply) as url:
        tracemalloc.start()
        try:
            with pytest.raises(MalformedAnswer, match="more than 24 MB"):
                over_http(url, timeout=20).fetch(ROWS)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 120 * 2**20


def test_a_redirect_is_never_followed_and_the_key_goes_nowhere_else():
    elsewhere: list[dict[str, str]] = []

    def other(handler: Any, query: dict[str, str]) -> None:
        elsewhere.append(query)
        send(handler, 200, GOOD)

    with serving(other) as away:

        def reply(handler: Any, query: dict[str, str]) -> None:
            send(handler, 302, b"", Location=f"{away}?apikey={query['apikey']}")

        with serving(reply) as url, pytest.raises(MalformedAnswer):
            over_http(url).fetch(ROWS)
    assert elsewhere == []


def test_environment_and_cookies_change_nothing(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    seen: list[str | None] = []

    def reply(handler: Any, _: Any) -> None:
        seen.append(handler.headers.get("Authorization"))
        send(handler, 200, GOOD, Set_Cookie="track=1; Path=/")

    with serving(reply) as url:
        fetcher = over_http(url)
        assert {fetcher.fetch(ROWS).body for _ in range(2)} == {GOOD}
    assert seen == [None, None]


def test_retries_happen_for_what_may_pass_and_their_number_is_counted_apart():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED, faults=Fault("html", 502, times=3))
    fetcher = InProcess(explorer)
    assert isinstance(fetcher.fetch(ROWS), Answer)
    assert dict(fetcher.calls) == {"native": 1, "retry": 3}
    assert len(explorer.requests) == 4


def test_six_tries_and_then_the_last_error():
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED, faults=Fault("http_429", None, times=None))
    with pytest.raises(RateLimited):
        InProcess(explorer).fetch(ROWS)
    assert len(explorer.requests) == 6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0", 0.0), (" 3 ", 3.0), ("-1", None), ("1e9", None), ("NaN", None), ("soon", None), ("", None), ("٣", None)],
)
def test_retry_after_is_believed_only_as_plain_seconds(text, seconds):
    assert header_seconds({"Retry-After": text}) == seconds


def test_calls_of_many_threads_are_all_counted():
    fetcher = InProcess(FakeEtherscan(WORLD, plan=UNLIMITED))
    threads = [threading.Thread(target=lambda: [fetcher.fetch(ROWS) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetcher.calls == {"native": 400}
