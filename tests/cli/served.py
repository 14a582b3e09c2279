"""What the tests of pulls share: a key that must not be seen anywhere, and a plan that refuses nothing."""

from __future__ import annotations

import sys

from cryptotrace.testing.explorers import Plan

CANARY = "CANARY7f3a9b2c"
KEY = {"ETHERSCAN_API_KEY": CANARY}
QUICK = Plan(calls_per_second=None, calls_per_day=1_000_000, chains_not_free=())
"""No refusals, and a plan under which a client asks 30 times a second."""
NOBODY = "http://127.0.0.1:9/v2/api"
"""Where nobody answers."""

_WITH_CTRL_C = """\
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = 'cryptotrace'
runpy.run_module('cryptotrace', run_name='__main__')
"""
INTERRUPTIBLE = (sys.executable, "-c", _WITH_CTRL_C)
"""Starts the command line with Ctrl-C as a person has it, also where the tests run in the background, which ignore it."""
