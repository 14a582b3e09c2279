"""The examples from the command line: `python -m examples` lists them, `python -m examples NAME --help` explains one."""

from __future__ import annotations

import argparse
import importlib
import sys

EXAMPLES = {
    "first_steps": "every verb on a synthetic romance-baiting case, beside the planted truth",
    "reported_totals": "what was reported for a year, and what may never be added",
    "verified_cases": "two hand-verified thefts under all six policies (you bring the data)",
}


def main(arguments: list[str] | None = None) -> int:
    lines = "\n".join(f"  {name:<16} {told}" for name, told in EXAMPLES.items())
    parser = argparse.ArgumentParser(
        prog="python -m examples",
        description="Run an example of cryptotrace; everything after its name goes to it.",
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name", nargs="?", choices=sorted(EXAMPLES), metavar="NAME", help="which one; without it, they are listed"
    )
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser.parse_args(given[:1])
    if chosen.name is None:
        parser.print_help()
        return 0
    example = importlib.import_module(f"examples.{chosen.name}")
    done: int = example.main(given[1:])
    return done


if __name__ == "__main__":
    sys.exit(main())
