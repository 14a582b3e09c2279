"""The demonstration: what is found beside what was planted, and whose folder is touched."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cryptotrace.case import DemoResult, demo_case, run_case
from cryptotrace.errors import InputFileError

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return demo_case(tmp_path_factory.mktemp("demo") / "new" / "folder")


def test_the_demo_finds_what_was_planted(demo: DemoResult) -> None:
    rows = {row["fact"]: row for row in demo.table.dicts()}
    assert len([name for name in rows if name.startswith("reached ")]) == 3
    for fact in ("victims paid in", "victims lost (E3)", *(name for name in rows if name.startswith("reached "))):
        planted, found = rows[fact]["planted"], rows[fact]["found"]
        assert planted > 0
        assert abs(found - planted) <= planted / 100, fact
    for fact in ("victims got back", "entered an unlabelled desk"):
        assert abs(rows[fact]["found"] - rows[fact]["planted"]) <= Decimal("0.01") * rows[fact]["planted"], fact
    for fact in ("zero-value rows left out", "counterfeit rows left out"):
        assert rows[fact]["found"] == rows[fact]["planted"] > 0


def test_the_demo_pulled_its_world_over_http_and_survived_what_was_planted(demo: DemoResult) -> None:
    stored = demo.result.store.rows("SELECT count(*) FROM responses")[0][0]
    aside = demo.result.store.rows("SELECT count(*) FROM meta WHERE starts_with(name, 'answer:')")[0][0]
    assert demo.pulled.requests == stored + aside + 3  # each answer but the three that went wrong is kept
    assert demo.pulled.survived == (
        "an error page in place of an answer", "a refusal for asking too quickly", "an answer that was cut off",
    )  # fmt: skip
    assert 200 < len(demo.pulled.addresses) < 300
    assert str(demo.pulled).startswith(
        f"pulled over HTTP from a fake explorer on this machine: {demo.pulled.requests:,} requests, survived: an error page"
    )


def test_the_demo_proves_that_the_rows_of_the_scam_add_up_to_the_balances_that_the_explorer_tells(demo: DemoResult) -> None:
    proofs = demo.result.estimate.table("proofs")
    seeds = {seed.address for seed in demo.result.seeds if seed.chain == "ethereum"}
    assert {row["address"] for row in proofs.dicts()} == seeds & demo.pulled.addresses
    assert set(proofs.column("status")) == {"proven"}
    accounts = len(set(proofs.column("address")))
    assert demo.pulled.proven == f"{accounts} accounts: balances add up ({len(proofs)} of {len(proofs)})"
    for rung in ("E0", "E1", "E2", "E3"):  # they rest on the scam's own accounts
        assert demo.result.estimate[rung].unproven_usd == 0
    assert 0 < demo.result.estimate["E5"].unproven_share <= 1


def test_the_case_that_it_leaves_runs_again_without_an_explorer_to_the_same_digests(demo: DemoResult) -> None:
    assert 'kind = "replay"' in (demo.folder / "case.toml").read_text(encoding="utf-8")
    again = run_case(demo.folder / "case.toml", open=no_source)
    assert again.store.digests() == demo.result.store.digests()
    (demo.folder / "romance-42.duckdb").unlink()
    anew = run_case(demo.folder / "case.toml", open=no_source)
    assert anew.store.digests() == again.store.digests()
    assert anew.answer == demo.result.answer
    assert not anew.is_partial


def no_source(name: str, *, chain: str) -> None:
    raise AssertionError("nobody is asked")


def test_the_loss_stands_with_its_range(demo: DemoResult) -> None:
    row = next(row for row in demo.table.dicts() if row["fact"] == "victims lost (E3)")
    assert row["low"] <= row["found"] <= row["high"]


def test_the_demo_is_complete_and_called_synthetic(demo: DemoResult) -> None:
    assert not demo.result.is_partial
    assert demo.result.synthetic
    assert "SYNTHETIC" in (demo.folder / "SYNTHETIC.txt").name
    assert "invented" in (demo.folder / "SYNTHETIC.txt").read_text(encoding="utf-8")
    assert "synthetic" in demo.result.report.html.read_text(encoding="utf-8").lower()
    assert "victims lost (E3): planted" in str(demo)
    assert "nothing here is real" in demo._repr_html_()


def test_a_demo_may_be_run_again_in_its_folder_with_another_seed(demo: DemoResult) -> None:
    again = demo_case(demo.folder, seed=7)
    assert again.seed == 7
    assert again.truth.loss_usd != demo.truth.loss_usd


def test_a_demo_that_fails_leaves_no_store_and_no_case_that_would_ask_a_real_explorer(tmp_path: Path) -> None:
    def stop(words: str) -> None:
        if words == "tracing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo_case(tmp_path, progress=stop)
    assert not list(tmp_path.glob("*.duckdb*"))
    assert 'kind = "explorer"' not in (tmp_path / "case.toml").read_text(encoding="utf-8").replace('#   kind = "explorer"', "")
    assert not (tmp_path / "report.html").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(InputFileError, match="something else"):
        demo_case(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(InputFileError, match="no folder"):
        demo_case(tmp_path / "thesis.txt")
