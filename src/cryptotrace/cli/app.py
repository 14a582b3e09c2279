"""The application: its verbs and the options before them."""

from __future__ import annotations

from typing import Annotated

import typer

from cryptotrace._version import __version__
from cryptotrace.cli.demo import demo
from cryptotrace.cli.report import report
from cryptotrace.cli.run import run
from cryptotrace.cli.totals import totals

__all__ = ["app"]

app = typer.Typer(
    name="cryptotrace",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001  (a callback of typer)
    if asked:
        print(f"cryptotrace {__version__}")
        raise typer.Exit


_Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


@app.callback()
def _before(
    context: typer.Context,
    version: _Version = False,  # noqa: ARG001, FBT002  (its callback does the work)
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each step, and tracebacks.")] = False,  # noqa: FBT002
) -> None:
    """Trace stolen crypto from scam seeds to a stolen total with a range, beside what was reported.

    Begin with: cryptotrace demo
    """
    context.obj = verbose


app.command()(demo)
app.command()(run)
app.command()(totals)
app.command()(report)
