"""Full-rank networks: gradients, the low-rank network inside, precision, threads, training, refusals."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from reference import PHIS, full_rank_loss_and_gradient, normals, run_in_x_space

import tasks
from rnn.approximation import truncate
from rnn.batches import pack
from rnn.connectivity import factors
from rnn.fullrank import FullRankRunner, Team
from rnn.gradient import loss_and_gradient
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD
from rnn.simulation import simulate
from rnn.training import TrainConfig, train
from tasks import get_task
from tasks.base import Trials
from tasks.errors import InputError, Status
from tasks.plant import LinearPlant

LETTERS = ("J", "I", "w")
QUICK = TrainConfig(epochs=3, batches_per_epoch=4, batch_size=10, learning_rate=2e-3, train=("J", "I", "w"))


def problem(rng, phi="tanh", units=13, inputs=2, outputs=3, trials=6, steps=9, noise_std=0.1):
    J = 1.5 / np.sqrt(units) * rng.standard_normal((units, units))
    I, w = rng.standard_normal((units, inputs)), rng.standard_normal((units, outputs))
    net = FullRankRNN(J, I, w, rng.standard_normal(units), phi, alpha=0.2, noise_std=noise_std)
    u, y = rng.standard_normal((trials, steps, inputs)), rng.standard_normal((trials, steps, outputs))
    mask = rng.random((trials, steps, outputs)) * (rng.random((trials, steps, outputs)) < 0.6)
    return net, Trials(u, y, mask)


def noise_of(net, trials, rng):
    seed = np.random.default_rng(rng).integers(2**63)
    return net.noise_std * normals(seed, trials.size, trials.steps, net.units)


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
def test_gradient_matches_back_propagation_written_out(rng, phi, noise_std):
    net, trials = problem(rng, phi, noise_std=noise_std)
    result = loss_and_gradient(net, trials, rng=8)
    loss, *gradients = full_rank_loss_and_gradient(net.J, net, trials, noise_of(net, trials, 8))
    assert result.loss == pytest.approx(loss, rel=1e-12)
    assert result.m is None
    for letter, slow in zip(LETTERS, gradients):
        fast = getattr(result, letter)
        assert np.linalg.norm(fast - slow) <= 1e-10 * np.linalg.norm(slow), letter


@pytest.mark.parametrize(
    "units, inputs, outputs, trials, steps",
    [(1, 1, 1, 1, 1), (31, 1, 1, 5, 2), (32, 3, 1, 9, 3), (64, 1, 5, 3, 4), (97, 40, 2, 35, 2)],
)
def test_other_sizes(rng, units, inputs, outputs, trials, steps):
    net, batch = problem(rng, "tanh", units, inputs, outputs, trials, steps)
    result = loss_and_gradient(net, batch, rng=2)
    loss, *gradients = full_rank_loss_and_gradient(net.J, net, batch, noise_of(net, batch, 2))
    assert result.loss == pytest.approx(loss, rel=1e-12)
    for letter, slow in zip(LETTERS, gradients):
        assert np.linalg.norm(getattr(result, letter) - slow) <= 1e-10 * np.linalg.norm(slow), letter


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("noisy", [False, True])
def test_simulation_matches_the_euler_scheme(rng, phi, noisy):
    net, trials = problem(rng, phi)
    run = simulate(net, trials, rng=4 if noisy else None)
    noise = noisy * noise_of(net, trials, 4)
    x, z = run_in_x_space(net.J, net.I, net.w, net.h0, phi, net.alpha, trials.inputs, noise)
    scale = np.abs(x).max()
    assert np.abs(run.x - x[:, 1:]).max() <= 1e-12 * scale
    assert np.abs(run.z - z).max() <= 1e-12 * scale
    without = simulate(net, trials, rng=4 if noisy else None, states=False)
    assert without.x is None
    assert np.array_equal(without.z, run.z)


@pytest.mark.slow
@pytest.mark.parametrize("noise_std", [0.0, 0.2])
def test_a_product_of_loadings_does_what_the_low_rank_network_does(rng, noise_std):
    m, n, I, w = (rng.standard_normal((37, columns)) for columns in (2, 2, 2, 3))
    low = LowRankRNN(m, n, I, w, rng.standard_normal(37), noise_std=noise_std)
    full = FullRankRNN(m @ n.T / 37, I, w, low.h0, noise_std=noise_std)
    _, trials = problem(rng, units=37, trials=7, steps=30)
    runs = [simulate(net, trials, rng=9) for net in (low, full)]
    assert np.allclose(runs[0].x, runs[1].x, atol=1e-12)
    assert np.allclose(runs[0].z, runs[1].z, atol=1e-12)
    assert np.allclose(runs[0].v, runs[1].v, atol=1e-14)
    ours, theirs = loss_and_gradient(full, trials, rng=9), loss_and_gradient(low, trials, rng=9)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-12)
    assert np.allclose(ours.J @ n / 37, theirs.m, atol=1e-12)
    assert np.allclose(ours.J.T @ m / 37, theirs.n, atol=1e-12)


@pytest.mark.slow
def test_single_precision_is_close_to_double(rng):
    net, trials = problem(rng, units=150, trials=9, steps=40)
    double, single = (loss_and_gradient(net, trials, rng=1, dtype=kind) for kind in (np.float64, np.float32))
    assert single.loss == pytest.approx(double.loss, rel=1e-5)
    for letter in LETTERS:
        exact = getattr(double, letter)
        assert np.linalg.norm(getattr(single, letter) - exact) <= 1e-5 * np.linalg.norm(exact), letter


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_result_does_not_depend_on_the_number_of_threads(rng, dtype):
    net, trials = problem(rng, units=70, trials=75)
    runs = [loss_and_gradient(net, trials, rng=3, dtype=dtype, threads=k) for k in (1, 2, 3, 50)]
    for run in runs[1:]:
        assert run.loss == runs[0].loss
        for name in (*LETTERS, "z"):
            assert np.array_equal(getattr(run, name), getattr(runs[0], name)), name


def test_noise_belongs_to_its_seed_and_trial(rng):
    net, trials = problem(rng)
    few = trials.select(slice(0, 3))
    assert np.array_equal(loss_and_gradient(net, few, rng=3).z, loss_and_gradient(net, trials, rng=3).z[:3])
    assert not np.array_equal(loss_and_gradient(net, few, rng=4).z, loss_and_gradient(net, few, rng=3).z)


def test_a_second_batch_does_not_remember_the_first(rng):
    net, trials = problem(rng, "erf", trials=8)
    expected = loss_and_gradient(net, trials.select(slice(4, 8)))
    weights = factors(net)
    batches = pack(trials, 4, np.float64)
    with FullRankRunner(net, 0.0, 4, trials.steps, np.float64, 1) as runner:
        runner.run(*weights, batches, 0, 0)
        runner.run(*(np.full_like(part, np.nan) for part in weights), batches, 0, 0)
        assert runner.run(*weights, batches, 1, 0) == expected.loss
        assert np.array_equal(runner.dleft[0, :13], expected.J)


def test_overflow_shows(rng):
    net, trials = problem(rng, "relu", steps=4)
    huge = replace(net, J=1e200 * np.abs(net.J), I=np.abs(net.I) * 1e200)
    assert not np.isfinite(loss_and_gradient(huge, trials).loss)


def test_a_buffer_of_another_shape_never_reaches_the_kernel(rng):
    net, trials = problem(rng)
    batches = pack(trials, trials.size, np.float64)
    left, right = factors(net)
    with FullRankRunner(net, 0.0, trials.size, trials.steps, np.float64, 1) as runner:
        for wrong in (left[:-1], left.astype(np.float32), np.asfortranarray(left)):
            with pytest.raises(InputError, match="batch"):
                runner.run(wrong, right, batches, 0, 0)
    with pytest.raises(InputError, match="threads"):
        loss_and_gradient(net, trials, threads=0)


CHECKED = """
import numpy as np
from rnn.gradient import loss_and_gradient
from rnn.networks import FullRankRNN
from rnn.simulation import simulate
from tasks.base import Trials
from tasks.plant import LinearPlant
rng = np.random.default_rng(0)
net = FullRankRNN(rng.standard_normal((7, 7)), *rng.standard_normal((3, 7)), noise_std=0.1, phi="erf")
arrays = *rng.standard_normal((2, 5, 4, 1)), np.ones((5, 4, 1))
plant = LinearPlant([[0.9, 0.1], [0.0, 0.8]], [[0.1], [1.0]], [[1.0, 0.5]], [[1.0, 0.0]])
for trials in Trials(*arrays), Trials(*arrays, plant=plant):
    result = loss_and_gradient(net, trials, rng=1)
    print(result.loss, simulate(net, trials, rng=1).z.sum(), *result.J.ravel())
