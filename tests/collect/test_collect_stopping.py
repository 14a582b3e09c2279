"""The first Ctrl-C is answered at once, in a thread of its own; whatever the main thread does."""

from __future__ import annotations

import _thread
import signal
import threading
import time

import pytest
from calm_pulls import WORLD, fake
from long_worlds import HUB
from pulling import in_process

import cryptotrace as ct
from cryptotrace.collect.pull import collect
from cryptotrace.collect.stopping import first_interrupt_asks

WORDS = "finishing the page at hand; Ctrl-C again breaks off"


def test_something_is_said_while_the_main_thread_is_still_busy():
    said, stopped = threading.Event(), threading.Event()
    with first_interrupt_asks(stopped.set, said.set):
        _thread.interrupt_main()
        assert said.wait(5)
        assert stopped.is_set()


def test_nothing_is_said_and_no_thread_is_left_without_an_interrupt():
    said: list[int] = []
    with first_interrupt_asks(lambda: None, lambda: said.append(1)):
        assert "collect-says" in {thread.name for thread in threading.enumerate()}
    assert said == []
    assert "collect-says" not in {thread.name for thread in threading.enumerate()}


def test_the_second_interrupt_is_that_of_before():
    heard: list[int] = []

    def press_twice() -> None:
        with first_interrupt_asks(lambda: heard.append(1), lambda: None):
            for _ in range(2):
                _thread.interrupt_main()
                time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert heard == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("progress", [True, False])
def test_a_pull_prints_one_line_on_stderr_and_nothing_on_stdout(capsys, progress):
    explorer = fake(WORLD)
    real, pressed = explorer.answer, []

    def answer(params, **settings):
        if len(explorer.requests) == 8 and not pressed:
            pressed.append(1)
            _thread.interrupt_main()
        return real(params, **settings)

    explorer.answer = answer
    result = collect(in_process(explorer), ct.open_store(":memory:"), [HUB], progress=progress)
    out, errors = capsys.readouterr()
    assert result.provenance.warnings
    assert errors.count(WORDS) == 1
    assert out == ""
