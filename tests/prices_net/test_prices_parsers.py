"""Each source's documented answers, digit by digit; and whatever is not that is an error or a gap, never a number."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quoting import FIRST, HOUR, LINK, LINK_CAIP, ODD_CAIP, START, asking, hourly, reply

from cryptotrace.codecs import caip19
from cryptotrace.errors import (
    BadKey,
    BadRequest,
    InputError,
    MalformedAnswer,
    PlanRequired,
    QuotaExhausted,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources.prices import ORACLES, Need, Quote, open_prices, prices_over

ETH = Need("ETH", FIRST)


def source(name):
    return prices_over(name, None)


def one_request(name, *needs):
    (request,) = source(name).requests(needs)
    return request


def read(name, needs, body, **settings):
    return source(name).read(reply(one_request(name, *needs), body, **settings))


# -- DefiLlama ---------------------------------------------------------------------------------------------------------------


def test_defillama_reads_the_documented_answer_digit_by_digit():
    body = (
        '{"coins":{"coingecko:ethereum":{"symbol":"ETH","prices":'
        f'[{{"timestamp":{FIRST + 17},"price":3456.789012345678901,"confidence":0.99}}]}}}}}}'
    )
    found = read("defillama", [ETH], body)
    (quote,) = found.quotes
    assert quote.usd == Decimal("3456.789012345678901")
    assert (quote.price_time - quote.need.time, quote.confidence) == (timedelta(seconds=17), Decimal("0.99"))
    assert found.gaps == ()
    assert quote.row()[:4] == (START.replace(minute=0), "ETH", quote.usd, "defillama")


def test_defillama_asks_for_coins_and_tokens_of_several_chains_at_once():
    tron = caip19("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
    needs = [ETH, Need("ETH", FIRST + HOUR), Need(LINK_CAIP, FIRST), Need(tron, FIRST)]
    request = one_request("defillama", *needs)
    asked = json.loads(dict(request.parameters)["coins"])
    assert asked == {
        "coingecko:ethereum": [FIRST, FIRST + HOUR],
        f"ethereum:{LINK}": [FIRST],
        "tron:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t": [FIRST],
    }
    assert set(source("defillama").asked(request)) == set(needs)


def test_an_unknown_coin_is_left_out_and_becomes_a_gap():
    found = read("defillama", [ETH], '{"coins":{}}')
    assert [(gap.need, gap.reason) for gap in found.gaps] == [(ETH, "not known to the source")]
    assert found.quotes == ()


@pytest.mark.parametrize(
    ("price", "confidence", "off", "reason"),
    [
        ("10", "0.19", 0, "confidence below 0.2"),
        ("10", "1.1", 0, "a confidence that is none"),
        ("10", '"high"', 0, "a confidence that is none"),
        ("10", "0.9", 4 * HOUR + 1, "no price close in time"),
        ("10", "0.9", -4 * HOUR - 1, "no price close in time"),
        ("0", "0.9", 0, "no price above zero"),
        ("0.0", "0.9", 0, "no price above zero"),
        ("-3", "0.9", 0, "no price above zero"),
        ("null", "0.9", 0, "no price above zero"),
        ('"10"', "0.9", 0, "no price above zero"),
        ("true", "0.9", 0, "no price above zero"),
        ("1e-19", "0.9", 0, "a price below 10**-18"),
        ("1e-99999999", "0.9", 0, "a price below 10**-18"),
        ("1e20", "0.9", 0, "a price of 10**20 or more"),
        ("99999999999999999999.9999999999999999999", "0.9", 0, "a price of 10**20 or more"),
        ("9" * 400, "0.9", 0, "a price of 10**20 or more"),
        ("1e999999", "0.9", 0, "a price of 10**20 or more"),
    ],
)
def test_what_is_no_price_is_a_gap_with_its_reason(price, confidence, off, reason):
    row = f'{{"timestamp":{FIRST + off},"price":{price},"confidence":{confidence}}}'
    found = read("defillama", [ETH], f'{{"coins":{{"coingecko:ethereum":{{"prices":[{row}]}}}}}}')
    assert (found.quotes, [gap.reason for gap in found.gaps]) == ((), [reason])


@pytest.mark.parametrize("off", [4 * HOUR, -4 * HOUR])
def test_a_price_four_hours_away_still_counts_and_its_distance_is_kept(off):
    row = f'{{"timestamp":{FIRST + off},"price":10,"confidence":0.2}}'
    (quote,) = read("defillama", [ETH], f'{{"coins":{{"coingecko:ethereum":{{"prices":[{row}]}}}}}}').quotes
    assert quote.price_time - quote.need.time == timedelta(seconds=off)


def test_milliseconds_are_no_seconds():
    row = f'{{"timestamp":{FIRST * 1000},"price":10,"confidence":1}}'
    found = read("defillama", [ETH], f'{{"coins":{{"coingecko:ethereum":{{"prices":[{row}]}}}}}}')
    assert found.quotes == ()


def test_coins_of_the_evm_family_compare_without_case_and_those_of_tron_with_it():
    row = f'[{{"timestamp":{FIRST},"price":10,"confidence":1}}]'
    spelled = f'{{"coins":{{"ethereum:{LINK.upper().replace("X", "x")}":{{"prices":{row}}}}}}}'
    assert len(read("defillama", [Need(LINK_CAIP, FIRST)], spelled).quotes) == 1
    tron = Need(caip19("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"), FIRST)
    other = f'{{"coins":{{"tron:tr7nhqjekqxgtci8q8zy4pl8otszgjlj6t":{{"prices":{row}}}}}}}'
    assert read("defillama", [tron], other).quotes == ()


def test_urls_stay_short_and_hold_at_most_150_coins():
    llama = source("defillama")
    coins = [caip19("ethereum", f"0x{number:040x}") for number in range(1, 400)]
    many = llama.requests([Need(coin, FIRST) for coin in coins])
    long = llama.requests([Need("ETH", FIRST + at * HOUR) for at in range(2_000)])
    for request in (*many, *long):
        asked = json.loads(dict(request.parameters)["coins"])
        assert len(asked) <= 150
        from urllib.parse import quote_plus

        assert len(quote_plus(dict(request.parameters)["coins"])) <= 6_100
    assert sorted(need.hour for request in long for need in llama.asked(request)) == [FIRST + at * HOUR for at in range(2_000)]
    assert len(long) <= 5
    assert sum(len(llama.asked(request)) for request in many) == 399


# -- CoinGecko ---------------------------------------------------------------------------------------------------------------


def test_coingecko_reads_the_documented_range_and_takes_the_closest_price():
    needs = [ETH, Need("ETH", FIRST + HOUR)]
    rows = f"[[{(FIRST - 700) * 1000 + 331},3400.5],[{(FIRST + 200) * 1000},3401.25],[{(FIRST + HOUR) * 1000},3402]]"
    found = read("coingecko", needs, f'{{"prices":{rows},"market_caps":[],"total_volumes":[]}}')
    assert [(quote.usd, quote.confidence) for quote in found.quotes] == [(Decimal("3401.25"), None), (Decimal(3402), None)]
    assert found.quotes[0].price_time == datetime.fromtimestamp(FIRST + 200, UTC)


def test_coingecko_asks_one_coin_and_89_days_a_request_the_newest_first():
    gecko = asking("coingecko", {})
    needs = [Need("ETH", FIRST - at * 24 * HOUR) for at in range(200)] + [Need(LINK_CAIP, FIRST)]
    requests = gecko.requests(needs)
    assert len(requests) == 4
    spans = [(int(dict(one.parameters)["from"]), int(dict(one.parameters)["to"])) for one in requests]
    assert all(last - first <= 90 * 24 * HOUR for first, last in spans)
    assert [last for _, last in spans] == sorted((last for _, last in spans), reverse=True)
    assert {need for one in requests for need in gecko.asked(one)} == set(needs)
    assert f"/coins/ethereum/contract/{LINK}/market_chart/range" in {one.path for one in requests}


def test_no_range_crosses_the_end_of_the_free_plan():
    gecko = asking("coingecko", {})
    line = int(gecko._clock()) - 364 * 24 * HOUR
    for one in gecko.requests([Need("ETH", line - line % HOUR + at * HOUR) for at in range(-100, 100)]):
        first = int(dict(one.parameters)["from"])
        assert first >= line or gecko.asked(one)[-1].hour - 4 * HOUR < line


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            401,
            '{"error":{"status":{"error_code":10012,"error_message":"Your request exceeds the allowed time range."}}}',
            PlanRequired,
        ),
        (401, '{"error":{"status":{"error_message":"exceeds the allowed time range"}}}', PlanRequired),
        (401, '{"status":{"error_code":10002,"error_message":"API Key Missing"}}', BadKey),
        (401, '{"status":{"error_code":10010,"error_message":"wrong"}}', BadKey),
        (401, '{"error":"unauthorized"}', BadKey),
        (429, '{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit."}}', RateLimited),
        (429, '{"status":{"error_code":1,"error_message":"monthly call limit reached"}}', QuotaExhausted),
        (429, "<html>", RateLimited),
        (400, '{"error":"bad"}', BadRequest),
        (503, "<html>", TransientSourceError),
        (200, "<html>", MalformedAnswer),
        (200, '{"prices":null}', MalformedAnswer),
        (200, '{"prices":[[1,NaN]]}', MalformedAnswer),
        (200, "[" * 100_000, MalformedAnswer),
        (200, "[]", MalformedAnswer),
        (403, "<html>", MalformedAnswer),
        (414, "", RangeTooLarge),
    ],
)
def test_coingecko_refusals_have_their_kind(status, body, kind):
    answer = reply(one_request("coingecko", ETH), body, status)
    with pytest.raises(kind) as caught:
        source("coingecko").judge(answer)
    assert type(caught.value) is kind


def test_coingecko_wait_is_read_from_the_header():
    answer = reply(one_request("coingecko", ETH), '{"status":{"error_code":429}}', 429, **{"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        source("coingecko").judge(answer)
    assert caught.value.wait == 7


def test_a_coin_that_coingecko_does_not_know_is_a_gap():
    found = read("coingecko", [ETH], '{"error":"coin not found"}', status=404)
    assert [gap.reason for gap in found.gaps] == ["not known to the source"]


# -- mempool.space -----------------------------------------------------------------------------------------------------------


def test_mempool_reads_the_documented_answer():
    body = f'{{"prices":[{{"time":{FIRST - 60},"USD":67123,"EUR":62000}}],"exchangeRates":{{"USDEUR":0.92}}}}'
    (quote,) = read("mempool", [Need("BTC", FIRST)], body).quotes
    assert (quote.usd, quote.need.asset) == (Decimal(67123), "BTC")


def test_mempool_asks_few_hours_one_by_one_and_many_at_once():
    mempool = source("mempool")
    assert len(mempool.requests([Need("BTC", FIRST + at * HOUR) for at in range(10)])) == 10
    (request,) = mempool.requests([Need("BTC", FIRST + at * HOUR) for at in range(11)])
    assert request.parameters == ()
    assert len(mempool.asked(request)) == 11
    assert mempool.requests([ETH]) == []


def test_mempool_minus_one_stands_for_no_price():
    found = read("mempool", [Need("BTC", FIRST)], f'{{"prices":[{{"time":{FIRST},"USD":-1}}]}}')
    assert [gap.reason for gap in found.gaps] == ["no price above zero"]


# -- ECB ---------------------------------------------------------------------------------------------------------------------

HEAD = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS"


def day(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def table(*rows):
    return "\r\n".join([HEAD, *(f"K,D,{code},EUR,SP00,A,{on},{value},A" for code, on, value in rows)])


def test_a_weekend_takes_the_working_day_before():
    needs = [Need("fiat:EUR", day(f"2024-03-0{number}")) for number in (1, 2, 3, 4)]
    found = read("ecb", needs, table(("USD", "2024-03-01", "1.0813"), ("USD", "2024-03-04", "1.0849")))
    assert [(str(quote.usd.normalize()), quote.price_time.day) for quote in found.quotes] == [
        ("1.0813", 1), ("1.0813", 1), ("1.0813", 1), ("1.0849", 4),
    ]  # fmt: skip


def test_other_currencies_go_through_the_euro_exactly():
    needs = [Need("fiat:GBP", day("2024-03-01"))]
    request = one_request("ecb", *needs)
    assert request.path == "/EXR/D.GBP+USD.EUR.SP00.A"
    assert dict(request.parameters) == {"startPeriod": "2024-02-23", "endPeriod": "2024-03-01", "format": "csvdata"}
    found = read("ecb", needs, table(("USD", "2024-03-01", "1.08"), ("GBP", "2024-03-01", "0.855")))
    values = {quote.need.asset: quote.usd for quote in found.quotes}
    assert values == {"fiat:EUR": Decimal("1.08"), "fiat:GBP": Decimal("1.263157894736842105")}


def test_a_rate_more_than_a_week_old_is_a_gap():
    found = read("ecb", [Need("fiat:EUR", day("2024-03-20"))], table(("USD", "2024-03-01", "1.08")))
    assert [gap.reason for gap in found.gaps] == ["not known to the source"]


@pytest.mark.parametrize(("body", "status"), [("", 200), ("  \r\n", 200), ("No results found.", 404)])
def test_a_range_without_rates_is_gaps(body, status):
    found = read("ecb", [Need("fiat:EUR", day("2024-03-02"))], body, status=status)
    assert (found.quotes, len(found.gaps)) == ((), 1)


@pytest.mark.parametrize(
    "body",
    [
        "<html></html>",
        "A,B\r\n1,2",
        HEAD + "\r\nK,D,USD,EUR,SP00,A,2024-03-01,-1,A",
        HEAD + "\r\nK,D,USD,EUR,SP00,A,2024-03-01,1e3,A",
        HEAD + "\r\nK,D,USD,EUR,SP00,A,2024-13-01,1.1,A",
        HEAD + "\r\nK,D,usd,EUR,SP00,A,2024-03-01,1.1,A",
        HEAD + "\r\nK,D,USD",
        HEAD + "\r\nK,D,USD,EUR,SP00,A,2024-03-01,1.1,A\r\nK,D,USD,EUR,SP00,A,2024-03-01,1.2,A",
        b"\xff\xfe",
        HEAD,
    ],
)
def test_a_table_of_another_shape_is_refused(body):
    with pytest.raises(MalformedAnswer):
        source("ecb").judge(reply(one_request("ecb", Need("fiat:EUR", day("2024-03-01"))), body))


def test_a_day_without_a_value_is_left_out():
    body = table(("USD", "2024-03-01", ""), ("USD", "2024-02-29", "1.07"))
    (quote,) = read("ecb", [Need("fiat:EUR", day("2024-03-01"))], body).quotes
    assert quote.price_time.day == 29


def test_the_ecb_serves_currencies_other_than_the_dollar():
    assert [source("ecb").serves(asset) for asset in ("fiat:EUR", "fiat:GBP", "fiat:USD", "EUR", "fiat:eu")] == [
        True, True, False, False, False,
    ]  # fmt: skip


# -- all -------------------------------------------------------------------------------------------------------------------


def test_a_name_that_no_source_has_is_refused():
    with pytest.raises(InputError, match="no source of prices"):
        open_prices("oracle")


@pytest.mark.parametrize("name", ORACLES)
def test_every_source_is_opened_without_a_key_and_without_a_request(name):
    from cryptotrace.settings import Settings

    opened = open_prices(name, settings=Settings(keys={}))
    assert opened.name == name
    assert opened.fetcher.has_key is False


NEEDS = {"defillama": ETH, "coingecko": ETH, "mempool": Need("BTC", FIRST), "ecb": Need("fiat:EUR", day("2024-03-04"))}
MARKETS = {
    "defillama": {"coingecko:ethereum": hourly(FIRST, ["3000.5"])},
    "coingecko": {"ethereum": hourly(FIRST, ["3000.5"])},
    "mempool": {"BTC": hourly(FIRST, ["60000"])},
    "ecb": {"USD": {day("2024-03-04"): "1.0849"}},
}


@pytest.mark.parametrize("name", ORACLES)
@given(data=st.data())
def test_no_garbage_is_ever_a_price_or_a_crash(name, data):
    """A good answer with bytes changed is refused, a gap, or a price above zero that fits its column."""
    good = asking(name, MARKETS[name])
    request = one_request(name, NEEDS[name])
    body = bytearray(good.fetcher._send(request).body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    answer = reply(request, bytes(body))
    try:
        good.judge(answer)
    except SourceError:
        return
    found = good.read(answer)
    assert {item.need for item in (*found.quotes, *found.gaps)} == set(good.asked(request))
    for quote in found.quotes:
        assert Decimal(0) < quote.usd < Decimal(10) ** 20
        assert -quote.usd.as_tuple().exponent <= 18


def test_a_thousand_random_markets_are_quoted_exactly_or_declared():
    """Needs, markets with holes, and reads: each need is the closest price in reach, or a gap; nothing else."""
    dice = random.Random(20240304)
    for number in range(1_000):
        name = ("defillama", "coingecko")[number % 2]
        coin = MARKETS[name].keys().__iter__().__next__()
        hours = sorted(dice.sample(range(400), dice.randint(1, 30)))
        known = sorted(dice.sample(range(-5, 405), dice.randint(0, 40)))
        market = {
            FIRST + at * HOUR + dice.randint(-1_500, 1_500): f"{dice.randint(1, 10**9)}.{dice.randint(0, 9**9)}" for at in known
        }
        source_ = asking(name, {coin: market})
        needs = [Need("ETH", FIRST + at * HOUR) for at in hours]
        found = {}
        for request in source_.requests(needs):
            result = source_.read(source_.fetcher._send(request))
            found |= {item.need: item for item in (*result.quotes, *result.gaps)}
        assert set(found) == set(needs)
        for need in needs:
            near = min(market, key=lambda at: (abs(at - need.hour), at), default=None)
            if near is not None and abs(near - need.hour) <= 4 * HOUR:
                quote = found[need]
                assert isinstance(quote, Quote)
                assert (quote.usd, quote.price_time.timestamp()) == (Decimal(market[near]), near)
            else:
                assert not isinstance(found[need], Quote)


def test_a_token_of_a_chain_without_a_name_there_is_not_asked_for():
    scroll = Need(caip19("scroll", "0x" + "5c" * 20), FIRST)
    assert source("defillama").serves(scroll.asset) is False
    assert source("defillama").requests([scroll]) == []
    assert source("coingecko").serves(ODD_CAIP) is True
