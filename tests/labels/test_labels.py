"""load_labels on small files: every line ends as one label or one reject."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from cryptotrace import labels as package
from cryptotrace.errors import InputError, InputFileError, UnknownChainError
from cryptotrace.labels import load_labels

EVM = "0x52908400098527886e0f7030069857d2e4169ee7"
EVM_CHECKED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def test_a_table_gives_every_field_and_a_share_becomes_per_cent(write):
    path = write(
        "labels.csv",
        "chain,address,label,category,entity,source,confidence,role,statement,upstream,first_seen,last_modified,boundary\n"
        f"ETH,{EVM_CHECKED},Norvia 1,Exchange,Norvia,public_tags,0.95,,,eth-labels,2020-01-02,2023-04-05T06:07:08Z,\n"
        f"ethereum,{EVM},,pig butchering,,court,60,perpetrator,convicted,,,,yes\n",
    )
    first, second = load_labels(path)
    assert (first.chain, first.address) == ("ethereum", EVM_CHECKED.lower())
    assert (first.label, first.category, first.native_category, first.entity) == ("Norvia 1", "exchange", "Exchange", "Norvia")
    assert (first.confidence, first.source, first.upstream) == (95, "public_tags", "eth-labels")
    assert (first.role, first.statement, first.boundary, first.is_boundary) == ("service", "label", None, True)
    assert first.first_seen == datetime(2020, 1, 2, tzinfo=UTC)
    assert first.last_modified == datetime(2023, 4, 5, 6, 7, 8, tzinfo=UTC)
    assert first.origin == "labels.csv:2"
    assert (second.category, second.native_category, second.label) == ("romance_baiting", "pig butchering", "pig butchering")
    assert (second.confidence, second.statement, second.role, second.boundary) == (60, "convicted", "perpetrator", True)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("0.955", 96), ("1", 100), ("1.0", 100), ("20", 20), ("web_crawl", 20), ("", None)]
)
def test_confidence_is_read_as_share_per_cent_or_level(write, text, number):
    path = write("a.csv", f"chain,address,confidence\nethereum,{EVM},{text}\n")
    assert load_labels(path).items[0].confidence == number


@pytest.mark.parametrize("text", ["NaN", "inf", "-1", "101", "1e2", "0_5", "\u0663", "high", "9" * 400])
def test_a_confidence_that_is_none_is_a_reject(write, text):
    path = write("a.csv", f"chain,address,confidence\nethereum,{EVM},{text}\nethereum,{EVM},1\n")
    found = load_labels(path)
    assert ([reject.line for reject in found.rejects], len(found)) == ([2], 1)


def test_arguments_fill_what_rows_do_not_say_and_rows_win(write):
    path = write("a.csv", f"chain,address,category,boundary\n,{EVM},,\ntron,{TRON},mixer,no\n,{EVM_CHECKED},strange,\n")
    filled, said, strange = load_labels(path, chain="bsc", category="terminal", boundary=True)
    assert (filled.chain, filled.category, filled.boundary) == ("bsc", "terminal", True)
    assert (said.chain, said.category, said.boundary) == ("tron", "mixer", False)
    assert (strange.category, strange.native_category) == ("terminal", "strange")


def test_bad_rows_are_rejects_with_line_reason_and_raw_text(write):
    flipped = EVM_CHECKED.replace("B", "b", 1)
    path = write(
        "a.csv",
        "chain,address,label,confidence,last_modified,role,boundary\n"
        f"ethereum,{flipped},checksum,,,,\n"
        f"ethereum,{TRON},other chain,,,,\n"
        f"ethereum,{EVM},fine,,,,\n"
        f'ethereum,{EVM},"two\nlines",1.5e2,,,\n'
        f"ethereum,{EVM},date,,2021-02-30,,\n"
        f"ethereum,{EVM},role,,,boss,\n"
        f"ethereum,{EVM},flag,,,,maybe\n"
        f"ethereum,{EVM},long,,,,,extra\n"
        "ethereum,,empty,,,,\n"
        f"ethereum,{EVM},{'x' * 10_001},,,,\n",
    )
    found = load_labels(path)
    assert [label.label for label in found] == ["fine"]
    assert [reject.line for reject in found.rejects] == [2, 3, 5, 7, 8, 9, 10, 11, 12]
    words = ["checksum", "tron", "confidence", "ISO date", "role", "boundary", "8 cells", "empty", "longer"]
    for reject, word in zip(found.rejects, words, strict=True):
        assert word in reject.reason, reject.reason
        assert reject.file == "a.csv"
    assert "position" in found.rejects[0].reason
    assert found.rejects[2].raw == f'ethereum,{EVM},"two\nlines",1.5e2,,,'


def test_a_chain_without_a_codec_is_kept_verbatim_as_unverified(write):
    path = write("a.csv", "chain,address,label\nMonero,48iVBYd8rHfH4aTK,cold wallet\n")
    (label,) = load_labels(path)
    assert (label.chain, label.address, label.verified) == ("monero", "48iVBYd8rHfH4aTK", False)


def test_byte_order_mark_carriage_returns_and_hostile_text_survive_as_data(write):
    hostile = "=cmd|' /C calc'!A0<script>alert(1)</script>\u202e\U0001f9ff"
    path = write("a.csv", "\ufeffchain,address,label\r\n" + f'ethereum,{EVM},"{hostile}"\r\n\r\n')
    (label,) = load_labels(path)
    assert label.label == hostile


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("chain,wallet\nethereum,x\n", "address"),
        ("chain;address\nethereum;x\n", "address"),
        ("", "address"),
        ("chain,address,label,label\n", "twice"),
        ('chain,address\nethereum,"' + "x" * 200_000, "CSV"),
        (f"chain,address\nethereum,{EVM}\0\n", "NUL"),
        ("chain,address\nethereum,nonsense\n", "none of 1 rows"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_place(write, content, word):
    path = write("a.csv", content)
    with pytest.raises(InputFileError, match=word) as caught:
        load_labels(path)
    assert "a.csv" in caught.value.where


def test_a_plain_list_needs_its_chain(write):
    path = write("terminals.txt", f"# ends\n\n{EVM}  # first\n{EVM_CHECKED}\r\n0xzz\n")
    with pytest.raises(InputFileError, match="does not name its chain"):
        load_labels(path)
    found = load_labels(path, chain="ethereum", category="terminal", boundary=True)
    assert [label.address for label in found] == [EVM, EVM_CHECKED.lower()]
    assert {(label.label, label.category, label.boundary) for label in found} == {("terminals", "terminal", True)}
    assert [(reject.line, reject.raw) for reject in found.rejects] == [(5, "0xzz")]


def test_the_ticker_of_a_sanctions_list_is_not_its_chain(write):
    lines = [EVM, BITCOIN, TRON, "0x123", "T" + "1" * 33, "4stickerless"]
    path = write("sanctioned_addresses_USDT.txt", "\n".join(lines))
    found = load_labels(path)
    assert [(label.chain, label.verified) for label in found] == [
        ("ethereum", True),
        ("bitcoin", True),
        ("tron", True),
        ("usdt", False),
    ]
    assert [reject.line for reject in found.rejects] == [4, 5]
    assert {(label.statement, label.source, label.currency, label.confidence) for label in found} == {
        ("sanctioned", "OFAC", "USDT", 60)
    }
    assert {label.category for label in found} == {None}


@pytest.mark.parametrize(
    ("ticker", "address", "chain", "verified"),
    [
        ("BSC", EVM, "ethereum", True),
        ("XBT", TRON, "tron", True),
        ("BCH", BITCOIN, "bitcoin_cash", True),
        ("XVG", BITCOIN, "xvg", False),
        ("XVG", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "xvg", False),
        ("NEWCOIN", EVM, "ethereum", True),
        ("XMR", "48iVBYd8rHfH4aTK", "xmr", False),
    ],
)
def test_unknown_tickers_are_kept_and_ambiguity_is_settled(write, ticker, address, chain, verified):
    (label,) = load_labels(write(f"sanctioned_addresses_{ticker}.txt", address))
    assert (label.chain, label.verified, label.currency) == (chain, verified, ticker)


def test_a_folder_gives_its_readable_files_sorted_and_none_twice(write, tmp_path):
    write("in/b.csv", f"chain,address,label\nethereum,{EVM},b\n")
    write("in/a.csv", f"chain,address,label\nethereum,{EVM},a\n")
    for name in ("LICENSE", "header.yaml", ".hidden.csv", "sub/c.csv", "data.csv.gz"):
        write(f"in/{name}", "not for us: [")
    found = load_labels(tmp_path / "in", tmp_path / "in" / "a.csv")
    assert [(label.label, label.origin) for label in found] == [("a", "in/a.csv:2"), ("b", "in/b.csv:2")]


def test_places_where_nothing_can_be_read_are_refused(write, tmp_path):
    write("empty/LICENSE", "x")
    os.mkfifo(tmp_path / "pipe.csv")
    write("odd.bin", "x")
    write("none.txt", "# nothing\n")
    for path in ("empty", "pipe.csv", "odd.bin", "missing.csv", "none.txt"):
        with pytest.raises(InputFileError) as caught:
            load_labels(tmp_path / path, chain="ethereum")
        assert str(tmp_path / path) in caught.value.where
        assert caught.value.hint
    with pytest.raises(InputFileError, match="empty path"):
        load_labels("")


def test_unknown_arguments_are_refused(write):
    path = write("a.txt", EVM)
    with pytest.raises(UnknownChainError):
        load_labels(path, chain="etherium")
    with pytest.raises(InputError, match="mixer"):
        load_labels(path, chain="ethereum", category="mixers")


def test_no_paths_and_a_heading_alone_are_no_labels(write):
    assert load_labels() == load_labels(write("a.csv", "chain,address\n"))
    assert load_labels().winners == {}


def test_the_package_lists_its_public_names():
    assert package.__all__ == sorted(package.__all__)
