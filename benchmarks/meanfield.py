"""Times of the mean field: from covariances to a compiled field, its evaluation, redrawn networks, fits of mixtures.

    python benchmarks/meanfield.py

Peers run beside it where a ratio makes sense: quadrature of the same expectations by scipy, and scikit-learn's
mixture where it is installed. Times are the best of a few repetitions; imports are not counted.
"""  # noqa: E501

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from numba import types
from scipy.integrate import quad

from dynsys.analysis import compile_field
from dynsys.numerics.signatures import FIELD_TYPE, VECTOR
from dynsys.populations import Populations, fit_populations, redraw
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, load_example, loadings, simulate
from rnn.jit import jit
from tasks import accuracy, get_task

try:
    from sklearn.mixture import GaussianMixture
except ImportError:
    GaussianMixture = None

RANK, INPUTS, OUTPUTS, COUNT = 2, 4, 1, 3
EVALUATIONS = 20_000


@jit(types.void(FIELD_TYPE, FIELD_TYPE, VECTOR, VECTOR, VECTOR, types.int64))
def evaluate_many(rhs, jacobian, kappa, inputs, params, times):
    """Field and Jacobian, over and over, at states that move a little."""
    out, matrix = np.empty(kappa.size), np.empty(kappa.size**2)
    for _ in range(times):
        rhs(kappa, inputs, params, out)
        jacobian(kappa, inputs, params, matrix)
        for r in range(kappa.size):
            kappa[r] += 1e-9 * (out[r] + matrix[r])


def mixture(seed=0):
    """A mixture of the benchmark's size."""
    rng = np.random.default_rng(seed)
    width = 2 * RANK + INPUTS + OUTPUTS
    factors = rng.standard_normal((COUNT, width, width)) / np.sqrt(width)
    weights, means = rng.dirichlet(5 * np.ones(COUNT)), rng.standard_normal((COUNT, width))
    return Populations(weights, means, factors @ factors.transpose(0, 2, 1), RANK, INPUTS, OUTPUTS)


def derive():
    """Seconds of wall and of processor from populations to the first value of field and Jacobian."""
    populations, kappa, v = mixture(), np.array([0.3, -0.2]), np.full(INPUTS, 0.1)
    start, busy = time.perf_counter(), time.process_time()
    field = compile_field(mean_field(populations))
    field.rhs(kappa, v), field.jacobian(kappa, v)
    return time.perf_counter() - start, time.process_time() - busy


def best(function, times):
    """Least of some timings of a function."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def print_derivation():
    for name in ("cold", "from cache"):
        if name == "cold":
            folder = tempfile.TemporaryDirectory()
        ran = subprocess.run(
            [sys.executable, __file__, "--derive"], env={**os.environ, "DYNSYS_CACHE": folder.name},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        size = f"R = {RANK}, S = {INPUTS}, P = {COUNT}"
        wall, busy = map(float, ran.stdout.split())
        print(f"derived and compiled ({size}), {name}: {wall:.2f} s, of which {busy:.2f} s of processor")
    folder.cleanup()


def print_evaluation():
    field = compile_field(mean_field(mixture()))
    inputs, params = np.full(INPUTS, 0.1), np.array(field.values)
    functions = field.functions.rhs, field.functions.jacobian

    def ours():
        evaluate_many(*functions, np.array([0.3, -0.2]), inputs, params, EVALUATIONS)

    ours()
    one = best(ours, 5) / EVALUATIONS / COUNT

    def by_quadrature():
        for k in (np.tanh, lambda x: np.cosh(x) ** -2.0, lambda x: -2 * np.tanh(x) / np.cosh(x) ** 2,
                  lambda x: (4 * np.sinh(x) ** 2 - 2) / np.cosh(x) ** 4):  # fmt: skip
            quad(lambda xi, k=k: k(0.4 + 1.1 * xi) * np.exp(-xi * xi / 2), -12, 12, epsabs=1e-12)

    peer = best(by_quadrature, 5)
    print(f"field and Jacobian inside a kernel: {1e6 * one:.2f} us per population")
    print(
        f"  the four expectations alone by scipy.integrate.quad: {1e6 * peer:.0f} us, {peer / one:.0f} times"
    )


def print_redraws():
    task = get_task("rdm")
    populations = fit_populations(loadings(load_example("rdm")))
    trials = task.trials(100, rng=1)

    def hundred():
        for seed in range(100):
            accuracy(simulate(redraw(populations, 512, rng=seed), trials, states=False).z, trials)

    simulate(redraw(populations, 512, rng=0), trials, states=False)
    print(f"100 networks of 512 units redrawn and tested on 100 trials each: {best(hundred, 2):.2f} s")


def print_fit():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2, 6, 6))
    which = rng.random(4096) < 0.6
    X = np.where(
        which[:, None],
        rng.standard_normal((4096, 6)) @ factors[0],
        rng.standard_normal((4096, 6)) @ factors[1],
    )
    given = loadings(LowRankRNN(X[:, :2], X[:, 2:4], X[:, 4:5], X[:, 5:]))
    ours = best(lambda: fit_populations(given, 2, rng=1), 3)
    print(f"4,096 units, 2 populations, 20 starts: {ours:.2f} s")
    if GaussianMixture is not None:
        peer = best(lambda: GaussianMixture(2, n_init=20, random_state=1).fit(X), 1)
        print(f"  scikit-learn, 20 starts: {peer:.2f} s, {peer / ours:.1f} times")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--derive", action="store_true", help="print the seconds of one derivation, for this script"
    )
    if parser.parse_args().derive:
        print(*derive())
        return
    print_derivation()
    print_evaluation()
    print_redraws()
    print_fit()


if __name__ == "__main__":
    main()
