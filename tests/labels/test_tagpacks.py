"""TagPacks: inheritance, includes, and that one bad tag never loses the file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cryptotrace.errors import InputFileError
from cryptotrace.labels import load_labels

EVM = "0x52908400098527886e0f7030069857d2e4169ee7"
EVM_CHECKED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
HEAD = "title: T\ncreator: C\ncurrency: ETH\nlabel: L\nsource: http://s\n"


def test_a_tag_inherits_from_top_and_header_and_its_own_value_wins(write):
    path = write(
        "p.yaml",
        "title: Pack\ncreator: Team\nheader:\n  currency: BTC\n  category: exchange\n  confidence: forensic\n"
        "category: mixing_service\nlastmod: 2021-11-12\nlabel: Shared\ntags:\n"
        f"- address: {BITCOIN}\n  source: http://one\n"
        f"- address: {TRON}\n  currency: USDT\n  network: TRX\n  label: Own\n  category: gambling\n  confidence: ownership\n"
        "  lastmod: 2023-08-16 12:18:52.619444\n  actor: someone\n  abuse: scam\n"
        f"- address: {BITCOIN}\n  category: ~\n",
    )
    first, second, third = load_labels(path)
    assert (first.chain, first.label, first.native_category, first.category) == (
        "bitcoin",
        "Shared",
        "mixing_service",
        "mixer",
    )
    assert (first.confidence, first.source, first.upstream) == (50, "Team: Pack", "http://one")
    assert first.last_modified == datetime(2021, 11, 12, tzinfo=UTC)
    assert (second.chain, second.currency, second.label, second.entity) == ("tron", "USDT", "Own", "someone")
    assert (second.category, second.native_category, second.abuse, second.confidence) == ("gambling", "gambling", "scam", 100)
    assert second.last_modified == datetime(2023, 8, 16, 12, 18, 52, 619444, tzinfo=UTC)
    assert (third.category, third.native_category) == (None, None)
    assert [label.origin for label in (first, second, third)] == ["p.yaml:11", "p.yaml:13", "p.yaml:22"]


def test_missing_confidence_is_the_lowest_level_and_missing_network_the_currency(write):
    (label,) = load_labels(write("p.yaml", f"{HEAD}tags:\n- address: '{EVM}'\n"))
    assert (label.confidence, label.chain, label.currency) == (5, "ethereum", "ETH")


def test_an_address_without_quotes_is_not_taken_for_a_number(write):
    (label,) = load_labels(write("p.yaml", f"{HEAD}tags:\n- address: 0x00{'ab' * 19}\n"))
    assert label.address == "0x00" + "ab" * 19


def test_one_bad_tag_never_loses_the_file(write):
    bad = [
        f"- address: '{EVM_CHECKED.replace('B', 'b', 1)}'",
        f"- address: {BITCOIN}",
        "- just text",
        f"- {{address: '{EVM}', address: '{EVM}'}}",
        "- tx_hash: '0x12'",
        f"- {{address: '{EVM}', confidence: sure}}",
        f"- {{address: '{EVM}', lastmod: 2021-13-45}}",
        f"- {{address: '{EVM}', label: [a, b]}}",
        f"- {{address: '{EVM}', label: ~}}",
        f"- {{address: '{EVM}', currency: ~}}",
        f"- {{address: '{EVM}', concepts: [[x]]}}",
        "- ~",
    ]
    path = write("p.yaml", f"{HEAD}tags:\n- address: '{EVM}'\n" + "\n".join(bad) + f"\n- address: '{EVM_CHECKED}'\n")
    found = load_labels(path)
    assert [label.address for label in found] == [EVM, EVM_CHECKED.lower()]
    assert [reject.line for reject in found.rejects] == list(range(8, 8 + len(bad)))
    words = ["position", "bitcoin", "mapping", "twice", "transaction", "confidence", "ISO date", "label", "label"]
    words += ["neither network nor currency", "concepts", "mapping"]
    for reject, word in zip(found.rejects, words, strict=True):
        assert word in reject.reason, reject.reason
    assert '"source": "http://s"' in found.rejects[0].raw


def test_hostile_label_text_survives_as_data(write):
    hostile = '{{7*7}}<img src=x onerror="a()">\\u202e%s'
    path = write("p.yaml", f"{HEAD}tags:\n- address: '{EVM}'\n  label: '{hostile}'\n".replace("\n", "\r\n"))
    assert load_labels(path).items[0].label == hostile


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{HEAD}tags:\n- address: [\n- x\n", ":8"),
        (f"title: A\ntitle: B\ntags:\n- address: '{EVM}'\n", ":1"),
        (f"header:\n  label: A\n  label: B\ntags:\n- address: '{EVM}'\n", ":2"),
        (f"{HEAD}tags:\n- address: '{EVM}'\n  label: !!python/object/apply:os.system [id]\n", ":8"),
        ("- a\n- b\n", ""),
        ("title: no tags\n", ""),
        ("tags: many\n", ""),
        ("header: text\ntags:\n- a: b\n", ""),
    ],
)
def test_a_pack_that_is_none_is_refused_with_its_line(write, content, line):
    path = write("p.yaml", content)
    with pytest.raises(InputFileError) as caught:
        load_labels(path)
    assert caught.value.where == f"{path}{line}"


def test_an_include_is_found_in_the_root_of_the_packs(write):
    write("repo/header.yaml", "creator: Shared Team\nlabel: Shared\ncurrency: ETH\ncategory: exchange\n")
    path = write("repo/packs/p.yaml", f"title: T\nheader: !include header.yaml\ntags:\n- address: '{EVM}'\n")
    (label,) = load_labels(path)
    assert (label.label, label.category, label.chain) == ("Shared", "exchange", "ethereum")
    beside = write("alone/p.yaml", f"header: !include h.yml\ntags:\n- address: '{EVM}'\n")
    write("alone/h.yml", "header:\n  label: Beside\n  currency: ETH\n")
    assert load_labels(beside).items[0].label == "Beside"


@pytest.mark.parametrize(
    "target",
    ["../../etc/passwd", "../../../../../../etc/passwd", "/etc/passwd", "../secret.yaml", "link.yaml", "", "x" * 300],
)
def test_an_include_never_leaves_the_root_of_the_packs(write, tmp_path, target):
    write("secret.yaml", "label: secret\ncurrency: ETH\n")
    path = write("repo/packs/p.yaml", f"header: !include '{target}'\ntags:\n- address: '{EVM}'\n")
    (tmp_path / "repo" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(InputFileError, match="leads out of"):
        load_labels(path)


def test_an_include_goes_one_level_deep_and_must_exist(write):
    write("repo/h.yaml", "header: !include i.yaml\n")
    write("repo/i.yaml", "label: x\n")
    for name, word in (("h.yaml", "includes another"), ("none.yaml", "not there")):
        path = write("repo/packs/p.yaml", f"header: !include {name}\ntags:\n- address: '{EVM}'\n")
        with pytest.raises(InputFileError, match=word):
            load_labels(path)


def test_the_root_is_at_most_three_levels_up(write):
    write("r/h.yaml", "label: far\ncurrency: ETH\n")
    write("r/packs/x", "")
    near = write("r/packs/1/2/p.yaml", f"header: !include h.yaml\ntags:\n- address: '{EVM}'\n")
    far = write("r/packs/1/2/3/p.yaml", f"header: !include h.yaml\ntags:\n- address: '{EVM}'\n")
    assert load_labels(near).items[0].label == "far"
    with pytest.raises(InputFileError, match="not there"):
        load_labels(far)
