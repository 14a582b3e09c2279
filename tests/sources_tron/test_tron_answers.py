"""What answers are taken for, and what real pages of TronGrid hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tron_pulls import answer_of, events_of, rows_of

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InvalidAddressError, MalformedAnswer, RateLimited, SourceError
from cryptotrace.sources.tron.answers import classify, read_listed, read_object
from cryptotrace.sources.tron.transactions import transactions_of
from cryptotrace.sources.tron.trc20 import trc20_of

PAGES = ("account_transactions_page", "account_transactions_last_page", "trc20_page")
KEYED = "The key exceeds the frequency limit(15), and the query server is suspended for 30 s"
KEYLESS = (
    "request rate of (getTrc20TransactionsByAccount) exceeded the allowed_rps(1), and the query server is suspended for 5 s. "
)
DAILY = "Exceed the user daily usage (100000), the maximum query frequency is 1 time per second"
EMPTY = {"data": [], "success": True, "meta": {"at": 1, "page_size": 0}}


def verdict(body: Any, status: int = 200, **headers: str) -> str:
    try:
        classify(answer_of(body, status=status, headers=headers))
    except SourceError as problem:
        return problem.kind
    return "fine"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (EMPTY, 200, "fine"),
        ({}, 200, "fine"),
        ({"Error": KEYED}, 429, "rate_limited"),
        ({"Error": KEYLESS}, 429, "rate_limited"),
        ({"Success": False, "Error": KEYED, "StatusCode": 429}, 429, "rate_limited"),
        ({"Success": False, "Error": KEYED, "StatusCode": 429}, 403, "rate_limited"),
        ({"Error": KEYED}, 503, "rate_limited"),
        ({"Error": KEYED}, 200, "rate_limited"),
        ({"Error": DAILY}, 403, "quota_exhausted"),
        ({"Error": "class java.lang.IllegalAccessException : lack of computing resources"}, 200, "unavailable"),
        ({"success": False, "error": "A valid account address is required.", "statusCode": 400}, 400, "bad_request"),
        ({"success": False, "error": "Invalid fingerprint", "statusCode": 400}, 400, "bad_request"),
        ({"Error": "ApiKey not exists"}, 401, "bad_key"),
        ({"Error": "class org.tron.core.exception.BadItemException : odd"}, 200, "malformed"),
        ({"Error": ""}, 200, "malformed"),
        ({"success": False}, 200, "malformed"),
        ({"data": [], "success": True, "error": None, "meta": {}}, 200, "malformed"),
        ({"data": []}, 500, "unavailable"),
        ({"data": []}, 429, "rate_limited"),
        (EMPTY, 403, "malformed"),
        (b"<html>403</html>", 403, "malformed"),
        (b"<html>502</html>", 502, "unavailable"),
        (b"<html>200</html>", 200, "malformed"),
        (b"", 200, "malformed"),
        (b"[" * 100_000, 200, "malformed"),
        (b'{"data":[],"x":"\xff"}', 200, "malformed"),
        (b"null", 200, "malformed"),
        (b"7", 200, "malformed"),
    ],
)  # fmt: skip
def test_each_answer_is_what_its_body_says(body, status, kind):
    assert verdict(body, status) == kind


@pytest.mark.parametrize(("text", "wait"), [(KEYED, 31.0), (KEYLESS, 6.0), ("frequency limit", None)])
def test_a_suspension_says_how_long_it_lasts(text, wait):
    with pytest.raises(RateLimited) as refusal:
        classify(answer_of({"Error": text}, status=429))
    assert refusal.value.wait == wait


@pytest.mark.parametrize(
    "body",
    [
        {}, {"data": []}, {"data": [], "success": True}, {"data": {}, "success": True, "meta": {}},
        {"data": [], "success": 1, "meta": {}}, {"data": [], "success": True, "meta": {"fingerprint": 5}},
        {"data": [], "success": True, "meta": {"fingerprint": "a\nb"}},
        {"data": [], "success": True, "meta": {"fingerprint": "x" * 5000}}, [], 7,
    ],
)  # fmt: skip
def test_what_is_no_page_is_never_an_empty_list(body):
    with pytest.raises(MalformedAnswer):
        read_listed(answer_of(body))


def test_only_an_empty_page_of_the_documented_form_is_an_empty_list():
    listed = read_listed(answer_of(EMPTY))
    assert (listed.rows, listed.fingerprint) == ([], "")
    with pytest.raises(MalformedAnswer):
        read_object(answer_of([]))


def test_words_of_an_explorer_are_printable_and_short():
    with pytest.raises(SourceError) as problem:
        classify(answer_of({"Error": "invalid \x1b[31m\u202e" + "x" * 10_000}))
    assert str(problem.value).isprintable()
    assert len(str(problem.value)) < 400


# -- real pages ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(shared_data: Path) -> dict[str, Any]:
    return {name: json.loads((shared_data / "tron" / f"{name}.json").read_text(encoding="utf-8")) for name in PAGES}


def test_every_real_page_is_a_page_and_two_of_three_have_a_mark(pages):
    listed = {name: read_listed(answer_of(body)) for name, body in pages.items()}
    assert {name: (len(one.rows), bool(one.fingerprint)) for name, one in listed.items()} == {
        "account_transactions_page": (25, True),
        "account_transactions_last_page": (21, False),
        "trc20_page": (20, True),
    }
    assert Counter(verdict(body) for body in pages.values()) == {"fine": 3}


@pytest.mark.parametrize(
    ("name", "counts", "events"),
    [
        ("account_transactions_page", {"native": 7, "token": 1, "fee": 20}, 0),
        ("account_transactions_last_page", {"native": 1, "token": 17, "fee": 4}, 2),
    ],
)
def test_real_transactions_give_the_sums_of_an_independent_recount(pages, name, counts, events):
    rows = pages[name]["data"]
    batch = transactions_of(rows, file="f")
    assert batch.rejects == ()
    found = rows_of([batch])
    assert Counter({kind: sum(n for row, n in found.items() if row[1] == kind) for kind in counts}) == counts
    sums: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        contract = row["raw_data"]["contract"][0]
        value = contract["parameter"]["value"]
        if contract["type"] == "TransferContract":
            sums["native", None] += value["amount"]
        if contract["type"] == "TransferAssetContract":
            sums["token", value["asset_name"]] += value["amount"]
        sums["fee", None] += row["ret"][0]["fee"]
    assert Counter({key: sum(r[5] * n for r, n in found.items() if (r[1], r[4]) == key) for key in sums}) == sums
    assert len(batch.rows["transactions"]) == len(rows)
    assert len(events_of([batch])) == events


def test_real_stakes_are_events_and_not_payments(pages):
    batch = transactions_of(pages["account_transactions_last_page"]["data"], file="f")
    owner = parse_address("4139fec4d95bb59f45a727f9234020adaf2cec9e20", "tron")
    assert [(one["kind"], one["owner"], one["amount"]) for one in events_of([batch])] == [
        ("unstake", owner, None),
        ("stake", owner, 278_000_000),
    ]


def test_the_owner_with_a_wrong_checksum_is_refused_in_every_row_and_not_mended(pages):
    rows = pages["trc20_page"]["data"]
    with pytest.raises(InvalidAddressError):
        parse_address("TM1zzNDZD2DPASbKcgdVoTYhfmYgtfwx9D", "tron")
    batch = trc20_of(rows, file="f")
    assert len(batch) == len(batch.rejects) == 20
    recount = Counter("from" if row["from"].endswith("x9D") else "to" for row in rows if "_unconfirmed" not in row)
    found = Counter(reject.reason.split(":")[0] for reject in batch.rejects)
    assert found == recount | {"not confirmed yet": 2} == {"from": 14, "to": 4, "not confirmed yet": 2}


def test_with_a_right_owner_the_real_page_adds_up(pages):
    owner = parse_address("4179309abcff2cf531070ca9222a1f72c4a5136874", "tron")
    text = json.dumps(pages["trc20_page"]["data"]).replace("TM1zzNDZD2DPASbKcgdVoTYhfmYgtfwx9D", owner)
    rows = json.loads(text)
    batch = trc20_of(rows, file="f")
    confirmed = [row for row in rows if "_unconfirmed" not in row]
    assert len(batch.rejects) == 2
    found = rows_of([batch])
    assert found.total() == len(confirmed) == 18
    recount: Counter[str] = Counter()
    for row in confirmed:
        recount[row["token_info"]["address"]] += int(row["value"])
    assert Counter({c: sum(r[5] * n for r, n in found.items() if r[4] == c) for c in recount}) == recount
    # the page once more and longer, by columns: the same rows
    assert rows_of([trc20_of(rows * 4, file="f")]) == Counter({row: 4 * n for row, n in found.items()})
