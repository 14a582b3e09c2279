"""The wheel holds everything that the library reads at run time."""

from __future__ import annotations

import importlib.util
import zipfile

import pytest


@pytest.mark.slow
def test_the_wheel_ships_the_data_beside_the_code(python, root, tmp_path):
    # where the build backend is at hand, no network is needed for an isolated one
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    python("-m", "pip", "wheel", "--quiet", "--no-deps", *isolation, "--wheel-dir", tmp_path, root)
    (wheel,) = tmp_path.glob("cryptotrace-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    source = root / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "cryptotrace").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == wanted
    data = {name for name in shipped if not name.endswith(".py")}
    for ending in ("py.typed", ".sql", ".csv", ".j2"):
        assert any(name.endswith(ending) for name in data), ending
    assert "Requires-Python: >=3.11" in metadata
    assert "License-Expression: MIT" in metadata
