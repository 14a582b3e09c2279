"""The application: its verbs and the options before them."""

from __future__ import annotations

from typing import Annotated

import typer

from cryptotrace._version import __version__
from cryptotrace.cli.check_explorers import check_explorers
from cryptotrace.cli.collect import collect
from cryptotrace.cli.demo import demo
from cryptotrace.cli.doctor import doctor
from cryptotrace.cli.freezes import freezes
from cryptotrace.cli.logs import show_logs
from cryptotrace.cli.prices import prices
from cryptotrace.cli.prove import prove
from cryptotrace.cli.replay import replay
from cryptotrace.cli.report import report
from cryptotrace.cli.run import run
from cryptotrace.cli.totals import totals
from cryptotrace.cli.verify import verify

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
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Show each step, and tracebacks; twice: also what is logged.")
    ] = 0,
) -> None:
    """Trace stolen crypto from scam seeds to a stolen total with a range, beside what was reported.

    Begin with: cryptotrace demo
    """
    context.obj = verbose
    if verbose > 1:
        show_logs()


for verb in (demo, run, collect, freezes, prove, prices, totals, report, verify, replay, doctor, check_explorers):
    app.command()(verb)
