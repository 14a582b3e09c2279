"""load_seeds: addresses, files, payments; what a row says wins over arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptotrace.errors import InputError, InputFileError, InvalidAddressError, UnknownChainError, WrongChainError
from cryptotrace.labels import load_seeds
from cryptotrace.model import Seed

EVM = "0x52908400098527886e0f7030069857d2e4169ee7"
OTHER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
TX = "0x" + "AB" * 32


def test_addresses_tell_their_chain_and_take_the_arguments():
    seeds = load_seeds(EVM, TRON, BITCOIN, role="victim", campaign="c", category="pig butchering", injects="outflow")
    assert seeds.addresses == (("ethereum", EVM), ("tron", TRON), ("bitcoin", BITCOIN))
    assert {(s.role, s.campaign, s.category, s.injects, s.statement) for s in seeds} == {
        ("victim", "c", "romance_baiting", "outflow", "reported")
    }
    assert load_seeds(EVM, chain="bsc").items[0].chain == "bsc"


@pytest.mark.parametrize(
    ("text", "chain", "error"),
    [
        (OTHER.replace("B", "b", 1), None, InvalidAddressError),
        (BITCOIN[:-1] + "b", None, InvalidAddressError),
        (TRON, "ethereum", WrongChainError),
        (EVM, "bitcoin", WrongChainError),
        ("rGeyCsqc6vKXuyTGF39WJxmTRemoV3c97H", "ripple", InvalidAddressError),
        (EVM, "etherium", UnknownChainError),
    ],
)
def test_a_bad_address_given_by_itself_is_an_error(text, chain, error):
    with pytest.raises(error):
        load_seeds(text, chain=chain)


def test_the_wrong_chain_and_the_position_are_named():
    with pytest.raises(WrongChainError) as wrong:
        load_seeds(TRON, chain="ethereum")
    assert wrong.value.chains == ("tron",)
    with pytest.raises(InvalidAddressError) as bad:
        load_seeds(OTHER.replace("B", "b", 1))
    assert bad.value.position == OTHER.index("B")


def test_a_text_that_is_no_address_is_a_path(write):
    with pytest.raises(InputFileError, match="no such file"):
        load_seeds("victims.csv")
    assert len(load_seeds(str(write("victims.csv", f"address\n{EVM}\n")))) == 1


def test_rows_win_over_arguments_and_arguments_fill_gaps(write):
    path = write(
        "seeds.csv",
        "chain,address,role,category,campaign,source,reported_on,injects,confidence\n"
        f"ethereum,{EVM},victim,fake_liquidity_mining,c0,victim_report,2023-08-27,outflow,0.7\n"
        f",{OTHER},,,,,,,\n",
    )
    said, filled = load_seeds(path, chain="polygon", campaign="mine", category="hack", role="unknown")
    assert (said.chain, said.role, said.category, said.campaign, said.injects, said.confidence) == (
        "ethereum",
        "victim",
        "fake_liquidity_mining",
        "c0",
        "outflow",
        70,
    )
    assert (said.source, said.reported_on) == ("victim_report", datetime(2023, 8, 27, tzinfo=UTC))
    assert (filled.chain, filled.role, filled.category, filled.campaign, filled.injects) == (
        "polygon",
        "unknown",
        "hack",
        "mine",
        "inflow",
    )


def test_an_exact_repeat_is_one_seed_and_two_campaigns_stay_two(write):
    rows = f"{EVM},c0\n{EVM},c1\n{EVM},c0\n"
    seeds = load_seeds(write("a.csv", "address,campaign\n" + rows), write("b.csv", "address,campaign\n" + rows))
    assert [(seed.campaign, seed.origin) for seed in seeds] == [("c0", "a.csv:2"), ("c1", "a.csv:3")]
    assert seeds.addresses == (("ethereum", EVM),)


def test_rows_with_a_transaction_are_payments_grouped_by_address(write):
    path = write(
        "payments.csv",
        "chain,address,campaign,tx_hash,log_index,position,reported_on\n"
        f"ethereum,{EVM},c,{TX},7,,2023-02-01\n"
        f"ethereum,{OTHER},c,{TX},,,\n"
        f"ethereum,{EVM},c,{TX},7,,2023-01-01\n"
        f"ethereum,{EVM},c,{TX},,0_1,\n"
        f"ethereum,{EVM},other,{TX},007,,\n"
        f"ethereum,{EVM},c,,,,\n",
    )
    first, second, third, plain = load_seeds(path)
    assert first.payments == ((TX.lower(), "7"), (TX.lower(), "0_1"))
    assert (first.injects, first.reported_on) == ("payments", datetime(2023, 1, 1, tzinfo=UTC))
    assert second.payments == ((TX.lower(), ""),)
    assert (third.campaign, third.payments) == ("other", ((TX.lower(), "7"),))
    assert (plain.injects, plain.payments) == ("inflow", ())


def test_bad_rows_are_rejects_and_never_stop_the_others(write):
    path = write(
        "a.csv",
        "chain,address,injects,tx_hash,log_index\n"
        f"ethereum,{OTHER.replace('B', 'b', 1)},,,\n"
        f"monero,{EVM},,,\n"
        f"ethereum,{EVM},inflow,{TX},\n"
        f"ethereum,{EVM},payments,,\n"
        f"ethereum,{EVM},,{TX},x\n"
        f"ethereum,{EVM},,,3\n"
        f"ethereum,{EVM},,a b,\n"
        f"ethereum,{EVM},,,\n",
    )
    seeds = load_seeds(path)
    assert len(seeds) == 1
    assert [reject.line for reject in seeds.rejects] == list(range(2, 9))
    assert "position" in seeds.rejects[0].reason
    assert "monero" in seeds.rejects[1].reason


def test_a_list_in_which_nothing_fits_is_refused(write):
    with pytest.raises(InputFileError, match="none of 2 rows") as caught:
        load_seeds(write("a.txt", "hello\nworld\n"))
    assert caught.value.where == "a.txt:1"
    with pytest.raises(InputError, match="no seeds"):
        load_seeds()


def test_a_table_with_a_heading_alone_is_empty(write):
    assert len(load_seeds(write("a.csv", "chain,address,role\n"))) == 0


def test_an_exchange_in_a_pack_of_hacks_does_not_inject(write):
    path = write(
        "hacks.yaml",
        f"title: Hacks\ncreator: T\ncurrency: ETH\nlabel: x\ntags:\n- address: '{EVM}'\n  category: exchange\n"
        f"- address: '{OTHER}'\n  abuse: service_hack\n- address: rGey\n  currency: XLM\n",
    )
    exchange, thief = seeds = load_seeds(path)
    assert (exchange.role, exchange.category) == ("service", "exchange")
    assert (thief.role, thief.category, thief.confidence) == ("perpetrator", "hack", 5)
    assert seeds.perpetrators == (thief,)
    assert "codec" in seeds.rejects[0].reason


def test_ready_seeds_are_checked_and_stored_in_one_spelling():
    seed = Seed(chain="ETH", address=OTHER, injects="payments", payments=((TX.lower(), ""),))
    (ready,) = load_seeds(seed)
    assert (ready.chain, ready.address, ready.payments) == ("ethereum", OTHER.lower(), seed.payments)
    for bad in (
        Seed(chain="ethereum", address=EVM, role="boss"),
        Seed(chain="ethereum", address=EVM, injects="payments"),
        Seed(chain="ethereum", address=TRON),
        Seed(chain="nowhere", address=EVM),
    ):
        with pytest.raises(InputError):
            load_seeds(bad)


@pytest.mark.parametrize("bad", [{"role": "boss"}, {"injects": "all"}, {"category": "nonsense"}, {"injects": "payments"}])
def test_unknown_arguments_are_refused(bad):
    with pytest.raises(InputError):
        load_seeds(EVM, **bad)


def test_a_sanctions_list_can_be_seeds(write):
    (seed,) = load_seeds(write("sanctioned_addresses_USDT.txt", TRON), role="unknown")
    assert (seed.chain, seed.statement, seed.source, seed.role) == ("tron", "sanctioned", "OFAC", "unknown")


def test_a_path_object_is_never_an_address():
    with pytest.raises(InputFileError):
        load_seeds(Path(EVM))
