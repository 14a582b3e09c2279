"""The exceptions of cryptotrace: one tree, so one ``except`` catches all of it.

::

    CryptotraceError
    ├── InputError (ValueError)            what a person handed over is wrong             exit code 5
    │   ├── InvalidAddressError            not an address, or its checksum fails
    │   ├── WrongChainError                a valid address, of another chain
    │   ├── UnknownChainError              no such chain, or no codec for it
    │   ├── InputFileError                 a file that is missing, unreadable or of the wrong shape
    │   ├── CaseFileError                  case.toml: an unknown key, a missing key, a bad value
    │   └── RegistryError                  reported totals that fail their own checks
    ├── StoreError (RuntimeError)          the case store
    │   ├── StoreBusy                      another process holds it                       exit code 1
    │   ├── NotAStoreError (also InputError) the file is no case store of ours            exit code 5
    │   └── AmountOverflowError (OverflowError) an exact sum passed 10**38 - 1
    ├── SourceError                        an explorer did not give what was asked        exit code 4
    │   ├── TransientSourceError           worth trying again
    │   │   ├── RateLimited                asked too quickly; ``wait`` seconds if it said so
    │   │   └── MalformedAnswer            not the shape that was documented
    │   └── PermanentSourceError           not worth trying again
    │       ├── QuotaExhausted             the day's calls are used up
    │       ├── BadKey                     no key, or a refused one
    │       ├── PlanRequired               not in this plan: the endpoint
    │       │   └── ChainNotInPlan         not in this plan: the whole chain
    │       ├── BadRequest                 the explorer does not know what was asked
    │       ├── RangeTooLarge              too many rows in the range; a smaller one may do
    │       ├── NotIndexedYet              the explorer has not processed this yet
    │       ├── NotArchived                replay was asked for an answer that was never stored
    │       └── Stopped                    not refused: a person or a budget ended the run
    ├── ConservationError (ArithmeticError) a trace that does not balance: a bug, never shipped as a number
    └── VerificationError                  a re-run gave other digits                     exit code 6

Every message says *what* is wrong, *where*, and *what to do next*; :class:`CryptotraceError` takes the three apart so
that none is forgotten.
"""

from __future__ import annotations

__all__ = [
    "AmountOverflowError",
    "BadKey",
    "BadRequest",
    "CaseFileError",
    "ChainNotInPlan",
    "ConservationError",
    "CryptotraceError",
    "InputError",
    "InputFileError",
    "InvalidAddressError",
    "MalformedAnswer",
    "NotAStoreError",
    "NotArchived",
    "NotIndexedYet",
    "PermanentSourceError",
    "PlanRequired",
    "QuotaExhausted",
    "RangeTooLarge",
    "RateLimited",
    "RegistryError",
    "SourceError",
    "Stopped",
    "StoreBusy",
    "StoreError",
    "TransientSourceError",
    "UnknownChainError",
    "VerificationError",
    "WrongChainError",
]


class CryptotraceError(Exception):
    """Base of everything that cryptotrace raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence without a full stop.
    where : str, optional
        The file, line, key, address or table that it is about.
    hint : str, optional
        What the person can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.hint}" if self.hint else text


class InputError(CryptotraceError, ValueError):
    """Something handed over by a person is wrong; nothing was changed."""

    exit_code = 5


class InvalidAddressError(InputError):
    """A text that is no address, or whose checksum fails.

    Attributes
    ----------
    position : int or None
        0-based index of the first character that is wrong, where that can be said.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", position: int | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.position = position


class WrongChainError(InvalidAddressError):
    """A valid address that belongs to another chain; ``chains`` names where it can be."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", chains: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, hint=hint)
        self.chains = chains


class UnknownChainError(InputError):
    """No chain of that name is known."""


class InputFileError(InputError):
    """A file that is missing, unreadable, not a regular file, or not of the declared format."""


class CaseFileError(InputError):
    """``case.toml`` has an unknown key, lacks one, or holds a value of the wrong kind."""


class RegistryError(InputError):
    """A file of reported totals fails a check."""


class StoreError(CryptotraceError, RuntimeError):
    """The case store could not do what was asked."""


class StoreBusy(StoreError):  # noqa: N818  (the state is the name: the store is busy)
    """Another process holds the store.

    Attributes
    ----------
    pid : int or None
        The process that holds it, where the engine says so.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", pid: int | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.pid = pid


class NotAStoreError(StoreError, InputError):
    """The file is not a case store, or one of another schema version."""

    exit_code = 5


class AmountOverflowError(StoreError, OverflowError):
    """A sum passed 10**38 - 1 base units; nothing was rounded or wrapped."""


class SourceError(CryptotraceError):
    """An explorer did not give what was asked.

    Attributes
    ----------
    kind : str
        The word that coverage keeps.
    answer : object or None
        The raw answer that says so, where there is one.
    """

    exit_code = 4
    kind = "error"
    answer: object = None


class TransientSourceError(SourceError):
    """Worth trying again later."""

    kind = "unavailable"


class RateLimited(TransientSourceError):  # noqa: N818  (these names say what happened)
    """Asked too quickly.

    Attributes
    ----------
    wait : float or None
        Seconds to wait, where the explorer said so.
    """

    kind = "rate_limited"

    def __init__(self, what: str, *, where: str = "", hint: str = "", wait: float | None = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.wait = wait


class MalformedAnswer(TransientSourceError):  # noqa: N818
    """An answer of another shape than was documented: a page of HTML, cut JSON, rows out of order."""

    kind = "malformed"


class PermanentSourceError(SourceError):
    """Will fail again until something changes (key, plan, address)."""

    kind = "refused"


class QuotaExhausted(PermanentSourceError):  # noqa: N818
    """The calls of the day are used up; they come back at 00:00 UTC."""

    kind = "quota_exhausted"


class BadKey(PermanentSourceError):  # noqa: N818
    """The explorer wants a key, or refuses the one it got."""

    kind = "bad_key"


class PlanRequired(PermanentSourceError):  # noqa: N818
    """The plan of this key does not hold the endpoint."""

    kind = "plan_required"


class ChainNotInPlan(PlanRequired):
    """The plan of this key does not hold the chain: whatever is asked about it will be refused."""


class BadRequest(PermanentSourceError):  # noqa: N818
    """The explorer does not understand the question."""

    kind = "bad_request"


class RangeTooLarge(PermanentSourceError):  # noqa: N818
    """More rows or work than one answer may hold: ask for fewer blocks."""

    kind = "range_too_large"


class NotIndexedYet(PermanentSourceError):  # noqa: N818
    """The explorer has not processed this yet; what it shows is not all."""

    kind = "not_indexed_yet"


class NotArchived(PermanentSourceError):  # noqa: N818
    """A replay needs an answer that the archive does not hold."""

    kind = "not_archived"


class Stopped(PermanentSourceError):  # noqa: N818
    """Nobody refused: a person asked to stop, or the allowed requests are used up. No other explorer is asked instead."""

    kind = "stopped"


class ConservationError(CryptotraceError, ArithmeticError):
    """A trace whose statement does not balance to the last unit."""


class VerificationError(CryptotraceError):
    """A re-run or a check of hashes gave another result."""

    exit_code = 6
