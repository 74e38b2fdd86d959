import signal
import threading

import pytest

from rnn.interrupts import interrupts_held, sigterm_as_interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_it_is_asked_for(number):
    done = []
    with interrupts_held(sigterm=True) as raise_if_asked:
        raise_if_asked()
        signal.raise_signal(number)
        done.append("the batch")
        with pytest.raises(KeyboardInterrupt):
            raise_if_asked()
        done.append("the saving")
    assert done == ["the batch", "the saving"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_signal_does_not_wait():
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_that_nobody_asked_for_is_not_lost():
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)


def test_the_command_lines_sigterm_is_held_back_too():
    with sigterm_as_interrupt():
        with interrupts_held() as raise_if_asked:
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                raise_if_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_programs_own_handlers_and_ignored_signals_stay():
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append("mine"))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with interrupts_held(sigterm=True) as raise_if_asked:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        raise_if_asked()
    assert seen == ["mine"]


def test_other_threads_leave_signals_alone():
    outcome = []

    def work():
        with interrupts_held(sigterm=True) as raise_if_asked:
            raise_if_asked()
            outcome.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == [signal.default_int_handler]
