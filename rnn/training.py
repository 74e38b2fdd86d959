"""Train a network on a task by gradient descent through time.

An epoch is a number of batches of fresh trials. Each batch takes three compiled steps: loss and gradient
(`rnn.gradient`), clipping, and one step of the optimiser (`rnn.optimizers`). Training runs in float32 on a
flat vector theta (`rnn.parameters`); the returned networks are float64. It ends early when its goal is
reached, when the loss or the gradient stops being finite, or on Ctrl-C, and always returns what it has. With
a checkpoint it goes on later from where it was, to the same bytes as if it had never stopped.
"""

import math
import time
import warnings
from os import PathLike

from rnn.checkpoints import Checkpoint, CheckpointKeeper, check_resume, load_checkpoint
from rnn.epochs import TrainState, make_course, run_epoch
from rnn.interrupts import interrupts_held
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.parameters import initial_theta, network, parameters
from rnn.plain_values import plain
from rnn.training_records import EpochRecord, TrainConfig, TrainResult
from tasks.base import Task
from tasks.checks import check_rng
from tasks.errors import InputError, Status

__all__ = ["EpochRecord", "TrainConfig", "TrainResult", "train"]


def train(
    net, task, config=None, rng=None, progress=None, checkpoint=None, resume=None, stage=(1, 1), earlier=None
):
    """Train a network on a task.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        Where to start; its noise_std is used in training. To resume, the same network or None.
    task : Task
        Draws the trials.
    config : TrainConfig, optional
        How to train; the defaults if left out. `rnn.recipes.recipe` knows what works for each task.
    rng : numpy.random.Generator or int
        Source of trials and noise. Same seed, same result, whatever the number of threads. A resumed training
        takes the checkpoint's generator instead, and sets a generator given here to its state.
    progress : callable, optional
        Called with an `EpochRecord` after each epoch.
    checkpoint : str or path-like, optional
        File to keep the state of training in, replaced whole every few seconds, at the end, on Ctrl-C and on
        SIGTERM. A full disk does not stop training: the message of the result says so.
    resume : str, path-like or Checkpoint, optional
        Go on from this checkpoint, to the same bytes as without the interruption; ``config`` left out is then
        the checkpoint's.
    stage : (int, int)
        Which stage this is, out of how many, for the records; see `rnn.curriculum.train_stages`.
    earlier : TrainResult, optional
        What the stages before this one gave: its records, initial network and source are handed on.

    Returns
    -------
    TrainResult

    Raises
    ------
    InputError
        A task and a network that do not fit, or a part to train that the network does not have; a checkpoint
        of another task, network or optimiser.
    FileError
        A checkpoint that cannot be read, or a place where none can be written.

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
    saved = load_checkpoint(resume) if isinstance(resume, (str, PathLike)) else resume
    if saved is not None and not isinstance(saved, Checkpoint):
        raise InputError(f"resume: expected a path or a Checkpoint, got {type(saved).__name__}")
    check_training(net, task, config, saved)
    if earlier is None:
        warn_of_long_steps(task)
    return train_checked(net, task, config, rng, progress, checkpoint, saved, stage, earlier)


def train_checked(
    net, task, config, rng, progress=None, checkpoint=None, saved=None, stage=(1, 1), earlier=None
):
    """What `train` does after its checks, for those who have made them.

    Parameters
    ----------
    net, task, config, rng, progress, checkpoint, stage, earlier
        As in `train`.
    saved : Checkpoint, optional
        What is resumed.

    Returns
    -------
    TrainResult

    Examples
    --------
    >>> from tasks import get_task
    >>> task = get_task("rdm")
    >>> quick = TrainConfig(epochs=1, batches_per_epoch=2)
    >>> train_checked(LowRankRNN.random(8, 1, task, rng=0), task, quick, 1).best_epoch
    1
    """
    clock = time.perf_counter()
    if saved is None:
        config, rng = TrainConfig() if config is None else config, check_rng(rng)
        first, records = (None, ()) if earlier is None else (earlier.initial, earlier.history)
        source = origin(net, task, rng) if earlier is None else earlier.source
        source = {**source, "task": task.name, "parameters": task.parameters}
        beginning = rng.bit_generator.state
    else:
        config = saved.config if config is None else config
        check_resume(saved, net, task, config)
        net, stage, records, first = saved.net, saved.stage, saved.earlier, saved.first
        rng, beginning, source = saved.generator(rng), saved.beginning, dict(saved.source)
        clock -= saved.state.history[-1].seconds if saved.state.history else 0.0
    layout = parameters(net, config.train)
    course = make_course(layout, task, config, rng, stage)
    if saved is None:
        theta = initial_theta(layout)
        state = TrainState(theta, config.optimizer.start(theta), theta, 0, (), rng.bit_generator.state)
    else:
        state, rng.bit_generator.state = saved.state, saved.state.generator
    task_record = {"name": task.name, "parameters": plain(task.parameters)}
    keeper = CheckpointKeeper(
        checkpoint,
        Checkpoint(net, config, task_record, state, beginning, plain(source), stage, records, first),
    )
    with interrupts_held(sigterm=checkpoint is not None) as raise_if_asked:
        state, status, message = _run(course, rng, state, progress, keeper, clock, raise_if_asked)
    net, message, epoch = _outcome(course, state, status, message)
    return TrainResult(
        net, layout.net if first is None else first, (*records, *state.history), status,
        message + keeper.message, epoch, time.perf_counter() - clock, config, source,
    )  # fmt: skip


def check_training(net, task, config, saved=None):
    """Refuse what is no task, no network or no settings.

    Parameters
    ----------
    net, task, config
        As in `train`.
    saved : Checkpoint, optional
        What is resumed; the network may then be left out.

    Raises
    ------
    InputError
        The sentence.

    Examples
    --------
    >>> check_training(None, "rdm", None)
    Traceback (most recent call last):
    tasks.errors.InputError: task: expected a Task such as get_task('rdm'), got str
    """
    if not isinstance(task, Task):
        raise InputError(f"task: expected a Task such as get_task('rdm'), got {type(task).__name__}")
    if not isinstance(net, (LowRankRNN, FullRankRNN)) and not (net is None and saved is not None):
        raise InputError(f"net: expected a LowRankRNN or FullRankRNN, got {type(net).__name__}")
    if not isinstance(config, TrainConfig) and config is not None:
        raise InputError(f"config: expected a TrainConfig, got {type(config).__name__}")


def warn_of_long_steps(task):
    """Warn the caller's caller about a step longer than tau.

    Parameters
    ----------
    task : Task
        The task.

    Examples
    --------
    >>> from tasks import get_task
    >>> warn_of_long_steps(get_task("rdm"))
    """
    if task.dt > task.tau:
        warnings.warn(
            f"dt: {task.dt:g} ms is longer than tau = {task.tau:g} ms: x overshoots at every step; "
            "use a smaller dt",
            stacklevel=3,
        )


def _run(course, rng, state, progress, keeper, clock, raise_if_asked):
    """Run epochs until there is a reason to end; returns the state, the status and the reason."""
    config = course.config
    try:
        message = _goal_reached(state.history[-1], config) if state.history else None
        while message is None and state.epoch < config.epochs:
            after, message = run_epoch(course, rng, state, clock, raise_if_asked)
            if message is not None:
                if state.epoch:  # from there a resumed training goes on, with other settings perhaps
                    keeper.keep(state, now=True)
                return after, Status.DIVERGED, message
            state = after
            keeper.keep(state)
            if progress is not None:
                progress(state.history[-1])
            message = _goal_reached(state.history[-1], config)
        keeper.keep(state, now=True)
        raise_if_asked()  # a Ctrl-C after the last batch
        return state, Status.COMPLETED if message is None else Status.STOPPED_EARLY, message
    except KeyboardInterrupt:
        keeper.keep(state, now=True)
        at = f"in epoch {state.epoch + 1}" if state.epoch < config.epochs else f"after epoch {state.epoch}"
        message = f"Interrupted {at} of {config.epochs}."
        return state, Status.INTERRUPTED, message


def _goal_reached(record, config):
    loss, accuracy = record.judged_loss, record.judged_accuracy
    if config.stop_loss is not None and loss <= config.stop_loss:
        return f"Epoch {record.epoch}: mean loss {loss:.4g} reached the goal {config.stop_loss:g}."
    if config.stop_accuracy is not None and accuracy >= config.stop_accuracy:
        return f"Epoch {record.epoch}: accuracy {accuracy:.3f} reached the goal {config.stop_accuracy:g}."
    return None


def _outcome(course, state, status, message):
    """The network to return, what to say about it, and its epoch."""
    config, layout = course.config, course.layout
    use_best = config.keep_best and state.best_epoch > 0
    theta, epoch = (state.best_theta, state.best_epoch) if use_best else (state.theta, state.epoch)
    if message is None:
        message = _all_ran(state.epoch, config.epochs)
    if status is Status.DIVERGED and not use_best:
        message += " The network has the last finite weights."
    elif state.history:
        shown = state.history[epoch - 1] if epoch else state.history[-1]
        message += f" The network has the weights after epoch {epoch}: mean loss {shown.loss:.4g}"
        message += "." if math.isnan(shown.accuracy) else f", accuracy {shown.accuracy:.3f}."
        if not math.isnan(shown.validation_loss):
            message += f" Validation: loss {shown.validation_loss:.4g}"
            rate = shown.validation_accuracy
            message += "." if math.isnan(rate) else f", accuracy {rate:.3f}."
    else:
        message += " No epoch was completed; the network is the one that training started from."
    if course.stages > 1:
        message = f"Stage {course.stage} of {course.stages}. {message}"
    return network(layout, theta), message, epoch


def _all_ran(done, wanted):
    if done > wanted:
        return f"{done} epochs had run already, more than {wanted}."
    return "The only epoch ran." if done == 1 else f"All {done} epochs ran."


def origin(net, task, rng):
    """Plain values that say where a training comes from: task, initial network, and seed.

    Parameters
    ----------
    net, task
        As in `train`.
    rng : numpy.random.Generator
        Source of trials and noise.

    Returns
    -------
    dict

    Examples
    --------
    >>> from tasks import get_task
    >>> net, rng = LowRankRNN(*[[[1.0]]] * 4), check_rng(3)
    >>> origin(net, get_task("rdm"), rng)["seed"]
    {'generator': 'PCG64', 'entropy': 3, 'spawn_key': []}
    """
    seeds = getattr(rng.bit_generator, "seed_seq", None)
    seed = {
        "generator": type(rng.bit_generator).__name__,
        "entropy": getattr(seeds, "entropy", None),
        "spawn_key": list(getattr(seeds, "spawn_key", ())),
    }
    return {"task": task.name, "parameters": task.parameters, "seed": seed, "network": net.hash}
