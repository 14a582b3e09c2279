"""Reading a case file: what it may say, and one clear error for everything else."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cryptotrace.case import read_case
from cryptotrace.errors import CaseFileError

LEAST = """\
schema = "cryptotrace.case/1"
[case]
id = "least"
[[input]]
format = "usd_edges"
path = "edges.csv"
[[seeds]]
path = "seeds.csv"
"""


def refusal(tmp_path: Path, text: str) -> CaseFileError:
    path = tmp_path / "case.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseFileError) as caught:
        read_case(path)
    error = caught.value
    assert error.exit_code == 5
    assert error.where.startswith(str(path))
    assert error.what
    assert error.hint
    assert "\n" not in str(error)
    return error


def test_the_least_case_file_has_the_defaults_of_the_design(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(LEAST, encoding="utf-8")
    case = read_case(path)
    assert (case.id, case.title) == ("least", "least")
    assert case.store == tmp_path / "least.duckdb"
    assert case.report == tmp_path / "report.html"
    trace = case.file.trace
    assert trace.policies == ("poison", "haircut", "fifo", "lifo", "taint_first", "taint_last")
    assert (trace.default, trace.max_hops, trace.min_value_usd, trace.service_degree) == ("haircut", 0, Decimal(0), 300)
    assert case.file.clusters.union == ("campaign", "same_key")
    assert case.file.prices.stable_par is True
    assert case.file.report.edition == "public"
    assert case.file.scope.population == "sample"


def test_the_case_file_of_the_design_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(
        """\
