"""GraphSense TagPacks: YAML with a shared head and one tag an address.

Any key of a tag may stand at the top of the file or under ``header:``; the tag's own value wins, then the top's, then the
header's. A missing network is the currency; a missing confidence is the lowest level. The words stay the source's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptotrace.errors import InputFileError
from cryptotrace.labels.entries import MAX_FIELD, Entry, UnfitError, checked_confidence, checked_date, rejected
from cryptotrace.labels.reading import read_text
from cryptotrace.labels.vocabulary import confidence_levels
from cryptotrace.labels.yaml_tree import Block, Include, Listing, read_tree
from cryptotrace.model import Reject

__all__ = ["read_tagpack"]

MAX_PACK_BYTES = 64 * 2**20

_INHERITED = (
    "label",
    "source",
    "currency",
    "network",
    "confidence",
    "tx_hash",
    "context",
    "is_cluster_definer",
    "lastmod",
    "category",
    "abuse",
    "concepts",
    "actor",
    "tag_type",
)
_LEVELS_UP = 3


def read_tagpack(path: Path, name: str) -> Iterator[Entry | Reject]:
    """Read the tags of a TagPack, in order.

    Raises
    ------
    InputFileError
        The file cannot be read, is no valid YAML (the line is named), holds what is refused (see
        :mod:`cryptotrace.labels.yaml_tree`), has no list ``tags``, a key twice in its head, or includes what it may not.

    Notes
    -----
    One tag that does not fit, also one with a key twice, is a reject; the others are read.
    """
    pack = _pack(path)
    shared = _shared(pack, path)
    named = ": ".join(part for part in (_plain(pack, "creator"), _plain(pack, "title")) if part) or path.name
    tags: Listing = pack["tags"]
    for tag, line in zip(tags, tags.lines, strict=True):
        raw: Any = {**shared, **tag} if isinstance(tag, Block) else {"tag": tag}
        try:
            _refuse_malformed(tag)
            yield _entry(raw, named, name, line)
        except UnfitError as error:
            yield rejected(name, line, str(error), raw)


def _pack(path: Path) -> Block:
    pack = read_tree(read_text(path, max_bytes=MAX_PACK_BYTES), f"{path}")
    if not isinstance(pack, Block) or not isinstance(pack.get("tags"), Listing):
        raise InputFileError("no list 'tags'", where=f"{path}", hint="A TagPack has title, creator and tags")
    _refuse_duplicate(pack, path)
    return pack


def _refuse_duplicate(block: Block, path: Path) -> None:
    if block.duplicate is not None:
        what = f"the key {block.duplicate[:60]!a} comes twice in the mapping that starts here"
        raise InputFileError(what, where=f"{path}:{block.line}", hint="Keep one of them")


def _shared(pack: Block, path: Path) -> dict[str, Any]:
    header = pack.get("header")
    if isinstance(header, Include):
        header = _included(header, path)
    if header is not None and not isinstance(header, Block):
        raise InputFileError("'header' is no mapping of keys to values", where=f"{path}", hint="Correct it")
    if header is not None:
        _refuse_duplicate(header, path)
    both = {**(header or {}), **pack}
    return {key: both[key] for key in _INHERITED if key in both}


def _included(name: str, path: Path) -> Block:
    """Read the file that a pack includes; only inside the root of its repository, and only one level deep."""
    folder = path.resolve().parent
    root = _root(folder)
    for base in (root, folder):
        target = (base / name).resolve() if 0 < len(name) < 256 and "\0" not in name else root
        if not target.is_relative_to(root) or target == root:
            hint = f"Only files under {root.name}/ can be included"
            raise InputFileError(f"!include {name[:200]!a} leads out of the pack's folder", where=f"{path}", hint=hint)
        if target.exists():
            found = read_tree(read_text(target, max_bytes=MAX_PACK_BYTES), f"{target}")
            if not isinstance(found, Block):
                raise InputFileError("no mapping of keys to values", where=f"{target}", hint="It is included as header")
            inner = found.get("header", found)
            if not isinstance(inner, Block):
                raise InputFileError("an included file includes another", where=f"{target}", hint="Include one level")
            return inner
    raise InputFileError(f"!include {name[:200]!a} is not there", where=f"{path}", hint=f"Looked in {root.name}/")


def _root(folder: Path) -> Path:
    """Give the root of the repository: the nearest folder, at most 3 up, with ``packs`` or ``.git``, else the pack's own."""
    candidates = (folder, *folder.parents)[: _LEVELS_UP + 1]
    found = (place for place in candidates if (place / "packs").is_dir() or (place / ".git").exists())
    return next(found, folder)


def _entry(tag: Mapping[str, Any], named: str, name: str, line: int) -> Entry:
    address, label = _text(tag, "address"), _text(tag, "label")
    if not address:
        raise UnfitError("a tag of a transaction, not of an address" if _text(tag, "tx_hash") else "no address")
    if label is None or not label.strip():
        raise UnfitError("no label")
    currency, network = _text(tag, "currency"), _text(tag, "network")
    if not (network or currency):
        raise UnfitError("neither network nor currency")
    confidence = checked_confidence(_text(tag, "confidence"))
    return Entry(
        file=name,
        line=line,
        raw=tag,
        address=address,
        chain=network or currency,
        label=label,
        category=_text(tag, "category"),
        native_category=_text(tag, "category"),
        abuse=_text(tag, "abuse"),
        concepts=_concepts(tag.get("concepts")),
        vocabulary="graphsense",
        entity=_text(tag, "actor"),
        source=named,
        upstream=_text(tag, "source"),
        confidence=confidence_levels()["unknown"] if confidence is None else confidence,
        currency=currency,
        dated=checked_date(_text(tag, "lastmod"), "lastmod"),
    )


def _refuse_malformed(tag: Any) -> None:
    if not isinstance(tag, Block):
        raise UnfitError("the tag is no mapping of keys to values")
    if tag.duplicate is not None:
        raise UnfitError(f"the key {tag.duplicate[:60]!a} comes twice")


def _plain(block: Block, key: str) -> str | None:
    value = block.get(key)
    return value[:MAX_FIELD] if isinstance(value, str) else None


def _text(tag: Mapping[str, Any], key: str) -> str | None:
    value = tag.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, Include):
        raise UnfitError(f"{key} is no plain text")
    if len(value) > MAX_FIELD:
        raise UnfitError(f"{key} is longer than {MAX_FIELD:,} characters")
    return value or None


def _concepts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    parts = value if isinstance(value, Listing) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise UnfitError("concepts is no list of words")
    return tuple(parts)
