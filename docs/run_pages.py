"""Run the Python blocks of the pages and compare what they print with the block of text that follows.

Run with `python docs/run_pages.py`; `--write` puts what was printed into the pages. Each page runs by itself, in a folder of
its own, its blocks in one namespace from top to bottom.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "docs/tutorials/first-steps.md",
    "docs/how-to/run-a-case.md",
    "docs/how-to/load-your-own-files.md",
    "docs/how-to/let-it-choose-the-explorer.md",
    "docs/how-to/collect-from-etherscan.md",
    "docs/how-to/collect-from-a-node.md",
    "docs/how-to/collect-from-bitcoin.md",
    "docs/how-to/collect-from-blockscout.md",
    "docs/how-to/collect-from-tron.md",
    "docs/how-to/get-prices.md",
    "docs/how-to/list-frozen-addresses.md",
    "docs/how-to/compare-with-reported-totals.md",
    "docs/how-to/hand-over-a-case-store.md",
    "docs/how-to/check-the-explorers.md",
)
BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<text>.*?)```\n)?", re.DOTALL)


def run(page: str) -> str:
    """Run a page in the present folder and give it with what its blocks print."""
    space: dict[str, Any] = {"__name__": "page"}

    def fill(found: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(found["code"], "page", "exec"), space)
        if found["text"] is None:
            return found[0]
        return f"```python\n{found['code']}```\n\n```text\n{printed.getvalue()}```\n"

    return BLOCK.sub(fill, page)


def refreshed(page: Path) -> tuple[str, str]:
    """Give the text of a page as it stands, and as it should stand."""
    text = page.read_text(encoding="utf-8")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            return text, run(text)
        finally:
            os.chdir(here)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put what was printed into the pages")
    parser.add_argument("pages", nargs="*", default=PAGES, help="pages, from the root of the checkout (default: all)")
    chosen = parser.parse_args()
    old = 0
    for name in chosen.pages:
        text, fresh = refreshed(ROOT / name)
        if text != fresh:
            old += 1
            print(f"{'written' if chosen.write else 'out of date'}: {name}")
            if chosen.write:
                (ROOT / name).write_text(fresh, encoding="utf-8", newline="\n")
    return 1 if old and not chosen.write else 0


if __name__ == "__main__":
    sys.exit(main())
