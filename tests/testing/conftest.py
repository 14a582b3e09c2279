"""Twenty worlds, made once per process."""

from __future__ import annotations

from functools import cache

import pytest

from cryptotrace.testing import World, romance_world

make = cache(romance_world)


@pytest.fixture(params=range(20), ids="seed{}".format)
def world(request: pytest.FixtureRequest) -> World:
    return make(request.param)


@pytest.fixture(scope="session")
def one_world() -> World:
    return make(3)
