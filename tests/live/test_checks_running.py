"""Who is not asked, who does not answer, what is written down, and what never is."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from breaking import broken, put
from checking import FAKES, HERE, KEY, SETTINGS, check, served, verdicts
from typer.testing import CliRunner

from cryptotrace.cli import app
from cryptotrace.errors import InputError, InputFileError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources import assumptions
from cryptotrace.sources.assumptions import CHECKED, catalogue, check_explorers, read_baseline, write_baseline
from cryptotrace.testing.explorers import Fault, RpcFault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NOBODY = Settings(keys={}, attempts=1)
HOSTILE = "\x1b[31mred\u202e\r\nsecond line"


@pytest.fixture
def command(monkeypatch, tmp_path):
    """``cryptotrace check-explorers`` in this process, among the places of the fakes, without waiting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue, "PLACES", HERE)
    monkeypatch.setattr(assumptions, "check_explorers", functools.partial(check_explorers, sleep=lambda _: None))

    def run(*arguments, **environment):
        return CliRunner().invoke(app, ["check-explorers", *arguments], env={"ETHERSCAN_API_KEY": KEY, **environment})

    return run


# -- who is asked ------------------------------------------------------------------------------------------------------------


def test_who_needs_a_key_or_a_url_and_has_none_is_skipped_and_never_asked():
    with served("etherscan") as fake:
        found = check("etherscan", fake, settings=NOBODY)
        assert fake.requests == []
    assert {one.seen for one in found.findings} == {"skipped (no key)"}
    found = check_explorers(["rpc"], settings=NOBODY)
    assert {(one.seen, one.verdict) for one in found.findings} == {("skipped (no URL is set)", "skipped")}
    assert found.is_settled
    assert found.requests == {"rpc": 0}


def test_the_node_of_the_settings_is_asked():
    with served("rpc") as node:
        settings = replace(NOBODY, nodes={"ethereum": Secret(node.url)})
        found = check_explorers(["rpc"], settings=settings, places=HERE, sleep=lambda _: None)
    assert found.is_settled
    assert found.requests == {"rpc": 9}


def test_nobody_at_the_address_is_unreachable_in_every_row_and_left_alone_after_two_questions():
    with served("trongrid") as fake:
        url = fake.url
    found = check_explorers(["trongrid"], base_urls={"trongrid": url}, settings=NOBODY, places=HERE, sleep=lambda _: None)
    asked = [one for one in found.findings if one.verdict != "unknown"]
    assert {one.verdict for one in asked} == {"unreachable"}
    assert {one.assumption for one in found.findings} - {one.assumption for one in asked} == {"next page", "stamps"}
    assert found.requests == {"trongrid": 3}  # two questions, and the one second try that a dozen has room for
    assert not found.is_settled


@pytest.mark.parametrize(
    "fault", [Fault("html", 503, times=None), Fault("rate_limit", times=None), Fault("bad_key", times=None)]
)
def test_refusals_that_say_nothing_are_no_change(fault):
    with served("etherscan", faults=fault) as fake:
        found = check("etherscan", fake)
    assert {one.verdict for one in found.findings} == {"unreachable", "unknown"}
    assert verdicts(found, "unknown").keys() == {"a receipt", "fields of a receipt"}


@pytest.mark.parametrize("fault", [Fault("html", 502), Fault("rate_limit"), Fault("reset")])
def test_one_failure_is_tried_again(fault):
    with served("etherscan", faults=fault) as fake:
        found = check("etherscan", fake)
        assert found.requests == {"etherscan": 12} == {"etherscan": len(fake.requests)}
    assert verdicts(found, "changed", "unreachable") == {}


def test_a_page_of_html_instead_of_rows_is_another_form():
    with broken("etherscan", "token", lambda _: b"<html>maintenance</html>") as fake:
        found = check("etherscan", fake)
    assert {name for name in verdicts(found, "changed") if name != "window of 10,000 rows"} == {
        "token: order", "token: range", "token: page", "token: reading", "token: fields", "token: count",
        "logIndex of token rows",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "question", "change", "lost"), [
    ("etherscan", "native", put([{"hash": "0x12"}], "result"), {"a receipt", "fields of a receipt"}),
    ("etherscan", "native", put([{"hash": "GENESIS_1"}], "result"), {"a receipt", "fields of a receipt"}),
    ("esplora", "native", lambda rows: [*rows[:-1], {"txid": "../../x?"}], {"next page: place", "next page: repeats"}),
    ("blockscout_rest", "native", put([], "items"), {"second page: order", "second page: repeats"}),
    ("rpc", "logs", put([{"transactionHash": 5}], "result"), {"a receipt", "fields of a receipt"}),
    ("trongrid", "token", put(7, "data"), {"stamps"}),
])  # fmt: skip
def test_a_question_that_hangs_on_an_odd_answer_is_left_out_and_said_so(name, question, change, lost):
    with broken(name, question, change) as fake:
        found = check(name, fake)
    told = {one.assumption for one in found.findings if one.seen == "not asked: what it needs did not come"}
    assert told == lost
    assert not found.is_settled


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="nothing is checked of 'etherscn'"):
        check_explorers(["etherscn"], settings=SETTINGS)
    with pytest.raises(InputError, match="which is not checked"):
        check_explorers(["etherscan"], base_urls={"rpc": "http://127.0.0.1:1"}, settings=SETTINGS)


# -- what is shown and kept --------------------------------------------------------------------------------------------------


