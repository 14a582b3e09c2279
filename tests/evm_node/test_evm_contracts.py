"""The committed bytecode belongs to the committed sources, and the node leaves the interpreter as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from evm_contracts import FOLDER, NAMES, bytecode_lines, digest_of_source


def test_every_source_is_named_and_compiled() -> None:
    assert {path.stem for path in FOLDER.glob("*.vy")} == {path.stem for path in FOLDER.glob("*.hex")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_bytecode_was_made_from_this_source(name: str) -> None:
    compiler, digest, code = bytecode_lines(name)
    assert digest == digest_of_source(name), f"{name}.vy was edited: run evm_compile.py"
    assert compiler == "vyper 0.4.3, evm london"
    assert len(bytes.fromhex(code)) > 100


def test_the_node_leaves_the_recursion_limit_alone() -> None:
    build = "import sys; before = sys.getrecursionlimit(); import evm_fixtures; evm_fixtures.build_world(1, transactions=1)"
    code = f"{build}; sys.exit(sys.getrecursionlimit() != before)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=False).returncode == 0
