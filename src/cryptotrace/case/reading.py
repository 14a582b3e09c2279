"""``read_case``: from a path to a checked case, or one error that says where, what and what to do."""

from __future__ import annotations

import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cryptotrace.case.file import INPUTS, SCHEMA, CaseFile
from cryptotrace.case.words import near
from cryptotrace.errors import CaseFileError, InputError

__all__ = ["Case", "read_case"]

_LARGEST = 1_000_000

_WORDS = {
    "string_type": ("must be text", "Put it in quotes"),
    "bool_type": ("must be true or false", "Write true or false, without quotes"),
    "int_type": ("must be a whole number", "Write digits without quotes, point or sign"),
    "tuple_type": (
        "must be a list",
        'Write ["…", "…"]; a table that may come several times has two pairs of brackets: [[…]]',
    ),
    "dict_type": ("must be a table", 'Write lines such as ours = "theirs" below [input.columns]'),
    "model_type": ("must be a table", "Write its name in brackets on a line of its own, and its keys below"),
    "greater_than_equal": (
        "is too small",
        "Write 0 or more, and at least 1 for service_degree, max_requests and max_rows_per_address",
    ),
    "string_too_short": ("is empty", "Fill it in, or leave the key out"),
    "string_too_long": ("is longer than 300 characters", "Shorten it"),
    "too_short": ("is empty", "Add at least one"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case file that was read: its keys, and the place that its paths are relative to."""

    path: Path
    file: CaseFile

    def place(self, relative: str) -> Path:
        """Give the place of a path of the case file."""
        return self.path.parent / relative

    @property
    def id(self) -> str:
        """The name of the case."""
        return self.file.case.id

    @property
    def title(self) -> str:
        """The title, else the name."""
        return self.file.case.title or self.id

    @property
    def store(self) -> Path:
        """Where the case store is."""
        return self.place(self.file.case.store or f"{self.id}.duckdb")

    @property
    def report(self) -> Path:
        """Where the report goes."""
        return self.place(self.file.report.path)


def read_case(path: str | Path) -> Case:
    """Read and check a case file; nothing that it names is opened.

    Parameters
    ----------
    path : str or Path
        A TOML file in UTF-8, at most 1 MB.

    Returns
    -------
    Case

    Raises
    ------
    CaseFileError
        With the file, the key path (such as ``trace.policies.2``: tables and list items are counted from 0), what is wrong,
        and what to do.
    """
    where = Path(path)
    raw = _toml(where)
    try:
        return Case(path=where, file=CaseFile.model_validate(raw))
    except ValidationError as error:
        raise _refusal(where, error.errors(include_url=False)) from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, device or socket"
            raise CaseFileError(f"is {kind}, not a case file", where=str(path), hint="Name a file such as case.toml")
        if size > _LARGEST:
            raise CaseFileError(f"is larger than {_LARGEST:,} bytes", where=str(path), hint="Is it a case file?")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise CaseFileError("there is no such file", where=str(path), hint="Check the path of the case file") from None
    except UnicodeDecodeError as error:
        raise CaseFileError(f"is not UTF-8 (byte {error.start})", where=str(path), hint="Save it as UTF-8") from error
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) else "the path holds a NUL character"
        raise CaseFileError(f"cannot be read ({reason})", where=ascii(str(path)), hint="Check the path") from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, RecursionError):
            reason = "it is nested too deeply"
        else:
            # a ValueError of another kind: a whole number of more digits than Python reads
            reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a number in it is too long"
        raise CaseFileError(f"is not TOML: {reason}", where=str(path), hint="Mend that line; text stands in quotes") from error


def _refusal(path: Path, errors: list[ErrorDetails]) -> CaseFileError:
    """Make one error of several: an unknown key first, because a misspelt key also misses the right one."""
    # a list whose items were refused is also called too short: that says nothing new
    inner = {error["loc"][:1] for error in errors if len(error["loc"]) > 1}
    told = [error for error in errors if not (error["type"] == "too_short" and error["loc"] in inner)]
    told.sort(key=lambda error: error["type"] != "extra_forbidden")
    first = told[0]
    what, hint = _said(first)
    if len(told) > 1:
        hint = f"{hint} (and {len(told) - 1} more to mend in this file)"
    return CaseFileError(what, where=f"{path}: {'.'.join(_printed(part) for part in _untagged(first['loc']))}", hint=hint)


def _untagged(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out the kind of input that a key path goes through: it is no key."""
    return (*place[:2], *place[3:]) if place[0] == "input" else place


def _printed(part: int | str) -> str:
    return str(part) if isinstance(part, int) else part if part.isidentifier() else ascii(part)[:80]


def _said(error: ErrorDetails) -> tuple[str, str]:
    kind, place = error["type"], error["loc"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause.what, cause.hint
    if kind == "extra_forbidden":
        return "there is no such key", near(str(place[-1]), _keys(place[:-1]))
    if kind == "missing":
        return "this key is missing", _description(place) or "Add it"
    if kind in _WORDS:
        return _WORDS[kind]
    return error["msg"], f"See the format {SCHEMA}"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    model = _model_at(place)
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _description(place: tuple[int | str, ...]) -> str | None:
    model = _model_at(place[:-1])
    fields = {} if model is None else {field.alias or name: field for name, field in model.model_fields.items()}
    found = fields.get(str(place[-1]))
    return None if found is None else found.description


def _model_at(place: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Find the section that a key path leads to; a number is an item of a list of sections, a kind of input one of several."""
    found: dict[str, type[BaseModel]] = {"": CaseFile}
    for part in place:
        if isinstance(part, int):
            continue
        if len(found) > 1:
            found = {"": found[part]}
            continue
        field = found[""].model_fields.get(part)
        models = [] if field is None else _models(field.annotation)
        if not models:
            return None
        found = dict(INPUTS) if len(models) > 1 else {"": models[0]}
    return found.get("")


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Give the sections that an annotation names, however deep inside."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
