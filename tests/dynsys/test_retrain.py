"""Retraining follows the gradient in the moments, and makes two populations do what two populations can."""

import numpy as np
import pytest

from dynsys.analysis import compile_field, run_circuit
from dynsys.populations import Populations, fit_populations, redraw, retrain
from dynsys.populations.redraw import share_out, square_root, whiten
from dynsys.symbolic import mean_field
from rnn import LowRankRNN, TrainConfig, load_example, loadings, simulate
from rnn.optimizers import SGD
from rnn.schedules import CosineRate
from tasks import InputError, Status, get_task, loss


def mixture(means_kind="free", noise_std=0.0):
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2, 4, 4))
    means = 0.5 * rng.standard_normal((2, 4)) if means_kind == "free" else np.zeros((2, 4))
    covariances = factors @ factors.transpose(0, 2, 1)
    return Populations([0.7, 0.3], means, covariances, 1, 1, 1, noise_std=noise_std, means_kind=means_kind)


def one_step(**options):
    return TrainConfig(
        epochs=1, batches_per_epoch=1, batch_size=8, optimizer=SGD(), keep_best=False, **options
    )


def loss_of(means, factors, counts, xi, trials):
    rows = np.vstack([a + part @ L.T for a, L, part in zip(means, factors, np.split(xi, counts[:1]))])
    return loss(simulate(LowRankRNN(*rows.T), trials, states=False).z, trials)


@pytest.mark.parametrize("exact", [False, True])
def test_one_step_follows_the_slope_of_the_loss_in_means_and_factors(exact):
    populations, task, rate = mixture(), get_task("rdm"), 0.1
    stepped = retrain(populations, task, one_step(learning_rate=rate), 5, 30, exact)
    rng = np.random.default_rng(5)  # the same trials, seeds and neurons
    trials = task.trials(8, rng)
    rng.integers(2**63, size=1)
    xi, counts = rng.standard_normal((30, 4)), share_out(populations.weights, 30)
    if exact:
        xi = np.vstack([whiten(part, 0) for part in np.split(xi, counts[:1])])
    factors = np.array([square_root(covariance) for covariance in populations.covariances])
    slopes = []
    for point in (populations.means, factors):
        slope, step = np.empty(point.shape), 1e-5
        for i in np.ndindex(*point.shape):
            ends = []
            for side in (-1, 1):
                moved = np.array(point)
                moved[i] += side * step
                first, second = (moved, factors) if point.ndim == 2 else (populations.means, moved)
                ends.append(loss_of(first, second, counts, xi, trials))
            slope[i] = (ends[1] - ends[0]) / (2 * step)
        slopes.append(slope)
    np.testing.assert_allclose(stepped.means, populations.means - rate * slopes[0], atol=2e-6)
    moved = factors - rate * slopes[1]
    np.testing.assert_allclose(stepped.covariances, moved @ moved.transpose(0, 2, 1), atol=2e-5)
    assert np.abs(stepped.covariances - populations.covariances).max() > 1e-3


def test_only_what_is_named_changes():
    populations = mixture("zero", noise_std=0.05)
    stepped = retrain(populations, get_task("rdm"), one_step(train=("m", "n")), rng=0, units=40)
    assert not stepped.means.any()
    np.testing.assert_allclose(stepped.covariances[:, 2:, 2:], populations.covariances[:, 2:, 2:], atol=1e-12)
    assert np.abs(stepped.covariances[:, :2, :2] - populations.covariances[:, :2, :2]).max() > 1e-6
    np.testing.assert_array_equal(stepped.weights, populations.weights)
    assert stepped.source["status"] == "COMPLETED" and len(stepped.source["losses"]) == 1


def test_same_seed_same_populations_and_progress_is_told():
    told = []
    runs = [
        retrain(mixture(), get_task("rdm"), TrainConfig(epochs=2, batches_per_epoch=3), rng=4, units=50,
                progress=lambda *values: told.append(values))
        for _ in range(2)
    ]  # fmt: skip
    np.testing.assert_array_equal(runs[0].covariances, runs[1].covariances)
    assert [values[0] for values in told] == [1, 2, 1, 2]
    assert told[0][2:] == (runs[0].source["losses"][0], runs[0].source["accuracies"][0])


