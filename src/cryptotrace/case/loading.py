"""Inputs into the case store: one that this run made stays only if the run ends well, or an explorer was asked for it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptotrace._version import __version__
from cryptotrace.case.file import FilesInput
from cryptotrace.case.places import loading_options
from cryptotrace.case.pulling import Pulls, pull_input, refuse_other_pulls
from cryptotrace.case.reading import Case
from cryptotrace.collect import load_prices, load_transfers
from cryptotrace.collect.statuses import coverage_table
from cryptotrace.errors import CaseFileError
from cryptotrace.model import Coverage, Provenance
from cryptotrace.sources.files import FORMATS
from cryptotrace.sources.formats.prices import KINDS as PRICE_KINDS
from cryptotrace.sources.paths import find_files
from cryptotrace.store import Store, open_store

__all__ = ["coverage_of", "load_inputs", "opened"]

_LOADS = ("load_transfers", "load_prices")
_CLEAR = "Name another store in the case file, or delete this one and run again: it is made from the inputs"


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open a case store; one that this makes is taken away again if the work inside fails or is interrupted.

    Where an explorer began to answer, it stays: the same command goes on with what came.
    """
    made = [
        beside for beside in (path, *(path.with_name(path.name + end) for end in (".wal", ".journal"))) if not beside.exists()
    ]
    store = open_store(path)
    try:
        yield store
    except BaseException:
        if path in made and not _was_answered(path):
            for beside in made:
                beside.unlink(missing_ok=True)
        raise


def _was_answered(path: Path) -> bool:
    """Whether an explorer answered the first question for this store: answers that were paid for are never thrown away."""
    return bool(open_store(path, read_only=True).rows("SELECT 1 FROM meta WHERE name LIKE 'collect:%'"))


def load_inputs(case: Case, store: Store, pulls: Pulls, say: Callable[[str], None]) -> Coverage:
    """Load everything that the case names; loading the same again changes nothing.

    Raises
    ------
    CaseFileError
        If the store was made from other inputs: old rows would count beside the new ones.
    """
    _refuse_other_files(case, store)
    refuse_other_pulls(case, store)
    loads = _load(case, store, pulls, say)
    _refuse_other_options(case, store, loads)
    new = Counter[str]()
    for load in loads:
        new.update(load.new)
    inputs = {name: digest for load in loads for name, digest in load.provenance.inputs.items()}
    warnings = tuple(words for load in loads for words in load.provenance.warnings)
    return coverage_of(store, new=dict(new), inputs=inputs, warnings=warnings)


def coverage_of(
    store: Store,
    *,
    new: dict[str, int] | None = None,
    inputs: dict[str, str] | None = None,
    warnings: tuple[str, ...] = (),
) -> Coverage:
    """Say what a whole store holds and lacks: rejected rows by reason, and addresses by status."""
    rejected = store.rows("SELECT reason, count(*) FROM rejects GROUP BY reason ORDER BY count(*) DESC, reason")
    return Coverage(
        new=new or {},
        rejected=dict(rejected),
        table=coverage_table(store),
        provenance=Provenance(verb="run_case", version=__version__, inputs=inputs or {}, warnings=warnings),
    )


def _load(case: Case, store: Store, pulls: Pulls, say: Callable[[str], None]) -> list[Coverage]:
    loads = []
    for number, section in enumerate(case.file.input):
        if isinstance(section, FilesInput):
            say(f"loading {section.path}")
            options = loading_options(case, section)
            loads.append(load_transfers(store, case.place(section.path), complete=section.complete, **options))
        else:
            loads.append(pull_input(case, number, store, pulls, say))
    if case.file.prices.files:
        say("loading prices")
        loads.append(load_prices(store, *map(case.place, case.file.prices.files)))
    return loads


def _refuse_other_files(case: Case, store: Store) -> None:
    """Refuse a store with rows of files that are not the case's, before anything is written into it."""
    before = _runs(store)
    if not before:
        return
    ours: dict[str, set[str]] = {}
    for path in _files(case):
        with path.open("rb") as handle:
            ours.setdefault(path.name, set()).add(hashlib.file_digest(handle, "sha256").hexdigest())
    for verb, _, inputs in before:
        for name, digest in json.loads(inputs or "{}").items():
            if name not in ours and not _is_data(name):
                continue
            if digest not in ours.get(name, ()):
                what = f"{name!a} has changed since" if name in ours else f"{name!a} is no input of this case"
                raise CaseFileError(
                    f"the store holds rows of other files: {what} ({verb})",
                    where=f"{case.path}: case.store: {case.store}",
                    hint=_CLEAR,
                )


def _refuse_other_options(case: Case, store: Store, loads: list[Coverage]) -> None:
    """Refuse a store whose rows were read otherwise: what it once declared complete, say, stays so."""
    ours = {(load.provenance.verb, json.dumps(dict(load.provenance.parameters), sort_keys=True)) for load in loads}
    for verb, parameters, _ in _runs(store):
        if (verb, parameters) not in ours:
            raise CaseFileError(
                "the store was loaded from the same files with other options of [[input]]",
                where=f"{case.path}: case.store: {case.store}",
                hint=_CLEAR,
            )


def _runs(store: Store) -> list[tuple[str, str, str]]:
    rows = store.rows("SELECT verb, parameters, inputs FROM runs ORDER BY verb, parameters, inputs")
    return [(verb, parameters, inputs) for verb, parameters, inputs in rows if verb in _LOADS]


def _files(case: Case) -> Iterator[Path]:
    """Give every file of transfers and prices that the case reads."""
    for section in case.file.input:
        if isinstance(section, FilesInput):
            yield from (file.path for file in find_files([case.place(section.path)], FORMATS[section.format].kinds))
            yield from (place for place in loading_options(case, section).values() if isinstance(place, Path))
    for named in case.file.prices.files:
        yield from (file.path for file in find_files([case.place(named)], PRICE_KINDS))


def _is_data(name: str) -> bool:
    """Whether a name can be one of a file of rows; other files that lie in an input folder are none of our business."""
    kinds = {kind for form in FORMATS.values() for kind in form.kinds}
    bare = name.lower().removesuffix(".gz")
    return not name.startswith(".") and bare.rpartition(".")[2] in kinds
