"""Activations against mpmath, scipy and finite differences; NaN; the plain twin without the compiler."""

import os
import subprocess
import sys

import mpmath
import numpy as np
import pytest
from reference import ACTIVATIONS

from rnn.activations import activate, kept, phi, phi_at, phi_derivatives_at, phi_number, phi_tag, recalled
from rnn.jit import jit
from rnn.networks import PHI_NAMES
from tasks.errors import InputError


@jit(cache=False)
def evaluate(tag, x, values, slopes):
    for i in range(x.size):
        values[i], slopes[i] = recalled(tag, kept(tag, x[i], activate(tag, x[i])))


def evaluated(name, x):
    values, slopes = np.empty_like(x), np.empty_like(x)
    evaluate(phi_tag(name), x, values, slopes)
    return values, slopes


def test_tanh_in_float64_is_within_three_units_in_the_last_place(rng):
    small = rng.standard_normal(1000) * 10.0 ** rng.integers(-300, 1, 1000)
    x = np.concatenate([np.linspace(-25, 25, 2001), small])
    exact = [mpmath.tanh(mpmath.mpf(value)) for value in x]
    error = [abs(mpmath.mpf(got) - want) for got, want in zip(phi("tanh", x), exact)]
    assert max(float(e / np.spacing(abs(float(want)))) for e, want in zip(error, exact)) <= 3.0


@pytest.mark.parametrize("name", PHI_NAMES)
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-7), (np.float64, 4.5e-16)])
def test_values_and_slopes_in_kernels(name, dtype, tolerance):
    x = np.linspace(-12, 12, 100_001).astype(dtype)
    values, slopes = evaluated(name, x)
    function, derivative = ACTIVATIONS[name]
    scale = 1.0 if name in ("tanh", "erf") else 12.0
    assert np.abs(values - function(x.astype(float))).max() <= tolerance * scale
    assert np.abs(slopes - derivative(x.astype(float))).max() <= 2 * tolerance


@pytest.mark.parametrize("name", ["tanh", "erf"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bounded_ones_stay_within_one(name, dtype):
    x = np.concatenate([np.linspace(-30, 30, 200_001), [-np.inf, np.inf, 1e30, -1e30]]).astype(dtype)
    values, slopes = evaluated(name, x)
    assert np.abs(values).max() <= 1.0
    assert slopes.min() >= 0.0


@pytest.mark.parametrize("name", PHI_NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_passes(name, dtype):
    values, _ = evaluated(name, np.full(40, np.nan, dtype))
    assert np.isnan(values).all()


@pytest.mark.parametrize("name", PHI_NAMES)
def test_derivatives_by_number_match_finite_differences(name):
    number, h = phi_number(name), 1e-5
    for x in (-1.7, -0.3, 0.2, 0.9):
        here, up, down = (np.array(phi_derivatives_at(number, x + d)) for d in (0.0, h, -h))
        assert here[0] == phi_at(number, x)
        assert np.allclose((up - down)[:3] / (2 * h), here[1:], atol=1e-8)


def test_names_are_those_of_the_networks_and_unknown_ones_are_refused():
    assert [phi_number(name) for name in PHI_NAMES] == list(range(4))
    with pytest.raises(InputError, match="'sigmoid'; choose one of 'tanh'"):
        phi("sigmoid", 0.0)


def test_any_array_is_taken_and_none_is_changed():
    x = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    assert np.allclose(phi("tanh", x), np.tanh(x.astype(float)), rtol=1e-15)
    assert phi("relu", -1).shape == ()


PLAIN = """
import numpy as np
from rnn.activations import activate, kept, phi, phi_tag, recalled
from rnn.networks import PHI_NAMES
for name in PHI_NAMES:
    for kind in (np.float32, np.float64):
        p = activate(phi_tag(name), kind(0.7))
        print(*(float(v) for v in recalled(phi_tag(name), kept(phi_tag(name), kind(0.7), p))))
"""


def test_plain_twin_without_the_compiler_gives_the_same():
    run = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = iter(run.stdout.splitlines())
    for name in PHI_NAMES:
        for kind, tolerance in ((np.float32, 2e-7), (np.float64, 3e-16)):
            plain = np.array(next(lines).split(), float)
            compiled = np.ravel(evaluated(name, np.full(1, 0.7, kind)))
            assert np.allclose(plain, compiled, rtol=0, atol=tolerance)
