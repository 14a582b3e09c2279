"""The public names: written out, sorted, all there, nothing more."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib

import pytest

import cryptotrace

PACKAGES = tuple(name for _, name, is_package in pkgutil.walk_packages(cryptotrace.__path__, "cryptotrace.") if is_package)
BANNED = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def test_all_equals_the_sorted_public_names():
    for name in cryptotrace.__all__:
        getattr(cryptotrace, name)  # loads it, as a user would
    submodules = {name for _, name, _ in pkgutil.iter_modules(cryptotrace.__path__)}
    from_the_future_and_typing = {"annotations", "TYPE_CHECKING", "Any", "import_module"}
    public = {
        name
        for name in dir(cryptotrace)
        if not name.startswith("_") and name not in (submodules - set(cryptotrace.__all__)) | from_the_future_and_typing
    }
    assert cryptotrace.__all__ == sorted(public | {"__version__"})


@pytest.mark.parametrize("name", [name for name in cryptotrace.__all__ if name != "__version__"])
def test_each_public_name_resolves_to_what_its_home_calls_by_that_name(name):
    value = getattr(cryptotrace, name)
    home = importlib.import_module(f"cryptotrace.{cryptotrace._HOME_OF[name]}")
    assert getattr(home, name) is value
    assert name in home.__all__


@pytest.mark.parametrize("name", [name for name in cryptotrace.__all__ if name not in {"ALL", "__version__"}])
def test_each_public_name_says_what_it_is(name):
    text = getattr(cryptotrace, name).__doc__
    assert text
    assert text.strip().splitlines()[0].endswith(".")
    assert not text.startswith(f"{name}(")  # a dataclass without a docstring gets its signature


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'teleport'"):
        _ = cryptotrace.teleport


def test_a_star_import_gives_the_public_names():
    space: dict[str, object] = {}
    exec("from cryptotrace import *", space)
    assert set(cryptotrace.__all__) <= set(space)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_lists_names_that_are_there_and_each_once(package):
    module = importlib.import_module(package)
    listed = getattr(module, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert [name for name in listed if not hasattr(module, name)] == []


def test_no_module_has_a_name_that_says_nothing():
    names = {part for _, name, _ in pkgutil.walk_packages(cryptotrace.__path__, "cryptotrace.") for part in name.split(".")}
    assert not names & BANNED


def test_the_version_is_the_one_of_the_papers(root):
    assert cryptotrace.__version__ in (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {cryptotrace.__version__}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")


def test_the_command_is_installed_under_its_name(root):
    scripts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert set(scripts) == {"cryptotrace"}
    module, function = scripts["cryptotrace"].split(":")
    assert callable(getattr(importlib.import_module(module), function))
