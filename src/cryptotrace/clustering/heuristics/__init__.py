"""One file a heuristic: each looks at the store and the seeds, and gives evidence edges. None decides anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptotrace.clustering.edges import Edge
from cryptotrace.clustering.heuristics.campaign import campaign
from cryptotrace.clustering.heuristics.same_key import same_key
from cryptotrace.model import Labels, Seeds
from cryptotrace.store import Store

__all__ = ["RULES"]

Heuristic = Callable[[Store, Seeds, Labels | None], tuple[Edge, ...]]

RULES: Mapping[str, Heuristic] = MappingProxyType({"campaign": campaign, "same_key": same_key})
"""Name of a rule -> its heuristic."""
