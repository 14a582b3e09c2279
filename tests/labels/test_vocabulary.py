"""Words of other sources in ours: a data file, never a guess."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cryptotrace.labels
from cryptotrace.errors import InputError
from cryptotrace.labels.vocabulary import ROLES, STATEMENTS, confidence_levels, meaning, our_categories, our_category
from cryptotrace.model import BOUNDARY_CATEGORIES

FOLDER = Path(cryptotrace.labels.__file__).parent
ROWS = list(csv.DictReader((FOLDER / "categories.csv").read_text(encoding="utf-8").splitlines()))


def test_every_row_of_the_mapping_uses_known_words_and_no_word_comes_twice():
    keys = [(row["vocabulary"], row["field"], row["native"]) for row in ROWS]
    assert len(keys) == len(set(keys)) > 80
    for row in ROWS:
        assert None not in row, row
        assert row["category"] in ("", *our_categories()), row
        assert row["statement"] in ("", *STATEMENTS), row
        assert row["role"] in ("", *ROLES), row
        assert row["relation"] in (("exact", "broader", "narrower", "overlaps") if row["category"] else ("",)), row


def test_every_boundary_category_is_one_of_ours():
    assert set(our_categories()) >= BOUNDARY_CATEGORIES


@pytest.mark.parametrize(
    "word",
    [
        "pig_butchering",
        "Pig Butchering",
        "pig-butchering",
        "PIGBUTCHERING",
        "sha_zhu_pan",
        "crypto_confidence_scam",
        "cryptocurrency_investment_fraud",
        "romance_baiting",
    ],
)
def test_old_names_of_romance_baiting_are_understood(word):
    assert our_category(word) == "romance_baiting"
    assert meaning(category=word).category == "romance_baiting"


def test_an_unknown_word_is_never_guessed_and_an_unknown_argument_is_refused():
    assert meaning(category="exchanges").category is None
    assert meaning(category="user", vocabulary="graphsense").category is None
    with pytest.raises(InputError, match="exchange"):
        our_category("exchanges")


def test_what_an_address_is_comes_before_what_it_was_used_for():
    assert meaning(category="exchange", abuse="scam", vocabulary="graphsense").category == "exchange"
    assert meaning(category="service", abuse="pyramid_scheme", vocabulary="graphsense").category == "hyip_ponzi"
    assert meaning(category=None, concepts=["scam", "phishing"], vocabulary="graphsense").category == "phishing_drainer"
    assert meaning(category=None, abuse="sanction", vocabulary="graphsense").statement == "sanctioned"


def test_the_confidence_ladder_is_the_published_one():
    assert confidence_levels() == {
        "override": 100,
        "ownership": 100,
        "ledger_immanent": 100,
        "manual_transaction": 90,
        "service_api": 70,
        "forensic_investigation": 70,
        "authority_data": 60,
        "trusted_provider": 50,
        "service_data": 50,
        "forensic": 50,
        "untrusted_transaction": 40,
        "web_crawl": 20,
        "heuristic": 10,
        "unknown": 5,
    }