"""


@pytest.mark.slow
@pytest.mark.parametrize("switch", ["NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"])
def test_kernels_stay_in_bounds_and_run_without_the_compiler(tmp_path, switch):
    settings = {switch: "1", "NUMBA_CACHE_DIR": str(tmp_path)}  # checked code must not reach the usual cache
    command = [sys.executable, "-W", "error", "-c", CHECKED]
    run = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    rng = np.random.default_rng(0)
    net = FullRankRNN(rng.standard_normal((7, 7)), *rng.standard_normal((3, 7)), noise_std=0.1, phi="erf")
    arrays = *rng.standard_normal((2, 5, 4, 1)), np.ones((5, 4, 1))
    plant = LinearPlant([[0.9, 0.1], [0.0, 0.8]], [[0.1], [1.0]], [[1.0, 0.5]], [[1.0, 0.0]])
    expected = []
    for trials in Trials(*arrays), Trials(*arrays, plant=plant):
        result = loss_and_gradient(net, trials, rng=1)
        expected += [result.loss, simulate(net, trials, rng=1).z.sum(), *result.J.ravel()]
    assert np.allclose(np.array(run.stdout.split(), float), expected, rtol=1e-6, atol=1e-8)


def test_random_networks_have_the_published_scales():
    task = get_task("context")
    net = FullRankRNN.random(400, task, rng=0, rho=0.8, noise_std=0.05)
    assert net.J.std() == pytest.approx(0.8 / 20, rel=0.02)
    assert np.abs(np.linalg.eigvals(net.J)).max() == pytest.approx(0.8, rel=0.1)
    assert (net.I.shape, net.w.shape, net.alpha, net.noise_std) == ((400, 4), (400, 1), 0.2, 0.05)
    assert net.w.std() == pytest.approx(1.0, rel=0.1)
    assert net.hash == FullRankRNN.random(400, task, rng=0, rho=0.8, noise_std=0.05).hash
    with pytest.raises(InputError, match="rho"):
        FullRankRNN.random(8, task, rng=0, rho=-1.0)


def test_it_learns_and_what_it_learned_is_of_low_rank():
    task = get_task("rdm")
    start = FullRankRNN.random(96, task, rng=0, rho=0.3, noise_std=0.05)
    config = TrainConfig(epochs=8, learning_rate=1e-3, train=("J", "w_gain"), stop_loss=0.01)
    result = train(start, task, config, rng=1)
    trials = task.trials(400, rng=2)
    assert result.status.ok
    assert result.initial is start
    assert tasks.accuracy(simulate(result.net, trials, rng=3).z, trials) >= 0.97
    low = truncate(result.net, 1, initial=result.initial)
    assert tasks.accuracy(simulate(low, trials, rng=3).z, trials) >= 0.9


def test_same_seed_same_network_whatever_the_threads():
    task = get_task("rdm")
    start = FullRankRNN.random(40, task, rng=0, noise_std=0.05)
    nets = [train(start, task, replace(QUICK, threads=k), rng=7).net for k in (1, 1, 2, 3)]
    assert len({net.hash for net in nets}) == 1


def test_first_step_of_plain_descent_follows_the_gradient():
    task = get_task("rdm", input_noise=0.0, coherences=(0.2,))
    net = FullRankRNN.random(30, task, rng=0)
    config = TrainConfig(1, 1, 4, 0.5, train=LETTERS, optimizer=SGD(), keep_best=False)
    after = train(net, task, config, rng=0).net
    gradient = loss_and_gradient(net, task.trials(4, rng=0))
    for letter in LETTERS:
        moved = getattr(net, letter) - getattr(after, letter)
        assert np.allclose(moved, 0.5 * getattr(gradient, letter), rtol=1e-3, atol=2e-6), letter


def test_gains_scale_whole_channels_and_the_rest_stays():
    task = get_task("rdm")
    net = FullRankRNN.random(40, task, rng=0)
    after = train(net, task, replace(QUICK, train=("I_gain", "w_gain")), rng=1).net
    for letter in ("I", "w"):
        gain = getattr(after, letter) / getattr(net, letter)
        assert np.allclose(gain, gain[0], rtol=1e-5)
        assert not np.isclose(gain[0], 1.0, atol=1e-4)
    assert np.allclose(after.J, net.J, rtol=1e-6)


def test_divergence_ends_with_finite_weights():
    task = get_task("rdm")
    net = FullRankRNN.random(40, task, rng=0, phi="relu")
    result = train(net, task, replace(QUICK, learning_rate=1e8, optimizer=SGD()), rng=1)
    assert result.status is Status.DIVERGED
    assert np.isfinite(result.net.J).all()


def test_parts_that_a_network_does_not_have_are_refused():
    task = get_task("rdm")
    full = FullRankRNN.random(8, task, rng=0)
    with pytest.raises(InputError, match="has no 'm'; choose some of 'J', 'I', 'w', 'I_gain', 'w_gain'"):
        train(full, task, TrainConfig(), rng=0)
    low = LowRankRNN.random(8, 1, task, rng=0)
    with pytest.raises(InputError, match="has no 'J'; choose some of 'm', 'n', 'I'"):
        train(low, task, QUICK, rng=0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_team_waits_for_what_an_interrupt_left_behind(error):
    """Otherwise it takes the end of the old part for that of the new one, and returns before that is done."""
    team, going_on, done = Team(2), threading.Event(), []

    def interrupted(start, stop):
        if start == 0:
            raise error("now")
        going_on.wait(10)
        done.append("old")

    def slow(start, stop):
        if start > 0:
            time.sleep(0.1)
        done.append((start, stop))

    with pytest.raises(error):
        team.share(interrupted, 8, 4)
    threading.Timer(0.05, going_on.set).start()
    for _ in range(2):
        team.share(slow, 8, 4)
        assert sorted(done, key=str) == [(0, 4), (4, 8), "old"]
        done.remove((0, 4))
        done.remove((4, 8))
    team.close()


def test_an_error_of_an_interrupted_call_is_not_the_next_ones():
    team = Team(2)

    def broken(start, stop):
        raise KeyboardInterrupt if start == 0 else ValueError("old")

    with pytest.raises(KeyboardInterrupt):
        team.share(broken, 2, 1)
    seen = []
    team.share(lambda start, stop: seen.append(start), 2, 1)
    assert sorted(seen) == [0, 1]
    with pytest.raises(ZeroDivisionError):
        team.share(lambda start, stop: 1 // (1 - start), 2, 1)
    team.close()
