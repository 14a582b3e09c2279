"""Importing does nothing and costs nothing."""

from __future__ import annotations

HEAVY = ("numpy", "pandas", "pyarrow", "duckdb", "scipy", "numba", "networkx", "web3", "requests", "pydantic", "matplotlib")

LOADED = f"""
import sys
before = set(sys.modules)
import cryptotrace
loaded = sorted(set(sys.modules) - before)
print("heavy:", *[name for name in {HEAVY!r} if name in sys.modules])
print("ours:", *[name for name in loaded if name.split(".")[0] == "cryptotrace"])
print("others:", *[name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names | {{"cryptotrace"}}])
"""

WATCHED = """
import builtins, os, signal, socket, sys, threading, logging
seen = []

def audit(event, arguments):
    writes = event == "open" and (
        any(mark in (arguments[1] or "") for mark in "wax+") or (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )
    outward = event.split(".")[0] in {"socket", "subprocess"} or event in {"os.mkdir", "os.remove", "os.rename", "os.system"}
    if writes or outward:
        seen.append((event, *map(str, arguments)))

sys.dont_write_bytecode = True
sys.addaudithook(audit)

def refuse(*arguments, **options):
    raise AssertionError("a socket was made on import")

socket.socket.__init__ = refuse
handlers = list(logging.getLogger().handlers)
interrupt = signal.getsignal(signal.SIGINT)
environment = dict(os.environ)
import cryptotrace
assert not seen, seen
assert logging.getLogger().handlers == handlers
assert signal.getsignal(signal.SIGINT) is interrupt
assert dict(os.environ) == environment
assert threading.active_count() == 1
print("quiet")
"""


def test_importing_loads_no_heavy_library(python):
    heavy, ours, others = python("-c", LOADED).stdout.splitlines()
    assert heavy == "heavy:"
    assert ours == "ours: cryptotrace cryptotrace._version"
    assert others == "others:"


def test_importing_opens_no_socket_writes_no_file_and_changes_no_process_state(python):
    assert python("-W", "error", "-c", WATCHED).stdout.strip() == "quiet"


def test_importing_the_testing_package_needs_the_standard_library_only(python):
    program = LOADED.replace("import cryptotrace\n", "import cryptotrace.testing\n")
    heavy, _, others = python("-c", program).stdout.splitlines()
    assert heavy == "heavy:"
    assert others == "others:"


def test_the_benchmark_prints_the_time_over_bare_python(python, root):
    # Its exit code says whether the budget held on this machine at this moment, which is no test.
    printed = python(root / "benchmarks" / "import_time.py", "--runs", "1", "--json", expect=None).stdout
    assert '"over_ms":' in printed
