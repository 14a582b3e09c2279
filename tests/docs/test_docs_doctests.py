"""The examples in docstrings run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cryptotrace

MODULES = (
    "cryptotrace",
    *sorted(
        name for _, name, _ in pkgutil.walk_packages(cryptotrace.__path__, "cryptotrace.") if not name.endswith("__main__")
    ),
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_give_what_they_say(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples_to_run():
    finder = doctest.DocTestFinder()
    counted = sum(len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name)))
    assert counted >= 10
