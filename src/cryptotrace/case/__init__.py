"""A case from its file to its report: what the command line and a notebook call."""

from __future__ import annotations

from cryptotrace.case.demo import DemoResult, demo_case
from cryptotrace.case.reading import Case, read_case
from cryptotrace.case.result import CaseResult
from cryptotrace.case.running import render_case, run_case

__all__ = ["Case", "CaseResult", "DemoResult", "demo_case", "read_case", "render_case", "run_case"]
