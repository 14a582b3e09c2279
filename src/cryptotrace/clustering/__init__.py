"""Which addresses are one actor's: evidence edges, what may never be joined, and the components that follow."""

from __future__ import annotations

from cryptotrace.clustering.building import cluster
from cryptotrace.clustering.clusters import Clusters, Explanation
from cryptotrace.clustering.edges import Edge
from cryptotrace.clustering.heuristics import RULES

__all__ = ["RULES", "Clusters", "Edge", "Explanation", "cluster"]
