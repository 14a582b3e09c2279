"""Fixtures that every part of the suite shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Two busy cores: a slow example is no failure.
settings.register_profile("cryptotrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cryptotrace")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the checkout; a public checkout does not have it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real data folder ../shared/data, which is not part of the project")
    return folder
