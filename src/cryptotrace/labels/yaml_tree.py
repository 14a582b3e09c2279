"""YAML as plain text trees: no objects are built, so none can be smuggled in.

The parser's *events* are read one after another; nothing recurses, nothing is constructed. Every scalar stays the text that
stands in the file (``0x00ab`` is no number, ``no`` no boolean), only an empty or ``null`` plain scalar is None. Refused:
tags of Python or of applications, more than one document, keys that are no scalars, deep nesting, recursive aliases and
aliases that expand without bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptotrace.errors import InputFileError

__all__ = ["Block", "Include", "Listing", "read_tree"]

MAX_DEPTH = 32
MAX_ALIASED = 100_000
"""Nodes that aliases may add in all."""

_MERGE = "<<"
_INCLUDE = "!include"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)


class Include(str):
    """The path of an ``!include``; whoever reads the tree decides whether to follow it."""

    __slots__ = ()


class Block(dict[str, Any]):
    """A mapping with the line it starts in and the first key that it holds twice, if any."""

    __slots__ = ("duplicate", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.duplicate: str | None = None


class Listing(list[Any]):
    """A sequence with the line of each item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


@dataclass(slots=True)
class _Open:
    """A collection that is still being read."""

    node: Block | Listing
    anchor: str | None
    size: int = 1
    key: str | None = None
    merged: list[Any] = field(default_factory=list)


def read_tree(text: str, where: str) -> Any:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        The document.
    where : str
        File name for error messages.

    Returns
    -------
    Block, Listing, Include, str or None

    Raises
    ------
    InputFileError
        A syntax error or something that is refused; the line is named.

    Notes
    -----
    Linear in the size of the text, aliases share their nodes. libyaml's parser is used where it is installed.
    """
    import yaml  # 20 ms; most runs read no YAML

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(where)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(type(event).__name__, event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, where) from error
    return builder.root


def _syntax_error(error: Exception, text: str, where: str) -> InputFileError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    if mark is not None:
        line = mark.line + 1
    elif isinstance(position, int):  # a character that YAML does not allow
        line = text.count("\n", 0, position) + 1
    else:
        line = 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return InputFileError(f"not valid YAML: {problem}", where=f"{where}:{line}", hint="Correct the line")


class _Builder:
    """Builds the tree from events."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.root: Any = None
        self.documents = 0
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.aliased = 0

    def take(self, kind: str, event: Any) -> None:
        """Take one event of the parser."""
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start(kind, event)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end()
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise self._refusal(event, "more than one YAML document")

    def _refusal(self, event: Any, what: str) -> InputFileError:
        return InputFileError(what, where=f"{self.where}:{event.start_mark.line + 1}", hint="Only plain, flat YAML is read")

    def _scalar(self, event: Any) -> None:
        value: str | None = event.value
        if event.tag == _INCLUDE and self._is_header():
            value = Include(event.value)
        elif event.tag is not None and event.tag != "!" and event.tag not in _PLAIN_TAGS:
            raise self._refusal(event, f"the YAML tag {event.tag[:80]!a} is not allowed here")
        elif event.implicit[0] and event.value in _NULLS and not self._awaits_key():
            value = None
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._add(event, value, 1)

    def _is_header(self) -> bool:
        return len(self.stack) == 1 and self.stack[0].key == "header"

    def _awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].node, Block) and self.stack[-1].key is None

    def _start(self, kind: str, event: Any) -> None:
        if event.tag is not None and event.tag != "!" and event.tag not in _PLAIN_TAGS:
            raise self._refusal(event, f"the YAML tag {event.tag[:80]!a} is not allowed here")
        if len(self.stack) >= MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")
        if self._awaits_key():
            raise self._refusal(event, "a key that is no plain text")
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)  # until it ends, an alias to it would be recursive
        node = Block(event.start_mark.line + 1) if kind == "MappingStartEvent" else Listing()
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.node, Listing):
            parent.node.lines.append(event.start_mark.line + 1)
        self.stack.append(_Open(node=node, anchor=event.anchor))

    def _end(self) -> None:
        done = self.stack.pop()
        if isinstance(done.node, Block):
            for part in _blocks(done.merged):
                for key, value in part.items():
                    done.node.setdefault(key, value)
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.node, done.size)
        self._attach(done.node, done.size)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise self._refusal(event, "a YAML alias to nothing, or to what it stands in")
        value, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            raise self._refusal(event, "YAML aliases expand without bounds")
        if self._awaits_key() and not isinstance(value, str):
            raise self._refusal(event, "a key that is no plain text")
        self._add(event, value, size)

    def _add(self, event: Any, value: Any, size: int) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.node, Listing):
            parent.node.lines.append(event.start_mark.line + 1)
        self._attach(value, size)

    def _attach(self, value: Any, size: int) -> None:
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1]
        parent.size += size
        if isinstance(parent.node, Listing):
            parent.node.append(value)
        elif parent.key is None:
            parent.key = value
        else:
            key, parent.key = parent.key, None
            if key == _MERGE:
                parent.merged.append(value)
            elif key in parent.node:
                parent.node.duplicate = parent.node.duplicate or key
            else:
                parent.node[key] = value


def _blocks(values: list[Any]) -> Iterator[Block]:
    for value in values:
        parts = value if isinstance(value, Listing) else [value]
        yield from (part for part in parts if isinstance(part, Block))
