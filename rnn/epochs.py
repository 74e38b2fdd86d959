"""One epoch of training, and what it hands to the next.

An epoch takes one `TrainState` to the next and changes nothing in place, so whatever interrupts it leaves the
previous state whole; with the generator's state in it, that state is all a later run needs to go on from.
"""

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from rnn.batches import pack
from rnn.descent import run_batches
from rnn.parameters import Parameters, network
from rnn.simulation import check_match, simulate
from rnn.training_records import EpochRecord, TrainConfig
from tasks.adapters import FixedTrials
from tasks.base import Task, Trials
from tasks.errors import InputError
from tasks.metrics import loss as loss_of


@dataclass(frozen=True, eq=False)
class Course:
    """What stays the same from epoch to epoch.

    Parameters
    ----------
    layout : Parameters
        The initial network and what of it is trained.
    config : TrainConfig
        How to train.
    task : Task
        Draws the training trials.
    validation : Trials or None
        The validation trials.
    validation_seed : int
        Seed of the network's noise on them.
    stage, stages : int
        Which stage this is, out of how many.

    Examples
    --------
    >>> from rnn.networks import LowRankRNN
    >>> from rnn.parameters import parameters
    >>> from tasks import get_task
    >>> task, config = get_task("rdm"), TrainConfig(validation=10)
    >>> layout = parameters(LowRankRNN.random(8, 1, task, rng=0), config.train)
    >>> make_course(layout, task, config, np.random.default_rng(0)).validation.size
    10
    """

    layout: Parameters
    config: TrainConfig
    task: Task
    validation: Trials
    validation_seed: int
    stage: int = 1
    stages: int = 1


@dataclass(frozen=True, eq=False)
class TrainState:
    """Everything that one epoch hands to the next.

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
    generator : dict
        State of the generator of trials and noise after the last complete epoch.

    Examples
    --------
    >>> TrainState(np.zeros(3), None, np.zeros(3), 0, (), {}).epoch
    0
    """

    theta: np.ndarray
    moments: object
    best_theta: np.ndarray
    best_epoch: int
    history: tuple
    generator: dict

    @property
    def epoch(self):
        """int : number of complete epochs."""
        return len(self.history)


def make_course(layout, task, config, rng, stage=(1, 1)):
    """Draw what is fixed for the whole training: a fixed set of trials and the validation trials, if wanted.

    Parameters
    ----------
    layout : Parameters
        The initial network and what of it is trained.
    task : Task
        Draws the trials.
    config : TrainConfig
        How to train.
    rng : numpy.random.Generator
        Source of the draws.
    stage : (int, int)
        Which stage this is, out of how many.

    Returns
    -------
    Course

    Raises
    ------
    InputError
        A fixed set too small for the split, or for a batch.

    Examples
    --------
    >>> from rnn.networks import LowRankRNN
    >>> from rnn.parameters import parameters
    >>> from tasks import get_task
    >>> task, config = get_task("rdm"), TrainConfig(fixed_trials=50)
    >>> layout = parameters(LowRankRNN.random(8, 1, task, rng=0), config.train)
    >>> make_course(layout, task, config, np.random.default_rng(0)).task.fixed.size
    50
    """
    held_out, fixed, judge = config.validation or 0, config.fixed_trials, task
    trials = None
    if isinstance(task, FixedTrials):
        judge = task.origin
        fixed = task.fixed.size - held_out if fixed is None else fixed
        if fixed < config.batch_size or fixed + held_out > task.fixed.size:
            raise InputError(
                f"task: its {task.fixed.size} fixed trials cannot give {held_out} validation trials and at "
                f"least one batch of {config.batch_size}; use fewer or smaller"
            )
        trials = task.fixed if not held_out else task.fixed.select(rng.permutation(task.fixed.size))
    elif fixed is not None or held_out:
        trials = _drawn(task, (fixed or 0) + held_out, rng)
    validation = trials.select(slice(0, held_out)) if held_out else None
    if fixed is not None and not (isinstance(task, FixedTrials) and fixed == task.fixed.size):
        task = FixedTrials.of(trials.select(slice(held_out, held_out + fixed)), judge)
    seed = int(rng.integers(2**63)) if held_out else 0
    return Course(layout, config, task, validation, seed, *stage)


