"""What goes into training and what comes out of it: settings, one record an epoch, the result."""

import math
from dataclasses import dataclass, field

import numpy as np

from rnn.networks import FullRankRNN, LowRankRNN
from rnn.optimizers import SGD, Adam
from rnn.parameters import check_trained
from rnn.schedules import SCHEDULES, ConstantRate, CosineRate, ExponentialRate, StepRate
from tasks.checks import check_count, check_number
from tasks.errors import InputError, Status
from tasks.results import html_table


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Parameters
    ----------
    epochs : int, default 20
        Largest number of epochs.
    batches_per_epoch, batch_size : int
        Batches in an epoch, trials in a batch.
    learning_rate : float, default 5e-3
        Step size, of the first epoch if there is a schedule.
    clip : float, optional
        Largest norm of the gradient; longer ones are scaled down to it.
    stop_loss, stop_accuracy : float, optional
        End when an epoch's mean loss is at most, or its accuracy at least this; on the validation trials, if
        there are any.
    train : tuple of str
        What is trained: "m", "n" (of a full-rank network "J"), "I", "w", or one gain a channel, "I_gain",
        "w_gain".
    optimizer : Adam or SGD
        The optimiser's settings.
    keep_best : bool, default True
        Return the weights after the epoch of lowest mean loss (on the validation trials, if there are any)
        instead of the last ones.
    threads : int, optional
        Number of threads, which does not change the result; left out, small batches use one.
    schedule : ConstantRate, StepRate, ExponentialRate or CosineRate
        How the learning rate changes from epoch to epoch.
    l2_weights : float, default 0
        Coefficient c of a penalty (c / 2) |theta|^2 on everything trained, gains included; it acts through
        the gradient and is not part of the losses that are reported.
    l2_rates : float, default 0
        Coefficient c of a penalty (c / 2) mean(phi^2) over trials, steps and units, which acts through the
        gradient too; a low-rank network's steps take about twice as long with it.
    fixed_trials : int, optional
        Train on one fixed set of so many trials instead of fresh ones.
    validation : int, optional
        Number of validation trials: drawn once, or split off where the task itself is a fixed set.

    Raises
    ------
    InputError
        Numbers out of range or unknown names.

    Examples
    --------
    >>> TrainConfig(learning_rate=0.0)
    Traceback (most recent call last):
    tasks.errors.InputError: learning_rate: must be > 0.0, got 0.0
    """

    epochs: int = 20
    batches_per_epoch: int = 25
    batch_size: int = 32
    learning_rate: float = 5e-3
    clip: float | None = None
    stop_loss: float | None = None
    stop_accuracy: float | None = None
    train: tuple = ("m", "n", "I_gain", "w_gain")
    optimizer: Adam | SGD = field(default_factory=Adam)
    keep_best: bool = True
    threads: int | None = None
    schedule: ConstantRate | StepRate | ExponentialRate | CosineRate = field(default_factory=ConstantRate)
    l2_weights: float = 0.0
    l2_rates: float = 0.0
    fixed_trials: int | None = None
    validation: int | None = None

    def __post_init__(self):
        for name in ("epochs", "batches_per_epoch", "batch_size"):
            check_count(name, getattr(self, name))
        check_number("learning_rate", self.learning_rate, above=0.0)
        for name, bound in (("clip", {"above": 0.0}), ("stop_loss", {"minimum": 0.0})):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), **bound)
        if self.stop_accuracy is not None:
            check_number("stop_accuracy", self.stop_accuracy, minimum=0.0, maximum=1.0)
        check_number("l2_weights", self.l2_weights, minimum=0.0)
        check_number("l2_rates", self.l2_rates, minimum=0.0)
        for name in ("threads", "fixed_trials", "validation"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        if self.fixed_trials is not None and self.batch_size > self.fixed_trials:
            raise InputError(
                f"batch_size: {self.batch_size} is more than the {self.fixed_trials} fixed_trials; "
                "use smaller batches or a larger set"
            )
        if not isinstance(self.keep_best, (bool, np.bool_)):
            raise InputError(f"keep_best: expected True or False, got {self.keep_best!r}")
        check_trained(self.train)
        object.__setattr__(self, "train", tuple(self.train))
        if not isinstance(self.optimizer, (Adam, SGD)):
            raise InputError(f"optimizer: expected Adam(...) or SGD(...), got {self.optimizer!r}")
        if not isinstance(self.schedule, SCHEDULES):
            known = ", ".join(schedule.__name__ for schedule in SCHEDULES)
            raise InputError(f"schedule: expected one of {known}, got {self.schedule!r}")


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, as a progress callback sees it.

    Parameters
    ----------
    epoch, epochs : int
        Number of this epoch, from 1, and the largest number there can be.
    loss, accuracy : float
        Means over the epoch's trials, each taken before the step it led to; accuracy is NaN for trials whose
        targets have no sign.
    gradient_norm : float
        Mean norm of the gradient before clipping.
    seconds : float
        Since the start of training.
    validation_loss, validation_accuracy : float
        On the validation trials after the epoch; NaN without any.
    stage, stages : int
        Of a training in several stages (`rnn.curriculum`): which one, from 1, and how many there are.

    Examples
    --------
    >>> EpochRecord(1, 20, 0.5, 0.75, 0.1, 0.02).judged_loss
    0.5
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    gradient_norm: float
    seconds: float
    validation_loss: float = math.nan
    validation_accuracy: float = math.nan
    stage: int = 1
    stages: int = 1

    @property
    def judged_loss(self):
        """float : what goals and the best epoch go by: on the validation trials, if there are any."""
        return self.loss if math.isnan(self.validation_loss) else self.validation_loss

    @property
    def judged_accuracy(self):
        """float : the accuracy that goals go by."""
        return self.accuracy if math.isnan(self.validation_loss) else self.validation_accuracy


@dataclass(frozen=True, eq=False, repr=False)
class TrainResult:
    """A trained network and how it came about.

    Parameters
    ----------
    net : LowRankRNN or FullRankRNN
        The trained network: of the best epoch, or the last finite one.
    initial : LowRankRNN or FullRankRNN
        The network that training started from; of a full-rank one it holds J_0.
    history : tuple of EpochRecord
        One record for each complete epoch, of all stages.
    status : Status
        How training ended.
    message : str
        The same with this run's figures.
    best_epoch : int
        Epoch (of the last stage) whose final weights ``net`` has; 0 when no epoch was completed. Where
        training diverged and the best epoch is not kept: the last complete one, and ``net`` is a little on.
    seconds : float
        How long it took; of a resumed training, with the time before.
    config : TrainConfig
        The settings.
    source : dict
        Plain values that say where it comes from: task and its parameters, seed, hash of the initial network.

    Examples
    --------
    >>> net, history = LowRankRNN(*np.ones((4, 8, 1))), (EpochRecord(1, 1, 0.5, 0.75, 0.1, 0.02),)
    >>> TrainResult(net, net, history, Status.COMPLETED, "One epoch.", 1, 0.02, TrainConfig(), {}).losses
    array([0.5])
    """

    net: LowRankRNN | FullRankRNN
    initial: LowRankRNN | FullRankRNN
    history: tuple
    status: Status
    message: str
    best_epoch: int
    seconds: float
    config: TrainConfig
    source: dict

    @property
    def losses(self):
        """ndarray (E,) : mean loss of each epoch."""
        return np.array([record.loss for record in self.history])

    @property
    def accuracies(self):
        """ndarray (E,) : accuracy of each epoch."""
        return np.array([record.accuracy for record in self.history])

    @property
    def gradient_norms(self):
        """ndarray (E,) : mean gradient norm of each epoch, before clipping."""
        return np.array([record.gradient_norm for record in self.history])

    def __repr__(self):
        return f"TrainResult({self.status.name}: {self.message})"

    def _repr_html_(self):
        rows = [(r.epoch, f"{r.loss:.4g}", f"{r.accuracy:.3f}") for r in self.history]
        return html_table(rows, ("epoch", "mean loss", "accuracy"), self.message)
