"""Networks in closed loop with a plant: against a slow twin, finite differences, and no plant at all."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from reference import PHIS, closed_loop, normals

import rnn
import tasks
from rnn.gradient import loss_and_gradient
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD
from rnn.simulation import simulate
from rnn.training import TrainConfig, train
from tasks import get_task
from tasks.base import Trials
from tasks.errors import InputError, Status
from tasks.plant import LinearPlant

LETTERS = ("m", "n", "I", "w")


def problem(rng, phi="tanh", units=11, rank=2, inputs=3, commands=2, scores=2, size=4, trials=6, steps=9):
    A = rng.standard_normal((size, size))
    A *= 0.95 / np.abs(np.linalg.eigvals(A)).max()
    shapes = (size, commands), (inputs, size), (scores, size)
    plant = LinearPlant(A, *(rng.standard_normal(shape) for shape in shapes))
    shapes = (units, rank), (units, rank), (units, inputs), (units, commands)
    m, n, I, w = (rng.standard_normal(shape) for shape in shapes)
    net = LowRankRNN(m, n, I, w, rng.standard_normal(units), phi, alpha=0.2, noise_std=0.1)
    u, y = rng.standard_normal((trials, steps, inputs)), rng.standard_normal((trials, steps, scores))
    mask = rng.random((trials, steps, scores)) * (rng.random((trials, steps, scores)) < 0.6)
    return net, Trials(u, y, mask, plant=plant)


@pytest.mark.parametrize("phi", PHIS[:2])
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


@pytest.mark.parametrize(
    "sizes", [{}, {"rank": 1, "inputs": 1, "commands": 1, "scores": 1, "size": 1, "trials": 1}, {"scores": 3}]
)
def test_states_loss_and_gradient_match_the_slow_twin(rng, sizes):
    net, trials = problem(rng, **sizes)
    seed = int(np.random.default_rng(8).integers(2**63))
    noise = net.noise_std * normals(seed, trials.size, trials.steps, net.units)
    x, z, states, scored, loss, gradients = closed_loop(net, trials, noise)
    run, result = simulate(net, trials, rng=8), loss_and_gradient(net, trials, rng=8)
    for fast, slow in ((run.x, x), (run.z, z), (run.plant, states), (run.scored, scored), (result.z, z)):
        assert np.allclose(fast, slow, rtol=1e-10, atol=1e-11)
    assert np.array_equal(run.outputs, run.scored)
    assert np.allclose(result.outputs, scored, rtol=1e-10, atol=1e-11)
    assert result.loss == pytest.approx(loss, rel=1e-12)
    assert result.loss == pytest.approx(tasks.loss(run.outputs, trials), rel=1e-12)
    for letter, slow in zip(LETTERS, gradients):
        assert np.linalg.norm(getattr(result, letter) - slow) <= 1e-10 * np.linalg.norm(slow), letter
    rebuilt = run.kappa @ net.m.T + run.v @ net.I.T
    perp = net.h0 * 0.8 ** np.arange(1, trials.steps + 1)[:, None]
    quiet = simulate(net, trials)
    assert np.allclose(quiet.kappa @ net.m.T + quiet.v @ net.I.T + perp, quiet.x, atol=1e-11)
    assert rebuilt.shape == x.shape and run.status is Status.COMPLETED


@pytest.mark.slow
def test_a_plant_that_senses_nothing_and_passes_everything_on_is_no_plant(rng):
    net, trials = problem(rng, inputs=2)
    plant = LinearPlant(np.zeros((2, 2)), np.eye(2), np.zeros((2, 2)), np.eye(2))
    closed = Trials(trials.inputs, trials.targets, trials.mask, plant=plant)
    plain = Trials(trials.inputs, trials.targets, trials.mask)
    one, two = loss_and_gradient(net, closed, rng=1), loss_and_gradient(net, plain, rng=1)
    assert one.loss == pytest.approx(two.loss, rel=1e-13)
    for letter in LETTERS:
        assert np.allclose(getattr(one, letter), getattr(two, letter), rtol=1e-10, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("plant", [True, False])
def test_the_penalty_on_rates_is_the_mean_square_of_phi(rng, plant):
    """Its part of the gradient against finite differences of (c / 2) mean(tanh(x)^2)."""
    net, trials = problem(rng, inputs=2, trials=5)
    trials = Trials(trials.inputs, trials.targets, trials.mask, plant=trials.plant if plant else None)
    with_, without = (loss_and_gradient(net, trials, rng=5, l2_rates=c) for c in (3.0, 0.0))
    assert with_.loss == pytest.approx(without.loss, rel=1e-12)
    assert np.allclose(with_.outputs, without.outputs, rtol=1e-10)
    for letter in LETTERS:
        array, h = getattr(net, letter), 1e-5
        direction = rng.standard_normal(array.shape)
        up, down = (
            1.5
            * (
                np.tanh(simulate(replace(net, **{letter: array + d * direction}), trials, rng=5).x) ** 2
            ).mean()
            for d in (h, -h)
        )
        slope = ((getattr(with_, letter) - getattr(without, letter)) * direction).sum()
        assert (up - down) / (2 * h) == pytest.approx(slope, rel=1e-5, abs=1e-9)


@pytest.mark.slow
def test_training_with_the_penalty_lowers_the_rates():
    task = get_task("rdm", stimulus=200.0)
    net = LowRankRNN.random(24, 2, task, rng=0, noise_std=0.05)
    config = TrainConfig(4, 10, 8, 1e-2, train=LETTERS, keep_best=False)
    free, calm = (train(net, task, replace(config, l2_rates=c), rng=1).net for c in (0.0, 30.0))
    trials = task.trials(50, rng=2)
    rates = [(np.tanh(simulate(trained, trials).x) ** 2).mean() for trained in (free, calm)]
    assert rates[1] < 0.5 * rates[0]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_changes_nothing(rng, dtype):
    net, trials = problem(rng, trials=22)
    runs = [loss_and_gradient(net, trials, rng=3, dtype=dtype, threads=k) for k in (1, 2, 50)]
    for run in runs[1:]:
        assert run.loss == runs[0].loss
        assert all(np.array_equal(getattr(run, a), getattr(runs[0], a)) for a in (*LETTERS, "z", "outputs"))


def test_single_precision_is_close_to_double():
    task = get_task("reach")
    net = LowRankRNN.random(100, 2, task, rng=0)
    trials = task.trials(8, rng=1)
    double, single = (loss_and_gradient(net, trials, dtype=kind) for kind in (np.float64, np.float32))
    assert single.loss == pytest.approx(double.loss, rel=1e-5)
    for letter in LETTERS:
        fine, coarse = getattr(double, letter), getattr(single, letter)
        assert np.linalg.norm(coarse - fine) <= 1e-4 * np.linalg.norm(fine), letter


def test_training_scores_the_plant():
    task = get_task("reach", hold=100.0, cue=100.0, reach=600.0, movement=300.0)
    net = LowRankRNN.random(24, 2, task, rng=0)
    config = TrainConfig(1, 1, 8, 1e-30, optimizer=SGD(), validation=6)
    result = train(net, task, config, rng=3)
    rng = np.random.default_rng(3)
    validation = task.trials(6, rng)
    rng.integers(2**63)
    trials = task.trials(8, rng)
    run = simulate(net, trials)
    assert result.losses[0] == pytest.approx(tasks.loss(run.scored, trials), rel=1e-4)
    assert result.accuracies[0] == pytest.approx(task.accuracy(run.scored, trials))
    loss = tasks.loss(simulate(net, validation).scored, validation)
    assert result.history[0].validation_loss == pytest.approx(loss, rel=1e-6)
    better = train(net, task, TrainConfig(8, 10, 16, 5e-3, clip=1.0, train=LETTERS), rng=3)
    assert better.losses[-1] < 0.5 * better.losses[0]


def test_a_plant_that_diverges_is_told(rng):
    """A double integrator pushed so hard that its position overflows, in float64 and in float32."""
    plant = LinearPlant([[1.0, 1.0], [0.0, 1.0]], [[0.0], [1.0]], [[1.0, 0.0]], [[1.0, 0.0]])
    weak, net = (LowRankRNN(*np.ones((3, 5, 1)), w * np.ones((5, 1))) for w in (1e36, 1e305))
    trials = Trials(np.ones((3, 400, 1)), np.zeros((3, 400, 1)), np.ones((3, 400, 1)), plant=plant)
    run = simulate(net, trials)
    assert run.status is Status.DIVERGED and not run.status.ok
    assert "The plant diverged" in run.message and " ms on" in run.message
    first = np.flatnonzero(~np.isfinite(run.plant).all(axis=(0, 2)))[0]
    assert f"from {run.time[first]:g} ms" in run.message and first > 10

    class Runaway(tasks.Task):
        name, input_names, output_names = "runaway", ("u",), ("y",)

        def trials(self, n, rng):
            return trials.select(slice(0, n))

    result = train(weak, Runaway(), TrainConfig(2, 1, 3), rng=0)
    assert result.status is Status.DIVERGED
    for word in ("Epoch 1, batch 1: the loss is", "training starts from", "a plant with more damping"):
        assert word in result.message
    assert np.isfinite(result.net.m).all()


def test_what_cannot_drive_a_plant_is_refused():
    trials = get_task("reach").trials(2, rng=0)
    with pytest.raises(InputError, match=r"1 output channel, but .* have 2: command 1, command 2"):
        simulate(LowRankRNN(*np.ones((2, 8, 1)), np.ones((8, 9)), np.ones(8)), trials)


def in_full(net):
    """The full-rank network that is this low-rank one."""
    return FullRankRNN(net.m @ net.n.T / net.units, net.I, net.w, net.h0, net.phi, net.alpha, net.noise_std)


@pytest.mark.parametrize("units", [11, 40])
def test_a_full_rank_network_in_closed_loop_matches_the_slow_twin(rng, units):
    """Of a J of low rank: dL/dm = dL/dJ n / N and dL/dn = (dL/dJ)^T m / N."""
    net, trials = problem(rng, units=units)
    seed = int(np.random.default_rng(8).integers(2**63))
    noise = net.noise_std * normals(seed, trials.size, trials.steps, net.units)
    x, z, states, scored, loss, slow = closed_loop(net, trials, noise)
    run, result = simulate(in_full(net), trials, rng=8), loss_and_gradient(in_full(net), trials, rng=8)
    for ours, twin in ((run.x, x), (run.z, z), (run.plant, states), (run.scored, scored), (result.z, z)):
        assert np.allclose(ours, twin, rtol=1e-10, atol=1e-11)
    assert np.allclose(run.v, simulate(net, trials, rng=8).v, rtol=1e-10, atol=1e-11)
    assert np.allclose(result.outputs, scored, rtol=1e-10, atol=1e-11)
    assert result.loss == pytest.approx(loss, rel=1e-12)
    parts = result.J @ net.n / net.units, result.J.T @ net.m / net.units, result.I, result.w
    for letter, ours, twin in zip(LETTERS, parts, slow):
        assert np.linalg.norm(ours - twin) <= 1e-10 * np.linalg.norm(twin), letter


@pytest.mark.parametrize("phi", PHIS[:2])
@pytest.mark.parametrize("plant", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_gradient_of_a_full_rank_network_matches_finite_differences(rng, phi, plant):
    """Of the loss and of (c / 2) mean(phi^2) of the rates, in closed loop and without a plant."""
    low, trials = problem(rng, phi, inputs=2, trials=5)
    trials = trials if plant else replace(trials, plant=None)
    J = rng.standard_normal((low.units, low.units)) / np.sqrt(low.units)
    net, cost, h = replace(in_full(low), J=J), 3.0, 1e-5
    result = loss_and_gradient(net, trials, rng=5, l2_rates=cost)
    assert result.loss == loss_and_gradient(net, trials, rng=5).loss

    def whole(changed):
        run = simulate(changed, trials, rng=5)
        return tasks.loss(run.outputs, trials) + cost / 2 * (rnn.phi(phi, run.x) ** 2).mean()

    for letter in ("J", "I", "w"):
        array = getattr(net, letter)
        direction = rng.standard_normal(array.shape)
        up, down = (whole(replace(net, **{letter: array + d * direction})) for d in (h, -h))
        slope = (getattr(result, letter) * direction).sum()
        assert (up - down) / (2 * h) == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.slow
def test_threads_and_precision_of_a_full_rank_network_in_closed_loop(rng):
    net, trials = problem(rng, trials=22)
    net = in_full(net)
    runs = [loss_and_gradient(net, trials, rng=3, threads=k, l2_rates=0.5) for k in (1, 2, 50)]
    for run in runs[1:]:
        assert run.loss == runs[0].loss
        assert all(np.array_equal(getattr(run, a), getattr(runs[0], a)) for a in ("J", "I", "w", "outputs"))
    single = loss_and_gradient(net, trials, rng=3, dtype=np.float32, l2_rates=0.5)
    for a in ("J", "I", "w"):
        fine, coarse = getattr(runs[0], a), getattr(single, a)
        assert np.linalg.norm(coarse - fine) <= 1e-4 * np.linalg.norm(fine), a


@pytest.mark.slow
def test_a_full_rank_network_learns_to_reach():
    task = get_task("reach", hold=100.0, cue=100.0, reach=600.0, movement=300.0)
    net = FullRankRNN.random(24, task, rng=0)
    result = train(net, task, TrainConfig(8, 10, 16, 5e-3, clip=1.0, train=("J", "I", "w")), rng=3)
    assert result.losses[-1] < 0.5 * result.losses[0]


CHECKED = """
import numpy as np
from rnn.gradient import loss_and_gradient
from rnn.networks import LowRankRNN
from rnn.simulation import simulate
from tasks.base import Trials
from tasks.plant import LinearPlant
rng = np.random.default_rng(0)
net = LowRankRNN(*rng.standard_normal((4, 7, 1)), rng.standard_normal(7), noise_std=0.1)
plant = LinearPlant([[0.9, 0.1], [0.0, 0.8]], [[0.1], [1.0]], [[1.0, 0.5]], [[1.0, 0.0]])
trials = Trials(*rng.standard_normal((2, 5, 4, 1)), np.ones((5, 4, 1)), plant=plant)
result = loss_and_gradient(net, trials, rng=1)
print(result.loss, *result.m.ravel(), simulate(net, trials, rng=1).scored.sum())
"""


@pytest.mark.slow
def test_kernels_stay_in_bounds_and_run_without_the_compiler(tmp_path):
    outputs = []
    for switch in ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"):
        settings = {switch: "1", "NUMBA_CACHE_DIR": str(tmp_path)}
        command = [sys.executable, "-W", "error", "-c", CHECKED]
        run = subprocess.run(
            command, env={**os.environ, **settings}, capture_output=True, text=True, check=True
        )
        outputs.append(np.array(run.stdout.split(), float))
    assert np.allclose(*outputs, rtol=1e-6, atol=1e-8)
