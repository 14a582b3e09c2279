"""The real TagPacks and sanctions lists, against an independent count."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from cryptotrace.labels import load_labels, load_seeds
from cryptotrace.model import Labels


@pytest.fixture(scope="module")
def packs(shared_data: Path) -> Path:
    return shared_data / "labels" / "tagpacks"


@pytest.fixture(scope="module")
def loaded(packs: Path) -> Labels:
    return load_labels(packs)


@pytest.fixture(scope="module")
def tags(packs: Path) -> list[dict[str, object]]:
    """Every tag with what it inherits, read without our code."""
    found = []
    for path in sorted(packs.glob("*.yaml")):
        pack = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        head = {key: value for key, value in pack.items() if key != "tags"}
        found += [{**head, **tag, "file": path.name} for tag in pack["tags"]]
    return found


def test_labels_and_rejects_are_all_tags(loaded, tags):
    assert len(loaded) + len(loaded.rejects) == len(tags) == 13_572
    assert len(loaded.rejects) <= 5


@pytest.mark.parametrize(("key", "field"), [("currency", "currency"), ("category", "native_category"), ("abuse", "abuse")])
def test_counts_are_those_of_an_independent_count(loaded, tags, key, field):
    ours = Counter(getattr(label, field) for label in loaded)
    ours.update(json.loads(reject.raw).get(key) for reject in loaded.rejects)
    assert ours == Counter(tag.get(key) for tag in tags)


def test_each_tag_is_the_label_at_its_place(loaded, tags):
    rejected = Counter((reject.file, json.loads(reject.raw)["address"]) for reject in loaded.rejects)
    expected = []
    for tag in tags:
        place = (f"tagpacks/{tag['file']}", tag["address"])
        if rejected[place]:
            rejected[place] -= 1
            continue
        expected.append((place[0], str(tag["address"]).strip().lower(), tag["label"], tag["source"]))
    ours = [(label.origin.rsplit(":", 1)[0], label.address.lower(), label.label, label.upstream) for label in loaded]
    assert [row for row in ours if row[1][:2] == "0x"] == [row for row in expected if row[1][:2] == "0x"]
    assert [(row[0], row[2], row[3]) for row in ours] == [(row[0], row[2], row[3]) for row in expected]


def test_the_exchanges_in_the_pack_of_hacks_stay_exchanges(loaded, tags):
    there = [label for label in loaded if label.origin.startswith("tagpacks/hacks.yaml:")]
    expected = sum(tag["file"] == "hacks.yaml" and tag.get("category") == "exchange" for tag in tags)
    assert sum(label.category == "exchange" and label.is_boundary for label in there) == expected == 403


def test_frozen_addresses_have_no_category_and_no_role(loaded):
    frozen = [label for label in loaded if label.native_category == "black_list"]
    assert len(frozen) == 774
    assert {(label.statement, label.category, label.role, label.confidence) for label in frozen} == {
        ("frozen", None, "unknown", 100)
    }


def test_chains_without_a_codec_are_kept_verbatim(loaded, tags):
    theirs = Counter(tag["address"] for tag in tags if tag["currency"] in ("XMR", "ADA", "EOS", "ATOM"))
    ours = Counter(label.address for label in loaded if label.chain in ("xmr", "ada", "eos", "atom"))
    assert ours == theirs
    assert not any(label.verified for label in loaded if label.chain in ("xmr", "ada", "eos", "atom"))


def test_bad_addresses_are_rejects_that_say_why(loaded):
    reasons = {json.loads(reject.raw)["address"]: reject.reason for reject in loaded.rejects}
    assert "checksum" in reasons["1Mn386ue8o3mW9866octLNP8HFqcYsphJCV"]
    assert "tron" in reasons["TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"]
    assert "position 10" in reasons["14bwh6gmvol5ntwbvxqjkjdtzv4y5ebtvm"]


def test_loading_twice_gives_equal_values_and_order_changes_no_winner(packs, loaded):
    assert load_labels(packs) == loaded
    backwards = load_labels(*sorted(packs.glob("*.yaml"), reverse=True))
    assert set(backwards.winners) == set(loaded.winners)
    strip = {key: (label.label, label.source, label.category) for key, label in loaded.winners.items()}
    assert {key: (label.label, label.source, label.category) for key, label in backwards.winners.items()} == strip


def test_every_winner_is_a_label_of_its_address(loaded):
    items = set(loaded.items)
    assert {(label.chain, label.address) for label in items} == set(loaded.winners)
    assert all(label in items and key == (label.chain, label.address) for key, label in loaded.winners.items())


def test_the_tagpacks_load_in_seconds(packs):
    start = time.perf_counter()
    load_labels(packs)
    assert time.perf_counter() - start < 8


def test_all_sanctioned_addresses_are_read_and_put_on_their_chain(shared_data):
    folder = shared_data / "labels" / "ofac"
    found = load_labels(folder)
    lines = {path.name: path.read_text(encoding="ascii").split() for path in folder.glob("*.txt")}
    assert len(found) + len(found.rejects) == sum(map(len, lines.values())) == 623
    assert not found.rejects
    for name, addresses in lines.items():
        ticker = name.removeprefix("sanctioned_addresses_").removesuffix(".txt")
        ours = Counter(label.chain for label in found if label.currency == ticker)
        theirs = Counter(
            "ethereum" if text.startswith("0x") else "tron" if text.startswith("T") else "bitcoin" for text in addresses
        )
        assert ours == theirs, ticker
    assert {label.statement for label in found} == {"sanctioned"}


def test_seeds_and_labels_of_the_worlds_are_read_whole(shared_data):
    folders = [path for path in sorted((shared_data / "worlds").iterdir()) if path.is_dir()]
    assert len(folders) == 16
    for folder in folders:
        seed_lines = (folder / "seeds.csv").read_text(encoding="ascii").splitlines()[1:]
        label_lines = (folder / "labels.csv").read_text(encoding="ascii").splitlines()[1:]
        seeds, labels = load_seeds(folder / "seeds.csv"), load_labels(folder / "labels.csv")
        assert (len(seeds), seeds.rejects) == (len(set(seed_lines)), ())
        assert (len(labels), labels.rejects) == (len(label_lines), ())
        assert Counter(seed.role for seed in seeds) == Counter(line.split(",")[2] for line in set(seed_lines))
        assert [label.category for label in labels] == [line.split(",")[3] for line in label_lines]
        assert [f"0.{label.confidence:02}".rstrip("0") for label in labels] == [line.rsplit(",", 1)[1] for line in label_lines]


def test_sources_and_terminals_of_the_verified_cases_are_read(shared_data):
    for case in ("lifi-2024", "xscam-2022"):
        folder = shared_data / "cases" / case
        seeds = load_seeds(folder / "sources.txt", chain="ethereum", category="hack", injects="outflow", campaign=case)
        ends = load_labels(folder / "terminals.txt", chain="ethereum", category="terminal", boundary=True)
        assert len(seeds) == len(set((folder / "sources.txt").read_text(encoding="ascii").split()))
        assert len(ends) == len((folder / "terminals.txt").read_text(encoding="ascii").split())
        assert not seeds.rejects + ends.rejects
        assert all(label.is_boundary for label in ends.winners.values())
