"""Blockscout's REST v2: what its lists and cursors are taken to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptotrace.sources.assumptions.base import Assumption, Question, Reading, Room, look_at, refusal, varied
from cryptotrace.sources.assumptions.looking import fields, in_order, page_size, reads_all, refused_as, told
from cryptotrace.sources.assumptions.places import EvmPlace
from cryptotrace.sources.blockscout.answers import REST, read_items
from cryptotrace.sources.blockscout.items import batch_of, place_of

__all__ = ["blockscout_rest"]

_PAGE = 50
_FAR = 2**31


def blockscout_rest(place: EvmPlace) -> tuple[Sequence[Question], Sequence[Assumption]]:
    """Give what is checked of REST v2."""

    def listed(stream: str, address: str) -> Question:
        return Question(name=stream, write=lambda room: room.draft(lambda source: next(source.pages(stream, address, 0, _FAR))))

    native = listed("native", place.busy)
    questions = (
        Question(name="status", write=lambda room: varied(native.write(room), path=f"{REST}/main-page/indexing-status")),
        native,
        Question(name="second page", write=lambda room: _second(native, room)),
        listed("internal", place.busy),
        listed("token", place.busy),
        Question(name="nobody", write=listed("native", place.nobody).write),
        Question(name="bad cursor", write=lambda room: varied(native.write(room), block_number="soon")),
    )
    assumptions = (
        *look_at(
            "status",
            ("indexing status", "finished_indexing and finished_indexing_blocks are true or false", _status),
            ("fields of the status", "to be learnt", fields(lambda one: [one.body])),
        ),
        *(one for name in ("native", "internal", "token") for one in _about_list(name)),
        *look_at(
            "second page",
            ("second page: order", "goes on below the first page", _goes_on),
            ("second page: repeats", "to be learnt: rows of the first page again", told(_repeats)),
        ),
        *look_at("nobody", ("an unused address", "an empty list, or 404", _nobody), takes_refusal=True),
        *look_at("bad cursor", ("a bad cursor", "to be learnt", refused_as(learn=True)), takes_refusal=True),
    )  # fmt: skip
    return questions, assumptions


def _second(native: Question, room: Room) -> Any:
    answer = room.readings["native"].answer
    following = None if answer is None else read_items(answer)[1]
    if following is None:
        raise LookupError("one page only")
    return varied(native.write(room), **following)


def _items(reading: Reading) -> list[Any]:
    found = reading.body["items"]
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _block_of(stream: str) -> Any:
    def block(item: Any) -> int:
        found = place_of(stream, item).block
        return _FAR if found is None else found  # it waits for a block: above all others

    return block


def _about_list(name: str) -> tuple[Assumption, ...]:
    return look_at(
        name,
        (f"{name}: order", "newest first", in_order(_items, _block_of(name), ascending=False)),
        (f"{name}: page", f"at most {_PAGE} items", page_size(_items, _PAGE)),
        (f"{name}: cursor", "null, or an object that names the next page", _cursor),
        (f"{name}: names in the cursor", "to be learnt", told(_names)),
        (f"{name}: reading", "every item is read", reads_all(lambda one: _rejected(one, name))),
        (f"{name}: fields", "to be learnt, then the same", fields(_items)),
    )


def _rejected(reading: Reading, stream: str) -> tuple[int, int]:
    items = _items(reading)
    chain = reading.read(lambda source: source._chain)  # noqa: SLF001  (the adapter's own chain)
    mined = [item for item in items if place_of(stream, item).block is not None]
    return len(items), len(batch_of(stream, mined, chain, file=stream).rejects)


def _cursor(reading: Reading) -> tuple[str, bool | None]:
    assert reading.answer is not None
    following = read_items(reading.answer)[1]
    return ("none: one page" if following is None else "an object"), True


def _names(reading: Reading) -> str:
    following = reading.body["next_page_params"]
    return " ".join(sorted(map(str, following))) if isinstance(following, dict) else "none"


def _status(reading: Reading) -> tuple[str, bool | None]:
    said = [reading.body.get(name) for name in ("finished_indexing", "finished_indexing_blocks")]
    fits = all(isinstance(one, bool) for one in said)
    return ("whole" if said == [True, True] else "not whole" if fits else "not said"), fits


def _goes_on(reading: Reading) -> tuple[str, bool | None]:
    block = _block_of("native")
    lowest = min(map(block, _items(reading.earlier["native"])))
    fits = all(block(item) <= lowest for item in _items(reading))
    return ("goes on" if fits else "rows above the first page"), fits


def _repeats(reading: Reading) -> str:
    first = {place_of("native", item).name for item in _items(reading.earlier["native"])}
    again = sum(place_of("native", item).name in first for item in _items(reading))
    return f"{again} rows again"


def _nobody(reading: Reading) -> tuple[str, bool | None]:
    if reading.problem is not None:
        return refusal(reading), reading.problem.kind == "bad_request" and "not found" in reading.problem.what.lower()
    items = _items(reading)
    return (f"{len(items)} items" if items else "an empty list"), not items
