"""The assumptions against the real explorers; run with ``-m live``, keys in the environment, and a network."""

from __future__ import annotations

import pytest

from cryptotrace.sources.assumptions import CHECKED, check_explorers

pytestmark = [pytest.mark.live, pytest.mark.enable_socket]


@pytest.mark.parametrize("name", CHECKED)
def test_an_explorer_is_still_as_its_adapter_expects(name):
    found = check_explorers([name])
    if all(one.verdict == "skipped" for one in found.findings):
        pytest.skip(f"{name}: {found.findings[0].seen}")
    wrong = [(one.assumption, one.expected, one.seen) for one in found.findings if one.verdict in ("changed", "unreachable")]
    assert wrong == []
