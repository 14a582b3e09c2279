"""The codec libraries are loaded before the first property is timed."""

from __future__ import annotations

import pytest

from cryptotrace.codecs import display_address, parse_address


@pytest.fixture(scope="session", autouse=True)
def _libraries_are_loaded():
    display_address("0x" + "0" * 40, "ethereum")
    parse_address("0x" + "0" * 40, "tron")