schema = "cryptotrace.case/1"
[case]
id = "lifi-2024"
title = "LI.FI 2024"
store = "lifi-2024.duckdb"
as_of = "2024-12-31T00:00:00Z"
[[input]]
kind = "files"
format = "usd_edges"
path = "edges.csv"
chain = "eth"
complete = true
[[seeds]]
path = "sources.txt"
chain = "ethereum"
role = "perpetrator"
category = "hack"
injects = "outflow"
campaign = "lifi"
[[labels]]
path = "terminals.txt"
chain = "ethereum"
category = "terminal"
boundary = true
[clusters]
union = ["campaign", "same_key"]
[trace]
policies = ["poison", "haircut", "fifo", "lifo", "taint_first", "taint_last"]
default = "haircut"
max_hops = 0
min_value_usd = "0.25"
service_degree = 300
[prices]
files = []
stable_par = true
[scope]
category = "hack"
rail = "crypto"
geography_basis = "case"
geography = "World"
period = "2024-07-16/2025-01-01"
period_basis = "payment_date"
population = "sample"
[compare]
period = "2024"
bridges = []
[report]
path = "report.html"
edition = "restricted"
""",
        encoding="utf-8",
    )
    file = read_case(path).file
    assert file.case.as_of == datetime(2024, 12, 31, tzinfo=UTC)
    assert file.input[0].chain == "ethereum"
    assert file.seeds[0].injects == "outflow"
    assert file.labels[0].boundary is True
    assert file.trace.min_value_usd == Decimal("0.25")
    assert file.scope.period is not None
    assert file.scope.period.stop_time == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("addition", "key", "what", "hint"),
    [
        ("[tracee]\n", "tracee", "no such key", "Did you mean trace?"),
        ('[report]\npth = "a.html"\n', "report.pth", "no such key", "Did you mean path?"),
        ('[trace]\npolicies = ["haircut", "fifo", "hair"]\n', "trace.policies.2", "'hair'", "Did you mean haircut?"),
        ('[trace]\ndefault = "poison"\n', "trace.default", "conserves nothing", "haircut"),
        ("[trace]\nmin_value_usd = 0.5\n", "trace.min_value_usd", "text in quotes", "loses digits"),
        ('[trace]\nmin_value_usd = "-1"\n', "trace.min_value_usd", "negative", "0 or more"),
        ('[trace]\nmin_value_usd = "1e9"\n', "trace.min_value_usd", "no amount", "digits"),
        ("[trace]\nmax_hops = -1\n", "trace.max_hops", "too small", "0 or more"),
        ("[trace]\nmax_hops = true\n", "trace.max_hops", "whole number", "digits"),
        ('[trace]\nservice_degree = "300"\n', "trace.service_degree", "whole number", "without quotes"),
        ('[clusters]\nunion = "campaign"\n', "clusters.union", "list", "["),
        ('[clusters]\nunion = ["campain"]\n', "clusters.union.0", "'campain'", "campaign"),
        ('[prices]\nstable_par = "yes"\n', "prices.stable_par", "true or false", "without quotes"),
        ('[scope]\nperiod = "2021-02-30/2022-01-01"\n', "scope.period", "calendar", "2021"),
        ('[scope]\nperiod = "2022-01-01/2021-01-01"\n', "scope.period", "empty", "2021"),
        ("[compare]\nperiod = 2021\n", "compare.period", "text", '"2021"'),
        ('[compare]\nbridges = ["vintge"]\n', "compare.bridges.0", "'vintge'", "vintage"),
        ('[scope]\ncategory = "all_fraud"\n', "scope.category", "published totals", "romance_baiting"),
        ('[scope]\npopulation = "all"\n', "scope.population", "'all'", "census"),
        ('[report]\npath = "report.pdf"\n', "report.path", "no name of a report", ".html"),
        ('[report]\nedition = "secret"\n', "report.edition", "'secret'", "public"),
        ('[[labels]]\npath = "l.csv"\nchain = "etherum"\n', "labels.0.chain", "no chain", "ethereum"),
        ("[[labels]]\npath = 3\n", "labels.0.path", "must be text", "quotes"),
        ('[[labels]]\npath = ""\n', "labels.0.path", "empty", "Name a file"),
        ('[labels]\npath = "l.csv"\n', "labels", "list", "[["),
        ('[[seeds]]\npath = "s"\ninjects = "inflows"\n', "seeds.1.injects", "'inflows'", "inflow"),
        ('[[seeds]]\npath = "s"\nrole = "perp"\n', "seeds.1.role", "'perp'", "perpetrator"),
        ('[[seeds]]\npath = "s"\ncategory = "romance baitin"\n', "seeds.1.category", "no such category", "romance_baiting"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_path_and_what_to_do(
    tmp_path: Path, addition: str, key: str, what: str, hint: str
) -> None:
    error = refusal(tmp_path, LEAST + addition)
    assert error.where.endswith(f": {key}")
    assert what in error.what
    assert hint in error.hint
    assert "more to mend" not in error.hint


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        ('schema = "cryptotrace.case/1"\n', "", "schema", "missing"),
        ("case/1", "case/2", "schema", "no schema"),
        ('id = "least"', "", "case.id", "missing"),
        ('id = "least"', 'id = "../least"', "case.id", "cannot name files"),
        ('id = "least"', 'id = "least"\nas_of = "yesterday"', "case.as_of", "no time"),
        ('id = "least"', 'id = "least"\nas_of = "2024-12-31T00:00:00"', "case.as_of", "no zone"),
        ('id = "least"', 'id = "least"\nas_of = 2024-12-31', "case.as_of", "a time is text"),
        ('format = "usd_edges"', 'format = "usd_edge"', "input.0.format", "'usd_edge'"),
        ('path = "edges.csv"', 'pth = "edges.csv"', "input.0.pth", "no such key"),
        ('path = "edges.csv"', "", "input.0.path", "missing"),
        ("[[input]]", "[input]", "input", "list"),
        ('[[seeds]]\npath = "seeds.csv"\n', "", "seeds", "missing"),
        ('[[input]]\nformat = "usd_edges"\npath = "edges.csv"\n', "", "input", "missing"),
        ("format", 'kind = "explorer"\nsource = "etherscan"\nformat', "input.0.format", "no such key"),
        ("format", 'kind = "replay"\nformat', "input.0.format", "no such key"),
        ("format", 'kind = "file"\nformat', "input.0.kind", "'file'"),
    ],
)
def test_what_a_case_needs_is_asked_for_by_name(tmp_path: Path, old: str, new: str, key: str, what: str) -> None:
    assert old in LEAST
    error = refusal(tmp_path, LEAST.replace(old, new))
    assert error.where.endswith(f": {key}")
    assert what in error.what


def test_several_errors_are_counted_and_the_misspelt_key_comes_first(tmp_path: Path) -> None:
    error = refusal(tmp_path, LEAST.replace('path = "edges.csv"', 'pth = "edges.csv"'))
    assert "Did you mean path? (and 1 more to mend in this file)" in error.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAST + "[trace\n", "line 9"),
        (LEAST + "max_hops = 1\nmax_hops = 2\n", "line 10"),
        (LEAST + "x = " + "[" * 5_000, "nested too deeply"),
        (LEAST + "x = " + "1" * 5_000, "too long"),
    ],
    ids=["open bracket", "twice", "deep", "long number"],
)
def test_malformed_toml_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text).what


@pytest.mark.parametrize("kind", ["missing", "folder", "not text", "large", *(["fifo"] if hasattr(os, "mkfifo") else [])])
def test_what_is_no_readable_case_file_is_refused_without_hanging(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "case.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "not text":
        path.write_bytes(b"\xff\xfe\x00")
    elif kind == "large":
        path.write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(CaseFileError) as caught:
        read_case(path)
    assert str(path) in caught.value.where
    assert caught.value.hint
