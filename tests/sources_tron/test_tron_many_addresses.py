"""Many addresses at once are what the codec makes of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError
from cryptotrace.sources.tron import many_addresses
from cryptotrace.sources.tron.many_addresses import forget_addresses, stored_forms, wrong_among
from cryptotrace.testing.explorers.tron_worlds import hex41, tron_address

A = tron_address(b"\1" * 20)
WRONG = A[:-1] + ("2" if A[-1] != "2" else "3")
KEYS = st.one_of(st.binary(min_size=20, max_size=20), st.sampled_from([bytes(20), b"\xff" * 20, b"\0" * 19 + b"\1"]))


@given(st.lists(KEYS, max_size=40))
def test_many_addresses_are_written_as_the_codec_writes_each(keys):
    forget_addresses()
    digits = {f"41{key.hex()}" for key in keys}
    forms = stored_forms({*digits, "41" * 20, "x", "", "42" + "0" * 40, "41" + "A" * 40})
    assert dict(forms) == {text: parse_address(text, "tron") for text in digits}
    assert dict(stored_forms(digits)) == dict(forms)
    assert wrong_among(set(forms.values())) == set()


@given(
    st.lists(KEYS, max_size=10),
    st.lists(st.tuples(KEYS, st.integers(0, 33), st.sampled_from("23456789ABCDefgh0l\u0661")), max_size=10),
)
def test_of_many_texts_those_are_wrong_that_the_codec_refuses(keys, changed):
    forget_addresses()
    texts = {tron_address(key) for key in keys}
    for key, place, letter in changed:
        text = tron_address(key)
        texts.add(text[:place] + letter + text[place + 1 :])
    wrong = wrong_among(texts)
    for text in texts:
        if text in wrong:
            with pytest.raises(InputError):
                parse_address(text, "tron")
        else:
            assert parse_address(text, "tron") == text
    assert wrong_among(texts) == wrong


@given(KEYS, st.integers(0, 255))
def test_a_checksum_that_is_right_under_another_version_is_no_address(key, version):
    import base58

    forget_addresses()
    text = base58.b58encode_check(bytes([version]) + key).decode()
    assert wrong_among({text, A}) == (set() if version == 0x41 else {text})


def test_what_is_remembered_is_bounded_and_stays_right(monkeypatch):
    monkeypatch.setattr(many_addresses._Known, "most", 8)
    forget_addresses()
    held = stored_forms({hex41(A)})
    for number in range(5):
        texts = {tron_address(bytes([number, at]) * 10) for at in range(5)}
        assert wrong_among({*texts, WRONG, "x"}) == {WRONG, "x"}
        assert {stored_forms({hex41(text) for text in texts})[hex41(text)] for text in texts} == texts
        assert max(len(many_addresses._KNOWN.right), len(many_addresses._KNOWN.texts)) <= 8
    assert held[hex41(A)] == A
