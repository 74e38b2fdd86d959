"""Training in stages: an easier task first, other settings later, a low-rank network out of a full-rank one.

A stage is a `TrainConfig` with some parameters of the task changed (a curriculum over a delay, say). When a
full-rank network comes to a low-rank stage, the leading singular vectors of its J are where that stage starts
(`rnn.approximation.truncate`). One generator and one checkpoint serve all stages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from rnn.approximation import truncate
from rnn.checkpoints import Checkpoint, load_checkpoint
from rnn.networks import FullRankRNN
from rnn.training import train
from rnn.training_records import TrainConfig
from tasks.base import Task
from tasks.checks import check_rng, choose
from tasks.errors import InputError, Status


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a training.

    Parameters
    ----------
    config : TrainConfig
        How to train.
    parameters : mapping of str to object
        Parameters of the task that have other values in this stage.
    full_rank : bool, default False
        Whether this stage trains a full-rank network; it can only come before the low-rank ones.

    Examples
    --------
    >>> Stage(TrainConfig(epochs=5), {"delay_max": 700.0}).parameters["delay_max"]
    700.0
    """

    config: TrainConfig
    parameters: Mapping = field(default_factory=dict)
    full_rank: bool = False

    def __post_init__(self):
        if not isinstance(self.config, TrainConfig):
            raise InputError(f"config: expected a TrainConfig, got {type(self.config).__name__}")
        if not isinstance(self.parameters, Mapping):
            raise InputError(
                f"parameters: expected a mapping such as {{'delay_max': 700.0}}, got {self.parameters!r}"
            )
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


def train_stages(net, task, stages, rng, rank=None, progress=None, checkpoint=None, resume=None):
    """Train a network in stages.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        Where to start; None to resume.
    task : Task
        Draws the trials, with the stage's parameters.
    stages : sequence of Stage
        The stages.
    rng : numpy.random.Generator or int
        Source of everything random.
    rank : int, optional
        Rank of the low-rank network made of a full-rank one.
    progress, checkpoint, resume
        As in `rnn.train`; a checkpoint knows its stage.

    Returns
    -------
    TrainResult
        Of the last stage that ran, with the records of all; ``initial`` is where the first stage started (of
        a full-rank start, J_0). A stage that diverges or is interrupted is the last.

    Raises
    ------
    InputError
        No stages, a full-rank stage with a low-rank network, a checkpoint of another number of stages.

    Examples
    --------
    >>> from rnn.networks import LowRankRNN
    >>> from tasks import get_task
    >>> task, config = get_task("dms"), TrainConfig(epochs=1, batches_per_epoch=2, batch_size=4)
    >>> stages = [Stage(config, {"delay_max": 700.0}), Stage(config, {"delay_max": 1000.0})]
    >>> result = train_stages(LowRankRNN.random(8, 2, task, rng=0), task, stages, rng=1)
    >>> [(record.stage, record.epoch) for record in result.history]
    [(1, 1), (2, 1)]
    """
    stages = _check(task, stages)
    tasks = [_with_parameters(task, stage.parameters) for stage in stages]
    first, result = 0, None
    if resume is not None:
        saved = resume if isinstance(resume, Checkpoint) else load_checkpoint(resume)
        if saved.stage[1] != len(stages):
            raise InputError(
                f"resume: this checkpoint belongs to a training in {saved.stage[1]} stages, not {len(stages)}"
            )
        first, rng = saved.stage[0] - 1, saved.generator(rng)
        result = train(
            None, tasks[first], stages[first].config, rng, progress, checkpoint=checkpoint, resume=saved
        )
        net, first = result.net, first + 1
    rng = check_rng(rng)
    for number, stage in enumerate(stages[first:], start=first + 1):
        if result is not None and not result.status.ok:
            break
        try:
            result = train(
                _fitting(net, stage, number, rank), tasks[number - 1], stage.config, rng, progress,
                checkpoint=checkpoint, stage=(number, len(stages)), earlier=result,
            )  # fmt: skip
        except KeyboardInterrupt:  # between two stages, where `train` does not hold it
            if result is None:
                raise
            message = f"Interrupted before stage {number} of {len(stages)} began. {result.message}"
            return replace(result, status=Status.INTERRUPTED, message=message)
        net = result.net
    return result


def _fitting(net, stage, number, rank):
    """The network that a stage starts with: one of low rank for a low-rank stage."""
    if isinstance(net, FullRankRNN) and not stage.full_rank:
        if rank is None:
            raise InputError("rank: give the rank of the low-rank network to make of the full-rank one")
        return truncate(net, rank)
    if stage.full_rank and not isinstance(net, FullRankRNN):
        raise InputError(f"net: stage {number} trains a full-rank network, got {net!r}")
    return net


def _check(task, stages):
    if not isinstance(task, Task):
        raise InputError(f"task: expected a Task such as get_task('rdm'), got {type(task).__name__}")
    stages = tuple(stages)
    if not stages or not all(isinstance(stage, Stage) for stage in stages):
        raise InputError("stages: expected one Stage or more")
    return stages


def _with_parameters(task, parameters):
    for name in parameters:
        choose(f"parameter of task {task.name!r}", name, tuple(task.parameters))
    return replace(task, **parameters)
