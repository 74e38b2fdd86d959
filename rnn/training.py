"""Train a network on a task by gradient descent through time.

An epoch is a number of batches of fresh trials. Each batch takes three compiled steps: loss and gradient
(`rnn.gradient`), clipping, and one step of the optimiser (`rnn.optimizers`). Training runs in float32 on a
flat vector theta (`rnn.parameters`); the returned networks are float64. It ends early when its goal is
reached, when the loss or the gradient stops being finite, or on Ctrl-C, and always returns what it has: an
epoch takes one `TrainState` to the next, and whatever interrupts it leaves the previous state whole.
"""

import math
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np

from rnn.gradient import gradient_runner, pack
from rnn.optimizers import clip_norm
from rnn.parameters import initial_theta, network, parameters, read_gradient, write_factors
from rnn.simulation import check_match
from rnn.training_records import EpochRecord, TrainConfig, TrainResult
from tasks.base import Task
from tasks.checks import check_rng
from tasks.errors import InputError, Status

__all__ = ["EpochRecord", "TrainConfig", "TrainResult", "TrainState", "train"]


@dataclass(frozen=True, eq=False)
class TrainState:
    """Everything that one epoch hands to the next, besides the generator of trials and noise.

    Parameters
    ----------
    theta : ndarray (P,)
        What is trained, as a flat vector.
    moments : object
        The optimiser's state.
    best_theta : ndarray (P,)
        Theta after the epoch of lowest mean loss.
    best_epoch : int
        That epoch; 0 before the first is complete.
    history : tuple of EpochRecord
        One record for each complete epoch.

    Examples
    --------
    >>> TrainState(np.zeros(3), None, np.zeros(3), 0, ()).epoch
    0
    """

    theta: np.ndarray
    moments: object
    best_theta: np.ndarray
    best_epoch: int
    history: tuple

    @property
    def epoch(self):
        """int : number of complete epochs."""
        return len(self.history)


def train(net, task, config=None, rng=None, progress=None):
    """Train a network on a task.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        Where to start; its noise_std is used in training.
    task : Task
        Draws the trials.
    config : TrainConfig, optional
        How to train; the defaults if left out. `rnn.recipes.recipe` knows what works for each task.
    rng : numpy.random.Generator or int
        Source of trials and noise. Same seed, same result, whatever the number of threads.
    progress : callable, optional
        Called with an `EpochRecord` after each epoch.

    Returns
    -------
    TrainResult

    Raises
    ------
    InputError
        A task and a network that do not fit, or a part to train that the network does not have.

    Examples
    --------
    >>> from rnn import LowRankRNN
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> start = LowRankRNN.random(64, 1, task, rng=0)
    >>> result = train(start, task, TrainConfig(epochs=10, stop_accuracy=0.95), rng=1)
    >>> bool(result.losses[-1] < result.losses[0])
    True
    """
    started = time.perf_counter()
    config = _check(task, config)
    rng = check_rng(rng)
    source = {"task": task.name, "parameters": task.parameters, "seed": _provenance(rng), "network": net.hash}
    layout = parameters(net, config.train)
    theta = initial_theta(layout)
    state = TrainState(theta, config.optimizer.start(theta), theta, 0, ())
    status, message = Status.COMPLETED, None
    try:
        while state.epoch < config.epochs and message is None:
            state, message = _epoch(layout, task, config, rng, state, started)
            if message is not None:
                status = Status.DIVERGED
                break
            record = state.history[-1]
            if progress is not None:
                progress(record)
            message = _goal_reached(record, config)
            if message is not None:
                status = Status.STOPPED_EARLY
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
        message = f"Interrupted in epoch {state.epoch + 1} of {config.epochs}."
    return _result(layout, config, state, status, message, source, time.perf_counter() - started)


def _check(task, config):
    config = TrainConfig() if config is None else config
    if not isinstance(task, Task):
        raise InputError(f"task: expected a Task such as get_task('rdm'), got {type(task).__name__}")
    if not isinstance(config, TrainConfig):
        raise InputError(f"config: expected a TrainConfig, got {type(config).__name__}")
    if task.dt > task.tau:
        warnings.warn(
            f"dt: {task.dt:g} ms is longer than tau = {task.tau:g} ms: x overshoots at every step; "
            "use a smaller dt",
            stacklevel=3,
        )
    return config


