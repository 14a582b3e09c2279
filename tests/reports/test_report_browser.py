"""The report opened in a real browser: it shows its text, and nothing in it runs or is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from report_case import Case

from cryptotrace.reports import write_report

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--log-level=0", "--dump-dom",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the Debian package chromium, which .ci/run installs"),
]


def opened(page: Path, profile: Path) -> tuple[str, str]:
    """Give the page as the browser built it, and what its console said."""
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_the_report_opens_without_a_word_in_the_console(case: Case, tmp_path: Path) -> None:
    paths = write_report(
        tmp_path / "report.html", case.store, case.trace, case.estimate, case.comparison, envelope=case.envelope, title="Tiny"
    )
    built, console = opened(paths.html, tmp_path / "profile")
    assert "The answer in five lines" in built
    assert built.count("<svg") >= 3
    assert re.search(r"<(script|iframe|object|embed|link)\b", built) is None
    assert console == ""


def test_a_script_or_picture_from_outside_would_be_noticed(case: Case, tmp_path: Path) -> None:
    """The check above can fail: the page's own policy refuses both, and the console says so."""
    paths = write_report(tmp_path / "report.html", case.store, case.trace, case.estimate, title="Tiny")
    text = paths.html.read_text(encoding="utf-8")
    spoiled = tmp_path / "spoiled.html"
    planted = '<script>document.title = "run"</script><img src="http://127.0.0.1:9/x.png">'
    spoiled.write_text(text.replace("</body>", f"{planted}</body>"), encoding="utf-8")
    built, console = opened(spoiled, tmp_path / "profile")
    assert console.count("Content Security Policy") >= 2
    assert "<title>run</title>" not in built
