"""``etherscan_csv``: the exports of an account page, in the spellings of several years."""

from __future__ import annotations

import pytest

from cryptotrace.errors import InputFileError

A, B, C = "0x" + "a" * 40, "0x" + "b" * 40, "0x" + "c" * 40
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
HASH = "0x" + "d" * 64
WHEN = "100,1654646411,2022-06-08 00:00:11"
NEW = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","ContractAddress","Value_IN(ETH)",'
    '"Value_OUT(ETH)","CurrentValue @ $1785.9/Eth","TxnFee(ETH)","TxnFee(USD)",'
    '"Historical $Price/Eth","Status","ErrCode","Method"'
)
OLD = NEW.replace("Transaction Hash", "Txhash").replace("DateTime (UTC)", "DateTime").replace(',"Method"', "")
INSIDE = (
    "Transaction Hash,Blockno,UnixTimestamp,DateTime (UTC),ParentTxFrom,ParentTxTo,ParentTxETH_Value,From,TxTo,ContractAddress,"
    "Value_IN(ETH),Value_OUT(ETH),CurrentValue @ $1/Eth,Historical $Price/Eth,Status,ErrCode,Type"
)
TOKENS = (
    "Transaction Hash,Blockno,UnixTimestamp,DateTime (UTC),From,To,TokenValue,USDValueDayOfTx,"
    "ContractAddress,TokenName,TokenSymbol"
)


def paid(sender=A, receiver=B, contract="", came="0", went="0", fee="0.00042", status="", error=""):
    return f'{HASH},{WHEN},{sender},{receiver},{contract},"{came}","{went}",0,{fee},0.6,1785.9,{status},{error},Transfer'


def inside(receiver=B, contract="", came="1", went="0", status="0", error="", call="call"):
    return f"{HASH},{WHEN},{A},{C},0,{A},{receiver},{contract},{came},{went},1,1,{status},{error},{call}"


def token(value="1,000.5", contract=USDT, symbol="USDT"):
    return f'{HASH},{WHEN},{A},{B},"{value}","$1,000.50",{contract},Tether,{symbol}'


@pytest.fixture
def export(write, read):
    return lambda *lines, chain="ethereum": read(write("export.csv", *lines), format="etherscan_csv", chain=chain)


@pytest.mark.parametrize("header", [NEW, OLD])
def test_transactions_become_wei_exactly_in_old_and_new_spelling(header, export, rows_of):
    batch = export(
        header, paid(came="1,234.000000000000000001"), paid(went="0.5", fee=""), paid(sender=B, receiver=B, came="2", went="2")
    )
    assert not batch.rejects
    assert [(row["kind"], row["sender"], row["receiver"], row["amount"], row["input_row"]) for row in rows_of(batch)] == [
        ("native", A, B, 1234 * 10**18 + 1, 1), ("fee", A, None, 42 * 10**13, 1), ("native", A, B, 5 * 10**17, 2),
        ("native", B, B, 2 * 10**18, 3), ("fee", B, None, 42 * 10**13, 3),
    ]  # fmt: skip
    row = rows_of(batch)[0]
    assert (row["block"], row["time"].isoformat(), row["symbol"], row["decimals"]) == (
        100,
        "2022-06-08T00:00:11+00:00",
        "ETH",
        18,
    )
    transactions = rows_of(batch, "transactions")
    assert [row["fee"] for row in transactions] == [42 * 10**13, None, 42 * 10**13]
    assert transactions[0]["method"] == ("Transfer" if header is NEW else None)


def test_a_failed_transaction_moves_nothing_and_pays_its_fee(export, rows_of):
    rows = rows_of(export(NEW, paid(went="1", status="Error(0)", error="Reverted"), paid(went="1", error="out of gas")))
    assert [(row["kind"], row["ok"]) for row in rows] == [("native", False), ("fee", True)] * 2


def test_a_creation_pays_the_contract(export, rows_of):
    assert rows_of(export(NEW, paid(receiver="", contract=C)))[0]["receiver"] == C


