"""Parameters of a request, read as strictly as a test needs them: what Etherscan would overlook is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptotrace.testing.explorers._replies import BAD_ADDRESS, BAD_PARAMETER, OVER_CAP, WINDOW, RefusedError
from cryptotrace.testing.explorers.plans import Plan

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}")


class WindowError(RefusedError):
    """The window of pages is too large: the text goes into the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """A stretch of a list: the page, its size, the blocks (both included) and the order."""

    first: int
    last: int
    number: int
    size: int
    ascending: bool


class Asked:
    """The parameters of one request, names in lower case as Etherscan reads them."""

    def __init__(self, params: Mapping[str, str], *, head: int, plan: Plan) -> None:
        self.params = {name.lower(): value for name, value in params.items()}
        self.head = head
        self.plan = plan

    def __contains__(self, name: str) -> bool:
        return name in self.params

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter as it was sent."""
        return self.params.get(name, default)

    def choice(self, name: str, options: tuple[str, ...], default: str | None = None) -> str:
        """Return one of the options."""
        value = self.params.get(name, default)
        if value not in options:
            raise RefusedError(BAD_PARAMETER)
        return value

    def address(self, name: str = "address") -> str:
        """Return an address in lower case."""
        return as_address(self.params.get(name, ""))

    def tx_hash(self) -> str:
        """Return a transaction hash in lower case."""
        value = self.params.get("txhash", "")
        if not _HASH.fullmatch(value):
            raise RefusedError("Error! Invalid transaction hash")
        return value.lower()

    def whole(self, name: str, default: int) -> int:
        """Return a whole number."""
        value = self.params.get(name)
        if value is None:
            return default
        if not _WHOLE.fullmatch(value):
            raise RefusedError(BAD_PARAMETER)
        return int(value)

    def block(self, name: str, default: int) -> int:
        """Return a block number; ``latest`` is the head."""
        return self.head if self.params.get(name) == "latest" else self.whole(name, default)

    def tag(self, default: str | None) -> int:
        """Return a block given as hex or ``latest``, never above the head."""
        value = self.params.get("tag", default)
        if value == "latest":
            return self.head
        if value is None or not _QUANTITY.fullmatch(value):
            raise RefusedError(BAD_PARAMETER)
        return int(value, 16)

    def paging(self, first: str = "startblock", last: str = "endblock") -> Paging:
        """Return the window, checked against the plan."""
        cap, limit = self.plan.page_cap, self.plan.window
        number, size = self.whole("page", 1), self.whole("offset", min(cap, limit))
        if number < 1 or size < 1:
            raise RefusedError(BAD_PARAMETER)
        if number * size > limit:
            raise WindowError(WINDOW.format(limit))
        if size > cap:
            if self.plan.over_cap == "error":
                raise RefusedError(OVER_CAP.format(cap))
            size = cap
        return Paging(
            first=self.block(first, 0),
            last=min(self.block(last, self.head), self.head),
            number=number,
            size=size,
            ascending=self.choice("sort", ("asc", "desc"), "asc") == "asc",
        )


def as_address(text: str) -> str:
    """Return an address in lower case, or refuse."""
    if not _ADDRESS.fullmatch(text):
        raise RefusedError(BAD_ADDRESS)
    return text.lower()
