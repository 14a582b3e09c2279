"""The case file as values: exactly the keys of the format ``cryptotrace.case/1``, each with its default.

What each key means is said where it is used; here stands what it may be. Unknown keys are refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StrictBool, StrictInt, Tag, field_validator

from cryptotrace.case.words import (
    Bridge,
    CaseId,
    Chain,
    Dollars,
    Extent,
    Moment,
    PathText,
    PeriodText,
    ScopeCategory,
    SeedCategory,
    ToBlock,
    Words,
    one_of,
)
from cryptotrace.clustering import RULES
from cryptotrace.errors import InputError
from cryptotrace.model import ALL
from cryptotrace.sources import EXPLORER_NAMES
from cryptotrace.sources.files import FORMATS
from cryptotrace.sources.prices import ORACLES

__all__ = [
    "EDITIONS",
    "INPUTS",
    "SCHEMA",
    "CaseFile",
    "ExplorerInput",
    "FilesInput",
    "LabelsSection",
    "ReplayInput",
    "SeedsSection",
]

SCHEMA = "cryptotrace.case/1"
EDITIONS = ("restricted", "public")
_KINDS = ("files", "explorer", "replay")

_ROLES = ("perpetrator", "victim", "service", "government", "unknown")
_INJECTIONS = ("inflow", "outflow", "payments")
_POLICIES = tuple(policy.id for policy in ALL)
_NOT_CONSERVING = frozenset(policy.id for policy in ALL if not policy.conserving)

PolicyName = Annotated[str, one_of("policy", _POLICIES)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CaseSection(_Section):
    """``[case]``: what the case is called and up to when it looks."""

    id: CaseId = Field(description="Give the case a short name: it names the outputs")
    title: Words | None = None
    store: PathText | None = None
    as_of: Moment | None = None


class FilesInput(_Section):
    """``[[input]]`` of kind ``files``: transfers out of files."""

    kind: Annotated[str, one_of("kind of input", _KINDS)] = "files"
    format: Annotated[str, one_of("format", FORMATS)] = Field(description=f"Name the format: {', '.join(FORMATS)}")
    path: PathText = Field(description="Name the file or folder, relative to the case file")
    chain: Chain | None = None
    complete: StrictBool = False
    transactions: PathText | None = None
    approvals: PathText | None = None
    coverage: PathText | None = None
    columns: dict[str, str] | None = None


class ExplorerInput(_Section):
    """``[[input]]`` of kind ``explorer``: the seeds of a chain, and what lies around them, pulled from an explorer."""

    kind: str = "explorer"
    source: Annotated[str, one_of("explorer", EXPLORER_NAMES)] = Field(
        description=f"Name the explorer: {', '.join(EXPLORER_NAMES)}"
    )
    chain: Chain = Field(description='Name the chain, such as chain = "ethereum"')
    hops: Annotated[StrictInt, Field(ge=0)] = 0
    max_requests: Annotated[StrictInt, Field(ge=1)] | None = None
    max_rows_per_address: Annotated[StrictInt, Field(ge=1)] = 20_000
    to_block: ToBlock = "finalized"
    prove: Extent = Field(
        default=False,
        description='Ask for the balances of all that is pulled (true) or of the "seeds": do the rows add up to them?',
    )


class ReplayInput(_Section):
    """``[[input]]`` of kind ``replay``: stored answers of an earlier pull, without a network."""

    kind: str = "replay"
    path: PathText = Field(description="Name a case store that was collected into, relative to the case file")


INPUTS: dict[str, type[_Section]] = {"files": FilesInput, "explorer": ExplorerInput, "replay": ReplayInput}
"""Kind of input -> its section."""


def _kind(value: Any) -> str:
    """Tell which section is meant; what is none of them is read as files, and refused there."""
    kind = value.get("kind", "files") if isinstance(value, dict) else getattr(value, "kind", "files")
    return kind if isinstance(kind, str) and kind in INPUTS else "files"


_Input = Annotated[
    Annotated[FilesInput, Tag("files")] | Annotated[ExplorerInput, Tag("explorer")] | Annotated[ReplayInput, Tag("replay")],
    Discriminator(_kind),
]


class SeedsSection(_Section):
    """``[[seeds]]``: addresses that the case starts from."""

    path: PathText = Field(description="Name the file with the seed addresses, relative to the case file")
    chain: Chain | None = None
    role: Annotated[str, one_of("role", _ROLES)] = "perpetrator"
    category: SeedCategory | None = None
    injects: Annotated[str, one_of("way to inject", _INJECTIONS)] = "inflow"
    campaign: Words | None = None


class LabelsSection(_Section):
    """``[[labels]]``: what is known about addresses."""

    path: PathText = Field(description="Name the file or folder with the labels, relative to the case file")
    chain: Chain | None = None
    category: SeedCategory | None = None
    boundary: StrictBool | None = None


class ClustersSection(_Section):
    """``[clusters]``: which evidence joins addresses."""

    union: tuple[Annotated[str, one_of("rule", RULES)], ...] = ("campaign", "same_key")


class TraceSection(_Section):
    """``[trace]``: how value is followed; 0 stands for no limit."""

    policies: tuple[PolicyName, ...] = _POLICIES
    default: PolicyName = "haircut"
    max_hops: Annotated[StrictInt, Field(ge=0)] = 0
    min_value_usd: Dollars = Decimal(0)
    service_degree: Annotated[StrictInt, Field(ge=1)] = 300

    @field_validator("default")
    @classmethod
    def _conserves(cls, value: str) -> str:
        if value in _NOT_CONSERVING:
            raise InputError(f"{value!r} conserves nothing and enters no total", hint="Use another default, such as haircut")
        return value


class PricesSection(_Section):
    """``[prices]``: files of dollar prices, who is asked for the rest, and whether listed stablecoins count as one dollar."""

    files: tuple[PathText, ...] = ()
    fetch: tuple[Annotated[str, one_of("source of prices", tuple(ORACLES))], ...] = Field(
        default=(), description=f"Name who is asked for the prices that no file gives, in that order: {', '.join(ORACLES)}"
    )
    stable_par: StrictBool = True

    @field_validator("fetch")
    @classmethod
    def _names_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise InputError("a source of prices is named twice", hint="Name each once, in the order of asking")
        return value


class ScopeSection(_Section):
    """``[scope]``: what the estimate is about; what is not said comes from the seeds and the data."""

    category: ScopeCategory | None = None
    rail: Annotated[str, one_of("rail", ("crypto", "all_payments", "mixed"))] = "crypto"
    geography_basis: Annotated[str, one_of("basis", ("world", "victims_in", "offenders_in", "service", "case"))] = "case"
    geography: Words = "World"
    period: PeriodText | None = None
    period_basis: Annotated[str, one_of("basis", ("payment_date", "report_date", "publication_stock", "case_period"))] = (
        "payment_date"
    )
    population: Annotated[str, one_of("population", ("sample", "census"))] = "sample"


class CompareSection(_Section):
    """``[compare]``: which reported totals stand beside the estimate; without a period, those of the scope's."""

    period: PeriodText | None = None
    bridges: tuple[Bridge, ...] = ()


