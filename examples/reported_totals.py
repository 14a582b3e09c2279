"""What was reported for a year or a kind of fraud, and which of it may never be added."""

from __future__ import annotations

import argparse

import cryptotrace as ct


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples reported_totals", description=__doc__)
    parser.add_argument("--year", default="2021", help="a year (default 2021)")
    parser.add_argument("--category", help="a kind of fraud, such as romance_baiting")
    chosen = parser.parse_args(arguments)
    totals = ct.reported_totals(period=chosen.year, category=chosen.category)
    for record in totals:
        status = totals.status_of(record.id).status
        figure = "no amount in dollars" if record.best_usd is None else f"{record.best_usd:,.0f} USD"
        print(f"{record.id}: {figure} ({record.flow_concept}, {record.geography}, {status})")
        for other in totals.never_add(record.id):
            print(f"    never add {other.id}: {other.words}")
    print(f"{len(totals)} figures. They count different things: sum none of them without reading its record.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
