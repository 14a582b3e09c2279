"""The two verified cases from file to report: the table of measured baselines, to the dollar and the terminal."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cryptotrace.case import CaseResult, run_case

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "{name}"
[[input]]
format = "usd_edges"
path = "{data}/edges.csv"
chain = "ethereum"
complete = true
[[seeds]]
path = "{data}/sources.txt"
chain = "ethereum"
category = "hack"
injects = "outflow"
[[labels]]
path = "{data}/terminals.txt"
chain = "ethereum"
category = "terminal"
boundary = true
"""

# policy: dollars into terminals, terminals reached; poison conserves nothing
BASELINES = {
    "lifi-2024": {
        "poison": (8_609_333, 33), "haircut": (8_533_035, 33), "fifo": (8_544_042, 31), "lifo": (8_539_296, 33),
        "taint_first": (8_539_296, 33), "taint_last": (8_532_633, 31),
    },
    "xscam-2022": {
        "poison": (1_400_946, 449), "haircut": (453_173, 449), "fifo": (443_013, 249), "lifo": (475_465, 282),
        "taint_first": (489_103, 313), "taint_last": (435_090, 242),
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(BASELINES))
def result(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CaseResult:
    path = tmp_path_factory.mktemp(request.param) / "case.toml"
    data = (shared_data / "cases" / request.param).resolve().as_posix()
    path.write_text(CASE.format(name=request.param, data=data), encoding="utf-8")
    return run_case(path)


def test_every_policy_gives_the_measured_dollars_and_terminals(result: CaseResult) -> None:
    for policy, (dollars, terminals) in BASELINES[result.case.id].items():
        rows = [row for row in result.envelope[policy].table("terminals").dicts() if row["category"] == "terminal"]
        total = sum((row["tainted_usd"] for row in rows), Decimal(0))
        assert abs(total - dollars) < 1, policy
        assert len({row["address"] for row in rows}) == terminals, policy


def test_every_conserving_policy_balances_and_the_run_is_complete(result: CaseResult) -> None:
    for trace in result.envelope.conserving:
        assert [row["difference"] for row in trace.table("statement").dicts()] == [0]
    assert result.partial_reasons == ()


def test_losses_are_not_stated_where_victims_payments_are_not_in_the_data(result: CaseResult) -> None:
    for rung in ("E0", "E1", "E2", "E3"):
        assert result.estimate[rung].central_usd is None
        assert "victims' payments are not in the data" in result.estimate[rung].reason


def test_throughput_is_held_against_the_outflow_of_the_source(result: CaseResult) -> None:
    outflow, ratio = {"lifi-2024": (9_685_530, "2.29"), "xscam-2022": (575_012, "6.72")}[result.case.id]
    assert result.estimate.throughput_divisor == "source outflow"
    assert result.estimate.source_outflow_usd is not None
    assert abs(result.estimate.source_outflow_usd - outflow) < 1
    assert f"{result.estimate.throughput_ratio:.2f}" == ratio


def test_the_report_stands_beside_the_case_file(result: CaseResult) -> None:
    assert result.report.html == result.case.path.parent / "report.html"
    assert "default-src 'none'" in result.report.html.read_text(encoding="utf-8")


def test_a_second_run_gives_the_same_digests(result: CaseResult) -> None:
    before = result.store.digests()
    assert run_case(result.case.path).store.digests() == before