class ReportSection(_Section):
    """``[report]``: where the report goes and who may read it."""

    path: PathText = "report.html"
    edition: Annotated[str, one_of("edition", EDITIONS)] = "public"

    @field_validator("path")
    @classmethod
    def _is_html(cls, value: str) -> str:
        if not value.lower().endswith((".html", ".htm")):
            raise InputError(f"{value[:80]!a} is no name of a report", hint="Let it end in .html")
        return value


class CaseFile(_Section):
    """A whole case file."""

    schema_: Annotated[str, one_of("schema", (SCHEMA,))] = Field(
        alias="schema", description=f'Begin the file with schema = "{SCHEMA}"'
    )
    case: CaseSection = Field(description='Add a table [case] with at least id = "…"')
    input: Annotated[tuple[_Input, ...], Field(min_length=1)] = Field(
        description="Add at least one table [[input]], such as one with format and path"
    )
    seeds: Annotated[tuple[SeedsSection, ...], Field(min_length=1)] = Field(
        description="Add at least one table [[seeds]] with path"
    )
    labels: tuple[LabelsSection, ...] = ()
    clusters: ClustersSection = ClustersSection()
    trace: TraceSection = TraceSection()
    prices: PricesSection = PricesSection()
    scope: ScopeSection = ScopeSection()
    compare: CompareSection = CompareSection()
    report: ReportSection = ReportSection()
