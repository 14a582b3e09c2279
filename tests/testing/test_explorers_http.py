"""The fake Etherscan over real HTTP on this machine: it answers, fails on the wire as told, and never hangs."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.request
from urllib.parse import urlencode, urlsplit

import pytest
from pytest_socket import SocketConnectBlockedError

from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, random_chain

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
WORLD = random_chain(3)
QUERY = {"chainid": "1", "apikey": "test-key", "module": "account", "action": "txlist", "address": WORLD.addresses[0]}


def fake(*faults: Fault, **settings: object) -> FakeEtherscan:
    return FakeEtherscan(WORLD, plan=UNLIMITED, faults=faults, **settings)


def connect(explorer: FakeEtherscan, timeout: float = 5) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(explorer.url).netloc, timeout=timeout)


def fetch(connection: http.client.HTTPConnection, **changes: str) -> tuple[int, dict, bytes]:
    connection.request("GET", "/v2/api?" + urlencode({**QUERY, **changes}))
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_http_gives_the_same_body_as_without_a_socket():
    with fake() as explorer, urllib.request.urlopen(f"{explorer.url}?{urlencode(QUERY)}", timeout=5) as answer:
        assert answer.read() == fake().answer(QUERY).body
        assert answer.headers["Content-Type"].startswith("application/json")
    assert explorer.requests[0].params == {name: value for name, value in QUERY.items() if name != "apikey"}


def test_many_requests_share_one_connection_and_threads_do_not_mix():
    with fake() as explorer:
        connection = connect(explorer)
        bodies = {fetch(connection)[2] for _ in range(50)}
        connection.close()
        found: dict[str, set[bytes]] = {address: set() for address in WORLD.addresses}

        def pull(address: str) -> None:
            own = connect(explorer)
            for _ in range(10):
                found[address].add(fetch(own, address=address)[2])
            own.close()

        threads = [threading.Thread(target=pull, args=(address,)) for address in WORLD.addresses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert bodies == {fake().answer(QUERY).body}
        assert found == {address: {fake().answer({**QUERY, "address": address}).body} for address in WORLD.addresses}
        assert [request.number for request in explorer.requests] == list(range(1, len(explorer.requests) + 1))


def test_nothing_but_this_machine_can_be_reached():
    with fake() as explorer, socket.socket() as outside:
        assert explorer.url.startswith("http://127.0.0.1:")
        with pytest.raises(SocketConnectBlockedError), pytest.warns(UserWarning, match="connect"):
            outside.connect(("192.0.2.1", 80))


def test_statuses_and_headers_arrive():
    with fake(Fault("http_429", 3), Fault("html", 502, first=2)) as explorer:
        connection = connect(explorer)
        status, headers, _ = fetch(connection)
        assert (status, headers["Retry-After"]) == (429, "3")
        assert fetch(connection)[0] == 200
        assert fetch(connection)[0] == 502
        connection.close()


def test_a_reset_a_cut_and_a_held_answer_fail_at_the_client_and_the_next_succeeds():
    seen = []
    with fake(
        Fault("reset"), Fault("cut", first=1), Fault("hold", 0.05, first=3), Fault("slow_body", 0.05, first=4)
    ) as explorer:
        for _ in range(6):
            connection = connect(explorer)
            try:
                seen.append(fetch(connection)[0])
            except (http.client.HTTPException, ConnectionError) as error:
                seen.append(type(error).__name__)
            finally:
                connection.close()
        kinds = [request.faults for request in explorer.requests]
    assert kinds[0] == ("reset", "cut")
    assert seen.count(200) == 6 - sum(1 for one in kinds if one)
    assert seen[0] in ("IncompleteRead", "ConnectionResetError")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", ConnectionResetError),
        ("hold", http.client.RemoteDisconnected),
        ("slow_body", http.client.IncompleteRead),
        ("cut", http.client.IncompleteRead),
    ],
)
def test_each_failure_of_the_wire_is_its_own_error(kind, error):
    with fake(Fault(kind), hold_seconds=0.02) as explorer:
        connection = connect(explorer)
        with pytest.raises(error):
            fetch(connection)
        connection.close()
        connection = connect(explorer)
        assert fetch(connection)[0] == 200
        connection.close()


def test_a_client_with_a_short_timeout_times_out():
    with fake(Fault("hold", 30)) as explorer:
        connection = connect(explorer, timeout=0.05)
        with pytest.raises(TimeoutError):
            fetch(connection)
        connection.close()


def test_sleep_is_injected():
    slept = []
    with fake(Fault("hold", 3_600), sleep=slept.append) as explorer:
        connection = connect(explorer)
        with pytest.raises(http.client.RemoteDisconnected):
            fetch(connection)
        connection.close()
    assert slept == [3_600]


def test_the_date_header_follows_the_clock():
    with fake(clock=lambda: 1_677_628_800.0) as explorer:
        connection = connect(explorer)
        assert fetch(connection)[1]["Date"] == "Wed, 01 Mar 2023 00:00:00 GMT"
        connection.close()


@pytest.mark.parametrize("kind", ["huge_body", "huge_unannounced"])
def test_fifty_megabytes_come_in_pieces_and_a_client_may_leave(kind):
    with fake(Fault(kind, times=2)) as explorer:
        connection = connect(explorer)
        _, headers, body = fetch(connection)
        assert len(body) > 50 * 2**20
        assert ("Content-Length" in headers) == (kind == "huge_body")
        assert json.loads(body)["status"] == "1"
        connection.close()
        connection = connect(explorer)
        connection.request("GET", "/v2/api?" + urlencode(QUERY))
        assert len(connection.getresponse().read(1_000)) == 1_000
        connection.close()
    assert explorer.failures == []


def test_closing_takes_less_than_a_second_whatever_is_open():
    explorer = fake(Fault("hold", 60, actions=("txlist",)))
    explorer.start()
    idle, held = connect(explorer), connect(explorer)
    idle.request("GET", "/v2/chainlist")
    assert len(idle.getresponse().read()) > 100
    held.request("GET", "/v2/api?" + urlencode(QUERY))
    while len(explorer.requests) < 2:
        time.sleep(0.005)
    started = time.monotonic()
    explorer.close()
    explorer.close()
    assert time.monotonic() - started < 1
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        held.getresponse()
    idle.close()
    held.close()
    assert explorer.failures == []


def test_a_closed_explorer_can_be_opened_again_and_keeps_its_log():
    explorer = fake()
    for _ in range(2):
        with explorer:
            connection = connect(explorer)
            assert fetch(connection)[0] == 200
            connection.close()
    assert len(explorer.requests) == 2


def test_a_parameter_given_twice_too_many_and_another_method_are_refused():
    with fake() as explorer:
        connection = connect(explorer)
        connection.request("GET", "/v2/api?" + urlencode(QUERY) + "&page=1&page=2")
        assert json.loads(connection.getresponse().read())["result"] == "Error! Invalid parameter"
        connection.request("GET", "/v2/api?" + "&".join(f"a{n}=1" for n in range(200)))
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:9]) == (400, b"<!DOCTYPE")
        connection.close()
        connection = connect(explorer)
        connection.request("POST", "/v2/api")
        assert connection.getresponse().status == 501
        connection.close()


def test_a_defect_of_the_fake_is_raised_on_leaving():
    explorer = fake(Fault("html", where=lambda params: params["no such name"] == ""))

    def use() -> None:
        with explorer:
            connection = connect(explorer)
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                fetch(connection)
            connection.close()

    with pytest.raises(KeyError, match="no such name"):
        use()