def test_internal_transactions_keep_type_path_and_outcome(export, rows_of):
    rows = rows_of(export(
        INSIDE, inside(), inside(status="1", error="Reverted", call="delegatecall"), inside(receiver="", contract=C,
        call="create_0_1"),
    ))  # fmt: skip
    assert [(r["kind"], r["receiver"], r["amount"], r["ok"], r["call_type"], r["trace_path"]) for r in rows] == [
        ("internal", B, 10**18, True, "call", None), ("internal", B, 10**18, False, "delegatecall", None),
        ("internal", C, 10**18, True, "create", "0_1"),
    ]  # fmt: skip


def test_token_amounts_take_the_decimals_of_the_canonical_list(export, rows_of):
    batch = export(TOKENS, token(), token(value="0.0000001"), token(contract=C, symbol="USDT"))
    (row,) = rows_of(batch)
    assert (row["amount"], row["decimals"], row["contract"], row["symbol"]) == (1_000_500_000, 6, USDT, "USDT")
    assert ["more decimals" in batch.rejects[0].reason, "decimals of the token are unknown" in batch.rejects[1].reason] == [
        True,
        True,
    ]


def test_token_amounts_take_the_decimals_of_the_export_where_it_has_them(export, rows_of):
    (row,) = rows_of(export(TOKENS + ",TokenDecimal", token(contract=C, symbol="") + ",9"))
    assert (row["amount"], row["decimals"], row["symbol"]) == (1_000_500_000_000, 9, "")


def test_amounts_in_the_coin_of_another_chain_are_refused(export, rows_of):
    assert rows_of(export(NEW.replace("(ETH)", "(MATIC)"), paid(came="1"), chain="polygon"))[0]["symbol"] == "POL"
    with pytest.raises(InputFileError, match="amounts are in 'BNB', the coin of ethereum is ETH"):
        export(NEW.replace("(ETH)", "(BNB)"), paid())


@pytest.mark.parametrize(
    ("line", "reason"),
    [(paid(came="1", went="1"), "both in and out"), (paid(came="-1"), "negative"), (paid(came="1e120"), "too many digits"),
     (paid(came="NaN"), "Value_IN"), (paid(went="0.0000000000000000001"), "more decimals"), (paid(fee="x"), "TxnFee"),
     (paid(status="7"), "Status"), (paid(sender="Binance 14"), "From"), (paid(came="1e25"), "larger than")],
)  # fmt: skip
def test_bad_rows_are_rejected_whole(line, reason, export):
    batch = export(NEW, line)
    assert reason in batch.rejects[0].reason
    assert batch.rejects[0].raw == line
    assert set(batch.rows) == {"rejects"}


@pytest.mark.parametrize(
    "header",
    ["Txhash,Blockno,UnixTimestamp,DateTime,From,To,ContractAddress,TokenId,TokenName,TokenSymbol", "Date,Amount",
     TOKENS.replace("ContractAddress,", ""), NEW.replace('"To",', ""), NEW.replace('"UnixTimestamp","DateTime (UTC)",', "")],
)  # fmt: skip
def test_what_is_no_export_of_money_is_refused_by_name_and_skipped_in_a_folder(header, export, write, read, tmp_path):
    with pytest.raises(InputFileError, match=r"a column is missing.*found: "):
        export(header)
    write("all/a.csv", header)
    write("all/b.csv", NEW, paid(came="1"))
    batch = read(tmp_path / "all", format="etherscan_csv", chain="ethereum")
    assert [(reject.file, reject.line) for reject in batch.rejects] == [("a.csv", None)]
    assert len(batch.rows["transfers"]) == 2


def test_every_export_is_a_listing_of_its_own(write, read, rows_of):
    paths = [write(f"{n}.csv", NEW, paid(came="1")) for n in range(3)]
    rows = rows_of(read(*paths, format="etherscan_csv", chain="ethereum"))
    assert sorted({row["listing"] for row in rows}) == [0, 1, 2]
