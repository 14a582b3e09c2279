"""The demonstration's pull: an invented world behind a fake explorer on this machine, over real HTTP, with planted faults."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptotrace.case.result import CaseResult
from cryptotrace.case.running import run_case
from cryptotrace.sources import open_source
from cryptotrace.sources.base import Source
from cryptotrace.testing import World
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault

__all__ = ["HOPS", "Pulled", "run_pulled"]

HOPS = 3
"""As far as an operator's money goes in these worlds before it reaches an end."""

_KEY = "demo-key"
_FAULTS = (
    Fault("html", 502, first=12),
    Fault("rate_limit", first=40),
    Fault("truncated", actions=("tokentx",), where=lambda params: params["page"] == "1", first=25),
)
_WORDS = {
    "html": "an error page in place of an answer",
    "rate_limit": "a refusal for asking too quickly",
    "truncated": "an answer that was cut off",
}
_ANSWERS = "answers.duckdb"
_PULLED = """\
# Pulled from a fake explorer on this machine, which is gone. A case of your own says
#   kind = "explorer", source = "etherscan", chain = "ethereum", hops = {hops}, prove = "seeds"
# The answers were kept, so the case can be run again without it:
"""
_REPLAY = f"""\
kind = "replay"
path = "{_ANSWERS}"
"""
_EXPLORER = """\
kind = "explorer"
source = "etherscan"
chain = "ethereum"
hops = {hops}
prove = "seeds"
"""
_SERVICES = """\
# Where coins were changed: without its lists nobody can tell who got what was paid for.
[[seeds]]
path = "also_pulled.csv"
role = "service"

[[seeds]]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What the fake explorer saw.

    Attributes
    ----------
    requests : int
        That it had, repeated ones included.
    survived : tuple of str
        Faults that hit a request, in words, and how often.
    addresses : frozenset of str
        Whose lists are complete.
    proven : str
        Whether their rows add up to the balances that it told, in words.
    """

    requests: int
    survived: tuple[str, ...]
    addresses: frozenset[str]
    proven: str

    def __str__(self) -> str:
        return (
            f"pulled over HTTP from a fake explorer on this machine: {self.requests:,} requests, "
            f"survived: {', '.join(self.survived) or 'nothing went wrong'}"
        )


def run_pulled(world: World, folder: Path, *, progress: Callable[[str], None] | None) -> tuple[CaseResult, Pulled]:
    """Write a world's case, pull what it needs over HTTP, and leave a case that runs again from the kept answers.

    Parameters
    ----------
    world : World
        The invented world.
    folder : Path
        Where its files, store and report go.
    progress : callable or None
        As :func:`cryptotrace.run_case`.
    """
    case = world.write(folder)
    files = case.read_text(encoding="utf-8")
    _write_services(world, folder)
    store, answers = folder / f"{world.name}.duckdb", folder / _ANSWERS
    for old in (store, store.with_name(store.name + ".journal"), answers):
        old.unlink(missing_ok=True)  # made from a world that may come from another version of the generator
    case.write_text(_with_input(files, _EXPLORER.format(hops=HOPS)), encoding="utf-8", newline="\n")
    try:
        with FakeEtherscan(world, key=_KEY, plan=UNLIMITED, faults=_FAULTS) as explorer:
            result = run_case(case, progress=progress, open=_opener(explorer))
        shutil.copyfile(store, answers)
    except BaseException:
        for made in (store, store.with_name(store.name + ".wal"), store.with_name(store.name + ".journal"), answers):
            made.unlink(missing_ok=True)
        raise
    finally:
        # never a case that would ask a real explorer for invented addresses
        text = _with_input(files, _PULLED.format(hops=HOPS) + _REPLAY)
        case.write_text(text, encoding="utf-8", newline="\n")
    return result, _seen(explorer, result)


def _opener(explorer: FakeEtherscan) -> Callable[..., Source]:
    """Open the fake explorer in place of the real one; it sets no pace, so nothing waits."""

    def opened(name: str, *, chain: str) -> Source:
        return open_source(name, chain=chain, key=_KEY, base_url=explorer.url, sleep=lambda _seconds: None)

    return opened


def _with_input(text: str, section: str) -> str:
    """Put another input in place of that of a world's case file, and the services beside its seeds."""
    before, _, rest = text.partition("[[input]]\n")
    _, _, after = rest.partition("[[seeds]]\n")
    return f"{before}[[input]]\n{section}\n{_SERVICES}{after}"


def _write_services(world: World, folder: Path) -> None:
    rows = [f"{row.chain},{row.address},service" for row in world.labels if row.category == "dex"]
    text = "\n".join(["chain,address,role", *rows]) + "\n"
    (folder / "also_pulled.csv").write_text(text, encoding="utf-8", newline="\n")


def _seen(explorer: FakeEtherscan, result: CaseResult) -> Pulled:
    hits = Counter(_WORDS[hit.fault.kind] for hit in explorer.faults.log)
    rows = result.store.rows(
        "SELECT address FROM coverage GROUP BY address HAVING count(*) FILTER (WHERE status <> 'complete') = 0"
    )
    return Pulled(
        requests=len(explorer.requests),
        survived=tuple(words if times == 1 else f"{words} ({times} times)" for words, times in hits.items()),
        addresses=frozenset(address for (address,) in rows),
        proven=_proven(result),
    )


def _proven(result: CaseResult) -> str:
    """Say how many accounts and balances the rows add up to: ``14 accounts: balances add up (28 of 28)``."""
    rows = list(result.estimate.table("proofs").dicts())
    wrong = sum(row["status"] != "proven" for row in rows)
    accounts = len({(row["chain"], row["address"]) for row in rows})
    said = "balances add up" if not wrong else "balances do not all add up"
    return f"{accounts:,} accounts: {said} ({len(rows) - wrong:,} of {len(rows):,})"