def test_goals_and_divergence_end_it():
    easy = TrainConfig(epochs=5, batches_per_epoch=2, stop_loss=100.0)
    assert retrain(mixture(), get_task("rdm"), easy, rng=0, units=20).source["status"] == "STOPPED_EARLY"
    linear = Populations([1.0], np.zeros((1, 4)), 1e3 * (np.eye(4) + 1)[None], 1, 1, 1, phi="linear")
    wild = retrain(linear, get_task("rdm", stimulus=8000.0), one_step(learning_rate=1.0), rng=0, units=20)
    assert wild.source["status"] == Status.DIVERGED.name
    np.testing.assert_allclose(wild.covariances, linear.covariances)


def test_singular_covariances_may_grow_in_every_direction():
    C = np.outer([1.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, 2.0])[None]
    flat = Populations([1.0], np.zeros((1, 4)), C, 1, 1, 1, means_kind="zero")
    grown = retrain(flat, get_task("rdm"), TrainConfig(epochs=2, learning_rate=0.05), rng=0, units=100)
    assert np.linalg.matrix_rank(grown.covariances[0], tol=1e-6) > 1


def test_refusals():
    with pytest.raises(InputError, match="populations: expected Populations"):
        retrain(None, get_task("rdm"), rng=0)
    with pytest.raises(InputError, match="task: expected Task"):
        retrain(mixture(), "rdm", rng=0)
    with pytest.raises(InputError, match="has 1 input channel, but trials of task 'context'"):
        retrain(mixture(), get_task("context"), rng=0)
    with pytest.raises(InputError, match="validation has no meaning for a mixture"):
        retrain(mixture(), get_task("rdm"), TrainConfig(validation=10), rng=0)


def scores(populations, task, draws=20):
    """Accuracy of the mean-field circuit, and means over redrawn networks, plain and with exact moments."""
    trials = task.trials(300, rng=99)
    circuit = task.accuracy(run_circuit(compile_field(mean_field(populations)), trials).z, trials)
    redrawn = [
        np.mean([
            task.accuracy(simulate(redraw(populations, 512, s, exact), trials, s, states=False).z, trials)
            for s in range(draws)
        ])
        for exact in (False, True)
    ]  # fmt: skip
    return circuit, *redrawn


@pytest.mark.slow
def test_two_populations_learn_the_context_task_from_random_covariances():
    rng = np.random.default_rng(0)
    scale = np.array([1, 1, 1, 1, 1, 1, 4.0])
    factors = scale[:, None] * (np.eye(7) + 0.5 * rng.standard_normal((2, 7, 7)))
    start = Populations(
        [0.5, 0.5], np.zeros((2, 7)), factors @ factors.transpose(0, 2, 1), 1, 4, 1, noise_std=0.05,
        means_kind="zero",
    )  # fmt: skip
    config = TrainConfig(
        epochs=120, learning_rate=1e-2, clip=0.1, schedule=CosineRate(), train=("m", "n", "I", "w")
    )
    circuit, redrawn, exact = scores(
        retrain(start, get_task("context"), config, rng, 512), get_task("context")
    )
    assert circuit >= 0.97 and redrawn >= 0.95 and exact >= 0.95


@pytest.mark.slow
def test_two_retrained_populations_match_samples():
    """Dubreuil et al. 2022: fitted mixtures fail here; retrained, two populations do the task.

    Five runs (other seeds, other processes) gave 1.0 in mean field and 0.80 to 0.97 redrawn plainly, 0.91 on
    average: rounding steers a training, so the margins are wide.
    """
    task, short, rng = get_task("dms"), get_task("dms", delay_max=700.0), np.random.default_rng(0)
    populations = fit_populations(loadings(load_example("dms-r2"), "canonical"), 2, rng=0)
    circuit, redrawn, _ = scores(populations, task, 5)
    assert circuit < 0.8 and redrawn < 0.65
    config = TrainConfig(epochs=200, learning_rate=3e-3, clip=1.0, stop_accuracy=0.99)
    populations = retrain(populations, short, config, rng, units=512, exact_moments=True)
    for units, epochs in ((2048, 40), (1024, 60)):
        config = TrainConfig(epochs=epochs, learning_rate=1e-3, clip=1.0, schedule=CosineRate())
        populations = retrain(populations, short, config, rng, units)
    circuit, redrawn, exact = scores(populations, task)
    assert circuit >= 0.97 and redrawn >= 0.7 and exact >= 0.95