def _epoch(layout, task, config, rng, state, started):
    """One epoch: the next state, and a sentence if the loss or the gradient was not finite."""
    net, dtype = layout.net, layout.base.dtype
    trials = task.trials(config.batches_per_epoch * config.batch_size, rng)
    check_match(net, trials)
    seeds = rng.integers(2**63, size=config.batches_per_epoch)
    batches = pack(trials, config.batch_size, dtype)
    left, right = (np.empty((count, net.units), dtype) for count in layout.counts)
    outputs, losses, norms = [], [], []
    theta, moments, good = state.theta, state.moments, state.theta
    shape = config.batch_size, trials.steps
    with gradient_runner(net, net.noise_std, *shape, dtype, config.threads) as runner:
        for index, seed in enumerate(seeds):
            write_factors(layout, theta, left, right)
            loss = runner.run(left, right, batches, index, seed)
            gradient, norm = clip_norm(read_gradient(layout, runner.dleft, runner.dright), config.clip)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                return replace(state, theta=good), _diverged(state, config, index, loss, norm)
            good = theta
            theta, moments = config.optimizer.step(theta, gradient, moments, config.learning_rate)
            outputs.append(runner.z[: config.batch_size].copy())
            losses.append(loss)
            norms.append(norm)
    record = EpochRecord(
        state.epoch + 1, config.epochs, float(np.mean(losses)), _accuracy(task, np.concatenate(outputs), trials),
        float(np.mean(norms)), time.perf_counter() - started,
    )  # fmt: skip
    best = all(record.loss < earlier.loss for earlier in state.history)
    return TrainState(
        theta, moments, theta if best else state.best_theta, record.epoch if best else state.best_epoch,
        (*state.history, record),
    ), None  # fmt: skip


def _goal_reached(record, config):
    if config.stop_loss is not None and record.loss <= config.stop_loss:
        return f"Epoch {record.epoch}: mean loss {record.loss:.4g} reached the goal {config.stop_loss:g}."
    if config.stop_accuracy is not None and record.accuracy >= config.stop_accuracy:
        return (
            f"Epoch {record.epoch}: accuracy {record.accuracy:.3f} reached the goal {config.stop_accuracy:g}."
        )
    return None


def _diverged(state, config, index, loss, norm):
    advice = f"try a learning rate below {config.learning_rate / 3:.2g}"
    if config.clip is None:
        advice += ", or clip=1 to limit the norm of the gradient"
    return (
        f"Epoch {state.epoch + 1}, batch {index + 1}: the loss is {loss:g} and the norm of the gradient "
        f"{norm:g}; {advice}."
    )


def _accuracy(task, outputs, trials):
    try:
        return task.accuracy(outputs, trials)
    except InputError:  # targets without a sign: nothing to judge
        return float("nan")


def _result(layout, config, state, status, message, source, seconds):
    use_best = config.keep_best and state.best_epoch > 0
    theta, epoch = (state.best_theta, state.best_epoch) if use_best else (state.theta, state.epoch)
    if message is None:
        message = f"All {config.epochs} epochs ran."
    if state.history:
        shown = state.history[epoch - 1] if epoch else state.history[-1]
        message += f" The network has the weights after epoch {epoch}: mean loss {shown.loss:.4g}"
        message += "." if math.isnan(shown.accuracy) else f", accuracy {shown.accuracy:.3f}."
    else:
        message += " No epoch was completed; the network has the last finite weights."
    net = network(layout, theta)
    return TrainResult(net, layout.net, state.history, status, message, epoch, seconds, config, source)


def _provenance(rng):
    """Plain values that say which generator this is."""
    seeds = getattr(rng.bit_generator, "seed_seq", None)
    return {
        "generator": type(rng.bit_generator).__name__,
        "entropy": getattr(seeds, "entropy", None),
        "spawn_key": list(getattr(seeds, "spawn_key", ())),
    }
