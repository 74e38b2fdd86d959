"""The kernel's loss and gradients: finite differences, back-propagation in x space, precision, threads."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from reference import PHIS, loss_and_gradient_in_x_space, normals

import tasks
from rnn.batches import pack
from rnn.gradient import GradientRunner, default_threads, loss_and_gradient
from rnn.networks import LowRankRNN
from tasks.base import Trials
from tasks.errors import InputError

LETTERS = ("m", "n", "I", "w")


def problem(rng, phi="tanh", units=13, rank=2, inputs=2, outputs=2, trials=6, steps=9, noise_std=0.1):
    shapes = ((units, rank), (units, rank), (units, inputs), (units, outputs))
    m, n, I, w = (rng.standard_normal(shape) for shape in shapes)
    net = LowRankRNN(m, n, I, w, rng.standard_normal(units), phi, alpha=0.2, noise_std=noise_std)
    u, y = rng.standard_normal((trials, steps, inputs)), rng.standard_normal((trials, steps, outputs))
    mask = rng.random((trials, steps, outputs)) * (rng.random((trials, steps, outputs)) < 0.6)
    return net, Trials(u, y, mask)


@pytest.mark.parametrize("phi", PHIS)
def test_gradient_matches_finite_differences(rng, phi):
    net, trials = problem(rng, phi)
    result, h = loss_and_gradient(net, trials, rng=5), 1e-5
    for letter in LETTERS:
        array = getattr(net, letter)
        direction = rng.standard_normal(array.shape)
        up, down = (
            loss_and_gradient(replace(net, **{letter: array + d * direction}), trials, rng=5).loss
            for d in (h, -h)
        )
        slope = (getattr(result, letter) * direction).sum()
        assert (up - down) / (2 * h) == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("noise_std", [0.0, 0.1])
def test_gradient_matches_back_propagation_in_x_space(rng, phi, noise_std):
    net, trials = problem(rng, phi, noise_std=noise_std)
    result = loss_and_gradient(net, trials, rng=8)
    seed = np.random.default_rng(8).integers(2**63)
    noise = noise_std * normals(seed, trials.size, trials.steps, net.units)
    loss, *gradients = loss_and_gradient_in_x_space(net, trials, noise)
    assert result.loss == pytest.approx(loss, rel=1e-12)
    for letter, slow in zip(LETTERS, gradients):
        fast = getattr(result, letter)
        assert np.linalg.norm(fast - slow) <= 1e-10 * np.linalg.norm(slow), letter


@pytest.mark.slow
@pytest.mark.parametrize("rank, inputs, outputs, trials", [(1, 1, 1, 1), (3, 1, 2, 5)])
def test_other_numbers_of_channels_and_trials(rng, rank, inputs, outputs, trials):
    net, batch = problem(rng, rank=rank, inputs=inputs, outputs=outputs, trials=trials, noise_std=0.0)
    result = loss_and_gradient(net, batch)
    loss, *gradients = loss_and_gradient_in_x_space(net, batch, np.zeros((trials, batch.steps, net.units)))
    assert result.loss == pytest.approx(loss, rel=1e-12)
    assert result.loss == pytest.approx(tasks.loss(result.z, batch), rel=1e-12)
    for letter, slow in zip(LETTERS, gradients):
        assert np.allclose(getattr(result, letter), slow, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("phi", PHIS[:2])
def test_single_precision_is_close_to_double(rng, phi):
    net, trials = problem(rng, phi, units=200, steps=40, trials=8)
    double, single = (loss_and_gradient(net, trials, rng=1, dtype=kind) for kind in (np.float64, np.float32))
    assert single.m.dtype == np.float32
    assert single.loss == pytest.approx(double.loss, rel=1e-5)
    for letter in LETTERS:
        fine, coarse = getattr(double, letter), getattr(single, letter)
        assert np.linalg.norm(coarse - fine) <= 1e-5 * np.linalg.norm(fine), letter


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_changes_nothing(rng, dtype):
    net, trials = problem(rng, trials=22)
    runs = [loss_and_gradient(net, trials, rng=3, dtype=dtype, threads=k) for k in (1, 2, 3, 50)]
    for run in runs[1:]:
        assert run.loss == runs[0].loss
        assert all(np.array_equal(getattr(run, a), getattr(runs[0], a)) for a in (*LETTERS, "z"))


def test_small_batches_run_on_one_thread():
    assert default_threads(32 * 51 * 32) == 1
    assert default_threads(32 * 150 * 4096) >= 1


def test_an_empty_mask_of_one_trial_gives_it_no_weight(rng):
    net, trials = problem(rng, noise_std=0.0)
    mask = trials.mask.copy()
    mask[2] = 0
    weights = pack(Trials(trials.inputs, trials.targets, mask), trials.size, np.float64).weights
    assert weights[0, 2].sum() == 0
    assert np.isfinite(weights).all()


def test_what_does_not_fit_is_refused(rng):
    net, trials = problem(rng)
    with pytest.raises(InputError, match="expected a LowRankRNN or FullRankRNN, got ndarray"):
        loss_and_gradient(net.m, trials)
    with pytest.raises(InputError, match="2 input channels, but these trials have 1"):
        loss_and_gradient(net, Trials(trials.inputs[..., :1], trials.targets, trials.mask))
    with pytest.raises(InputError, match="threads"):
        loss_and_gradient(net, trials, threads=0)


def test_a_buffer_of_another_shape_never_reaches_the_kernel(rng):
    net, trials = problem(rng)
    batches = pack(trials, trials.size, np.float64)
    left, right = np.zeros((4, 13)), np.zeros((4, 13))
    with GradientRunner(net, 0.0, trials.size, trials.steps, np.float64) as runner:
        for bad in (left[:, :12], left[:3], left.T):
            with pytest.raises(InputError, match="expected shapes"):
                runner.run(bad, right, batches, 0, 0)
        for arrays in (left.astype(np.float32), right), (left, right[:, ::-1]):
            with pytest.raises(InputError, match="C-contiguous float64"):
                runner.run(*arrays, batches, 0, 0)
        short = batches._replace(targets=batches.targets[:, :, :5])
        with pytest.raises(InputError, match="expected shapes"):
            runner.run(left, right, short, 0, 0)


CHECKED = """
import numpy as np
from rnn.gradient import loss_and_gradient
from rnn.networks import LowRankRNN
from rnn.simulation import simulate
from tasks.base import Trials
rng = np.random.default_rng(0)
net = LowRankRNN(*rng.standard_normal((4, 7, 1)), rng.standard_normal(7), noise_std=0.1)
trials = Trials(*rng.standard_normal((2, 5, 4, 1)), np.ones((5, 4, 1)))
result = loss_and_gradient(net, trials, rng=1)
print(result.loss, *result.m.ravel(), simulate(net, trials, rng=1).z.sum())
"""


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"])
def test_kernels_stay_in_bounds_and_run_without_the_compiler(tmp_path, switch):
    settings = {switch: "1", "NUMBA_CACHE_DIR": str(tmp_path)}  # checked code must not reach the usual cache
    command = [sys.executable, "-W", "error", "-c", CHECKED]
    run = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    plain = np.array(run.stdout.split(), float)
    rng = np.random.default_rng(0)
    net = LowRankRNN(*rng.standard_normal((4, 7, 1)), rng.standard_normal(7), noise_std=0.1)
    trials = Trials(*rng.standard_normal((2, 5, 4, 1)), np.ones((5, 4, 1)))
    result = loss_and_gradient(net, trials, rng=1)
    assert np.allclose(plain[:-1], [result.loss, *result.m.ravel()], rtol=1e-6, atol=1e-8)
