"""Functions with a signature are compiled when first used, for that signature only, whoever comes first."""

import threading

import numba
import numpy as np
import pytest

from rnn.jit import jit

VECTOR = numba.float64[::1]
SUM = numba.float64(VECTOR)


def fresh():
    @jit(SUM, cache=False)
    def total(x):
        return x.sum()

    return total


@jit(numba.float64(numba.types.FunctionType(SUM), VECTOR), cache=False)
def apply(function, x):
    return 2 * function(x)


def test_nothing_is_compiled_before_it_is_used():
    total = fresh()
    assert total.signatures == []
    assert total(np.ones(3)) == 3.0
    assert total.signatures == [SUM.args]
    assert total(np.ones(4)) == 4.0


def test_other_types_are_refused():
    for _ in range(2):
        with pytest.raises(TypeError, match="No matching definition"):
            fresh()(np.ones(3, np.float32))


def test_compiled_callers_and_takers_of_functions_may_come_first():
    total = fresh()

    @jit(cache=False)
    def twice(x):
        return 2 * total(x)

    assert twice(np.ones(3)) == 6.0 and total.signatures == [SUM.args]
    other = fresh()
    assert apply(other, np.ones(3)) == 6.0 and other.signatures == [SUM.args]


def test_threads_may_come_at_the_same_time():
    total, results = fresh(), []
    threads = [threading.Thread(target=lambda: results.append(total(np.ones(5)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [5.0] * 4 and total.signatures == [SUM.args]