def test_hostile_words_have_no_effect_on_a_terminal_or_in_a_file(command, tmp_path):
    with broken(
        "etherscan", "bad address", lambda _: {"status": "0", "message": "NOTOK", "result": f"Error! {HOSTILE}"}
    ) as fake:
        given = ("etherscan", "--base-url", f"etherscan={fake.url}")
        shown = command(*given, "--all", "--record", "seen.json")
    assert "red" in shown.stdout
    for text in (shown.stdout, (tmp_path / "seen.json").read_text(encoding="utf-8")):
        assert not re.search("[\x1b\r\u202e]", text)
        assert not any("second line" in line and "red" not in line for line in text.splitlines())


def test_no_key_is_shown_or_kept(command, tmp_path):
    echoing = {"status": "0", "message": "NOTOK", "result": f"Error! {KEY} is odd"}
    with broken("etherscan", "over the cap", lambda _: echoing) as fake, served(
        "rpc", faults=[RpcFault("bad_key", times=None)]
    ) as node:  # fmt: skip
        given = ("etherscan", "rpc", "--base-url", f"etherscan={fake.url}")
        for form in (("--all",), ("--json",)):
            shown = command(*given, *form, "--record", "seen.json", RPC_URL=node.url)
            assert shown.exit_code == 3
            assert KEY not in shown.output
            assert "etherscan" in shown.stdout
    assert KEY not in (tmp_path / "seen.json").read_text(encoding="utf-8")


def test_the_command_tells_what_changed_and_ends_with_three(command):
    with served("prices:ecb") as fake:
        shown = command("prices:ecb", "--base-url", f"prices:ecb={fake.url}", "--record", "seen.json")
    assert shown.exit_code == 0, shown.output
    assert "5 rows: 2 holds, 3 unknown; 2 requests" in shown.stdout
    with served("prices:ecb") as fake:
        shown = command("prices:ecb", "--base-url", f"prices:ecb={fake.url}", "--against", "seen.json")
    assert (shown.exit_code, shown.stdout.splitlines()[0]) == (0, "5 rows: 5 holds; 2 requests")
    with broken("prices:ecb", "day", lambda body: body.replace("1.0684", "1.0700").encode()) as fake:
        shown = command("prices:ecb", "--base-url", f"prices:ecb={fake.url}", "--against", "seen.json", "--json")
    assert shown.exit_code == 3
    (row,) = (row for row in json.loads(shown.stdout)["rows"] if row["verdict"] == "changed")
    assert row["assumption"] == "rates of a closed day"
    assert "1.0684" in row["was"]
    assert "1.07 " in row["seen"]


def test_all_families_at_once(command):
    given = []
    fakes = {name: FAKES[name]() for name in CHECKED}
    try:
        for name, fake in fakes.items():
            fake.__enter__()
            given += ["--base-url", f"{name}={fake.url}"]
        shown = command("--json", *given)
    finally:
        for fake in fakes.values():
            fake.__exit__(None, None, None)
    document = json.loads(shown.stdout)
    assert (shown.exit_code, document["settled"]) == (0, True)
    assert list(document["requests"]) == list(CHECKED)
    assert list(dict.fromkeys(row["explorer"] for row in document["rows"])) == list(CHECKED)


def test_the_list_asks_nobody(command):
    shown = command("--list", "trongrid", "prices:ecb")
    assert shown.exit_code == 0
    assert "requests: trongrid 11, prices:ecb 2" in shown.stdout
    assert re.search(r"trongrid +stamps +both ends are inclusive", shown.stdout)
    assert json.loads(command("--list", "--json", "rpc").stdout)["requests"] == {"rpc": 9}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "other"}', '{"schema": "cryptotrace.explorer-baseline/1", "seen": {"a": 1}}']
)
def test_what_is_no_baseline_is_neither_read_nor_written_over(command, tmp_path, text):
    (tmp_path / "mine.json").write_text(text, encoding="utf-8")
    for option in ("--against", "--record"):
        shown = command("prices:ecb", option, "mine.json", "--base-url", "prices:ecb=http://127.0.0.1:1")
        assert (shown.exit_code, shown.stdout) == (5, "")
    assert (tmp_path / "mine.json").read_text(encoding="utf-8") == text
    assert command("prices:ecb", "--base-url", "elsewhere").exit_code == 5


def test_a_record_keeps_what_was_not_seen_this_time(tmp_path):
    from datetime import UTC, datetime

    when, path = datetime(2026, 11, 1, tzinfo=UTC), tmp_path / "seen.json"
    with served("prices:ecb") as fake:
        write_baseline(path, check("prices:ecb", fake), recorded=when)
    before = read_baseline(path)
    write_baseline(path, check_explorers(["etherscan"], settings=NOBODY), recorded=when)
    assert read_baseline(path) == before
    assert set(before) == {"prices:ecb"}
    with pytest.raises(InputFileError, match="cannot be written"):
        write_baseline(tmp_path / "no" / "where.json", check_explorers(["rpc"], settings=NOBODY), recorded=when)


# -- live tests --------------------------------------------------------------------------------------------------------------


def _collected(*options: str) -> str:
    folder = Path(__file__).resolve().parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--collect-only", "-q",
         str(folder / "test_live_explorers.py"), *options],
        cwd=folder.parents[1], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout


def test_live_tests_are_left_out_unless_they_are_named():
    assert f"no tests collected ({len(CHECKED)} deselected)" in _collected("-m", "not slow")
    assert f"{len(CHECKED)} tests collected" in _collected("-m", "live")
