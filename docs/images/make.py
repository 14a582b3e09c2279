"""Make the pictures of the docs from a synthetic case: flow.svg, ladder.svg and report.png.

Run with `python docs/images/make.py`. The flow picture is the same on every machine; the ladder depends on the version of
matplotlib, and report.png needs Chromium (it is left as it is without one).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptotrace import CaseResult

FOLDER = Path(__file__).resolve().parent
SEED = 7
MARKS = 30
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KINDS = {"exchange": "exchange", "exchange_deposit": "exchange", "mixer": "mixer", "bridge": "bridge"}


def run(folder: Path) -> CaseResult:
    """Run the synthetic case in a folder."""
    import cryptotrace as ct
    from cryptotrace.testing import romance_world

    case = romance_world(SEED, campaigns=1, victims=6, people=30).write(folder)
    (folder / "SYNTHETIC.txt").write_text("Everything in this case is invented.\n", encoding="utf-8")
    return ct.run_case(case)


def flow(result: CaseResult) -> str:
    """Draw the traced money calmly: about thirty marks, the rest folded into groups, payers named as such."""
    from cryptotrace.figures import FlowEdge, FlowNode, flow_picture

    trace = result.trace
    rows = [row for row in trace.table("flows").dicts() if row["receiver"] is not None]
    seeds = {trace.context.account(account)[1] for account in trace.context.places.scam}
    nodes = {row["address"]: FlowNode(kind="resting", label="", entity=None) for row in trace.table("resting").dicts()}
    nodes |= {row["address"]: FlowNode(kind="frontier", label="", entity=None) for row in trace.table("frontier").dicts()}
    nodes |= {row["sender"]: FlowNode(kind="hop", label="a payer", entity=None) for row in rows if row["hop"] == 0}
    for row in trace.table("terminals").dicts():
        kind = KINDS.get(row["category"], "service")
        nodes[row["address"]] = FlowNode(kind=kind, label=row["entity"] or "", entity=row["entity"])
    nodes |= {seed: FlowNode(kind="seed", label="", entity=None, pinned=True) for seed in seeds}
    edges = [
        FlowEdge(
            sender=row["sender"],
            receiver=row["receiver"],
            usd=row["tainted_usd"],
            amount_text=f"{row['tainted_amount']} base units of {row['asset']}",
            time=row["time"],
            hop=row["hop"],
        )
        for row in rows
    ]
    drawn = flow_picture(edges, nodes, title="A synthetic case: where the money went", width=1000, max_groups=MARKS)
    return drawn.svg


def ladder(page: str) -> str:
    """Take the picture of the ladder out of a report."""
    found = re.findall(r"<svg\b.*?</svg>", page, flags=re.DOTALL)
    return str(next(svg for svg in found if "How much, by what is counted" in svg))


def photograph(page: Path, target: Path) -> bool:
    """Take a picture of the top of the report; False where no browser is at hand."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1240,1500",
         f"--screenshot={target}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if flow.svg is out of date")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = run(Path(scratch))
        picture = flow(result) + "\n"
        if chosen.check:
            same = (FOLDER / "flow.svg").read_text(encoding="utf-8") == picture
            print("flow.svg is up to date" if same else "out of date: flow.svg")
            return 0 if same else 1
        page = result.report.html
        (FOLDER / "flow.svg").write_text(picture, encoding="utf-8", newline="\n")
        (FOLDER / "ladder.svg").write_text(ladder(page.read_text(encoding="utf-8")) + "\n", encoding="utf-8", newline="\n")
        if not photograph(page, FOLDER / "report.png"):
            print("no browser found: report.png is left as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main())
