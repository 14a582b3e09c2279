"""``cryptotrace verify``: whether two stores say the same, and whether a store says what its raw answers say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.outcome import answering
from cryptotrace.cli.terminal import aligned, answer

if TYPE_CHECKING:
    from cryptotrace.store import Difference, Store

__all__ = ["verify"]


def verify(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="The store; it is only read.", show_default=False)],
    other: Annotated[Path | None, typer.Argument(help="A store that should say the same.", show_default=False)] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Rebuild it from its raw answers, and compare.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Check raw answers against their hashes and print the logical digests; compare with another store, or with a replay.

    Exit code 0: the same; 6: a table differs, or an answer was changed: the first table and row are named.

    Example: cryptotrace verify case.duckdb --replay
    """
    if other is not None and replay:
        raise typer.BadParameter("name another store or say --replay, not both")
    with answering(context):
        from cryptotrace.collect import check_answers
        from cryptotrace.store import open_store

        ours = open_store(store, read_only=True)
        answers = check_answers(ours)
        difference, against = _compared(ours, other, replay=replay, show=not as_json)
        digests = ours.digests()
        if as_json:
            from cryptotrace.cli.documents import to_json, verify_document

            print(to_json(verify_document(store, against, answers, digests, difference)))
        if difference is not None:
            from cryptotrace.errors import VerificationError

            raise VerificationError(
                f"differs from {against}: {difference}",
                where=str(store),
                hint="Other inputs, parameters or version: see the table runs",
            )
        if not as_json:
            told = f"the same as {against}" if against else "logical digests"
            answer("\n".join([f"{answers:,} raw answers, each as its hash says", f"{told}:", *aligned(list(digests.items()))]))


def _compared(ours: Store, other: Path | None, *, replay: bool, show: bool) -> tuple[Difference | None, str]:
    """Give the first difference, and what the store was compared with."""
    if replay:
        from cryptotrace.collect import replay_difference

        return replay_difference(ours, progress=None if show else False), "its replay"
    if other is None:
        return None, ""
    from cryptotrace.store import first_difference, open_store

    return first_difference(ours, open_store(other, read_only=True)), str(other)
