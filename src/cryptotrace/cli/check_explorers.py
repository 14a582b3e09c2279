"""``cryptotrace check-explorers``: whether the explorers still answer as the adapters take for granted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.outcome import PARTIAL, answering, steps
from cryptotrace.cli.terminal import aligned, answer

if TYPE_CHECKING:
    from cryptotrace.sources.assumptions import Checks

__all__ = ["check_explorers"]

CHECK_SCHEMA = "cryptotrace.check-explorers/1"
_WIDEST = 60
_Names = Annotated[list[str] | None, typer.Argument(help="Who is checked, such as etherscan or prices:ecb; all without one.")]
_Record = Annotated[Path | None, typer.Option(help="Write what was seen to this file, for --against.", show_default=False)]
_Against = Annotated[Path | None, typer.Option(help="Compare with a file of --record; may be the same.", show_default=False)]
_Urls = Annotated[
    list[str] | None,
    typer.Option("--base-url", help="name=URL of another server that speaks the same. May come several times."),
]
_Everything = Annotated[bool, typer.Option("--all", help="Show every row; else those that need a look.")]
_List = Annotated[bool, typer.Option("--list", help="Show what would be checked, in how many requests; ask nobody.")]


def check_explorers(
    context: typer.Context,
    names: _Names = None,
    *,
    record: _Record = None,
    against: _Against = None,
    base_url: _Urls = None,
    everything: _Everything = False,
    listing: _List = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask explorers and sources of prices about well-known addresses, and show where they are not as this program expects.

    A dozen requests to each at most, side by side, two minutes in all; keys from the environment, as for collect. Exit code 0:
    nothing changed; 3: something changed, or somebody did not answer.

    Example: cryptotrace check-explorers --record seen.json
    """
    with answering(context):
        from cryptotrace.sources.assumptions import check_explorers as check
        from cryptotrace.sources.assumptions import read_baseline, write_baseline

        if listing:
            _listed(names or [], as_json=as_json)
            return
        baseline = None if against is None else read_baseline(against)
        if record is not None and record.exists():
            read_baseline(record)  # what is no baseline is not written over; said before anybody is asked
        with steps(context, quiet=as_json) as step:
            found = check(
                names or (), base_urls=_urls(base_url or []), baseline=baseline,
                on_done=lambda name: step(f"{name} is through") if step else None,
            )  # fmt: skip
        if record is not None:
            write_baseline(record, found, recorded=datetime.now(UTC))
        _told(found, everything=everything, as_json=as_json)
        if not found.is_settled:
            raise typer.Exit(PARTIAL)


def _urls(given: list[str]) -> dict[str, str]:
    from cryptotrace.errors import InputError

    pairs = [text.partition("=") for text in given]
    if any(not name or not url.startswith(("http://", "https://")) for name, _, url in pairs):
        raise InputError("not name=URL", where="--base-url", hint="Such as etherscan=http://127.0.0.1:8080/v2/api")
    return {name: url for name, _, url in pairs}


def _listed(names: list[str], *, as_json: bool) -> None:
    from cryptotrace.sources.assumptions import scripts

    found = scripts(names)
    if as_json:
        from cryptotrace.cli.documents import to_json

        print(to_json({"schema": CHECK_SCHEMA, "requests": {one.name: len(one.questions) for one in found}, "rows": [
            {"explorer": one.name, "assumption": row.name, "expected": row.expected} for one in found for row in one.assumptions
        ]}))  # fmt: skip
        return
    rows = [(one.name, row.name, row.expected) for one in found for row in one.assumptions]
    answer("\n".join(aligned([("explorer", "assumption", "expected"), *rows])))
    answer("requests: " + ", ".join(f"{one.name} {len(one.questions)}" for one in found))


def _told(found: Checks, *, everything: bool, as_json: bool) -> None:
    if as_json:
        from cryptotrace.cli.documents import to_json

        print(to_json({
            "schema": CHECK_SCHEMA,
            "settled": found.is_settled,
            "requests": dict(found.requests),
            "counts": found.counts(),
            "rows": [
                {"explorer": row.explorer, "assumption": row.assumption, "expected": row.expected, "seen": row.seen,
                 "was": row.was, "verdict": row.verdict}
                for row in found.findings
            ],
        }))  # fmt: skip
        return
    shown = [row for row in found.findings if everything or row.verdict != "holds"]
    table = [
        (row.explorer, row.assumption, _cut(row.expected), _cut(row.seen if row.was is None else f"{row.seen} (was {row.was})"),
         row.verdict)
        for row in shown
    ]  # fmt: skip
    if table:
        answer("\n".join(aligned([("explorer", "assumption", "expected", "seen", "verdict"), *table])))
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.counts().items()))
    answer(f"{len(found.findings)} rows: {counts}; {sum(found.requests.values())} requests")
    if not everything and len(shown) < len(found.findings):
        answer("--all shows those that hold too")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