def run_epoch(course, rng, state, started, between=None):
    """Run one epoch.

    Parameters
    ----------
    course : Course
        What stays the same.
    rng : numpy.random.Generator
        Source of trials and noise, in the state that ``state.generator`` describes.
    state : TrainState
        Where to start.
    started : float
        When training started, by `time.perf_counter`.
    between : callable, optional
        Called after each batch; what it raises ends the epoch.

    Returns
    -------
    state : TrainState
    message : str or None
        A sentence if the loss or the gradient was not finite; then the state is the last finite one.

    Examples
    --------
    >>> from rnn.networks import LowRankRNN
    >>> from rnn.parameters import initial_theta, parameters
    >>> from tasks import get_task
    >>> task, config, rng = get_task("rdm"), TrainConfig(), np.random.default_rng(0)
    >>> layout = parameters(LowRankRNN.random(8, 1, task, rng=0), config.train)
    >>> course, theta = make_course(layout, task, config, rng), initial_theta(layout)
    >>> state = TrainState(theta, config.optimizer.start(theta), theta, 0, (), {})
    >>> run_epoch(course, rng, state, 0.0)[0].epoch
    1
    """
    layout, config = course.layout, course.config
    trials = _drawn(course.task, config.batches_per_epoch * config.batch_size, rng)
    check_match(layout.net, trials)
    seeds = rng.integers(2**63, size=config.batches_per_epoch)
    batches = pack(trials, config.batch_size, layout.base.dtype)
    rate = config.schedule.rate(config.learning_rate, state.epoch, config.epochs)
    run = run_batches(layout, config, batches, seeds, state.theta, state.moments, rate, trials.plant, between)
    if run.done < len(seeds) or not np.isfinite(run.theta).all():
        index = min(run.done, len(seeds) - 1)
        message = _diverged(state, config, rate, index, run.losses[-1], run.norms[-1], trials.plant)
        return replace(state, theta=run.good), message
    record = EpochRecord(
        state.epoch + 1, config.epochs, float(np.mean(run.losses)),
        _accuracy(course.task, run.outputs, trials), float(np.mean(run.norms)),
        time.perf_counter() - started, *_validated(course, run.theta), course.stage, course.stages,
    )  # fmt: skip
    best = state.best_theta, state.best_epoch
    if all(record.judged_loss < earlier.judged_loss for earlier in state.history):
        best = run.theta, record.epoch
    return TrainState(run.theta, run.moments, *best, (*state.history, record), rng.bit_generator.state), None


def _drawn(task, n, rng):
    """Trials of a task, as many as were asked for: what is compiled counts on it."""
    trials = task.trials(n, rng)
    if isinstance(trials, Trials) and trials.size != n:
        raise InputError(f"task: trials({n}, rng) of {task.name!r} drew {trials.size} trials, not {n}")
    return trials


def _validated(course, theta):
    """Loss and accuracy on the validation trials, with the same noise every time."""
    if course.validation is None:
        return math.nan, math.nan
    net = network(course.layout, theta)
    outputs = simulate(net, course.validation, rng=course.validation_seed, states=False).outputs
    if not np.isfinite(outputs).all():
        return math.inf, math.nan
    return loss_of(outputs, course.validation), _accuracy(course.task, outputs, course.validation)


def _accuracy(task, outputs, trials):
    try:
        return task.accuracy(outputs, trials)
    except InputError:  # targets without a sign: nothing to judge
        return math.nan


def _diverged(state, config, rate, index, loss, norm, plant):
    advice = f"try a learning rate below {rate / 3:.2g}"
    if config.clip is None:
        advice += ", or clip=1 to limit the norm of the gradient"
    if state.epoch == index == 0 and not math.isfinite(loss + norm):  # before the first step of the optimiser
        advice = (
            "that is the network that training starts from, not yet a step of it; use smaller weights, a "
            "bounded phi or smaller targets"
        )
        advice += "" if plant is None else ", or a plant with more damping"
    return (
        f"Epoch {state.epoch + 1}, batch {index + 1}: the loss is {loss:g} and the norm of the gradient "
        f"{norm:g}; {advice}."
    )
