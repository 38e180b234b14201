import os
import signal

import pytest

from fer_keras.base import interrupts


@pytest.fixture(autouse=True)
def _usual():
    """Python's own handler, which a process that was started in the background has not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)  # Python prints an interrupt in here, and forgets it


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_is_raised_by_the_next_check():
    usual = signal.getsignal(signal.SIGINT)
    with interrupts.remembered():
        with interrupts.remembered():
            interrupts.check()
        Dropped()
        with pytest.raises(KeyboardInterrupt), interrupts.remembered():
            interrupts.check()
    assert signal.getsignal(signal.SIGINT) is usual
    interrupts.check()
    with interrupts.remembered():
        interrupts.check()  # a new start


def test_an_interrupt_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt), interrupts.remembered():
        os.kill(os.getpid(), signal.SIGINT)
        signal.sigtimedwait([], 1)
    interrupts.check()
