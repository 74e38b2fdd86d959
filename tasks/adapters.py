"""Tasks from elsewhere: fixed arrays (recorded data), and environments of the gymnasium kind.

Environments are recognised by what they have (`new_trial()`, `.ob`, `.gt`), so neither gymnasium nor
neurogym is imported.
"""

from dataclasses import dataclass, field

import numpy as np

from tasks.base import Task, Trials
from tasks.checks import as_array, check_count, check_number, check_rng, choose
from tasks.errors import InputError


@dataclass(frozen=True, eq=False)
class FixedTrials(Task):
    """A task that draws from one fixed set of trials, such as recorded data.

    Parameters
    ----------
    fixed : Trials
        The set. Fewer trials than the set are drawn without replacement, more with.
    origin : Task, optional
        The task that drew them, which then judges accuracy.

    Examples
    --------
    >>> from tasks import get_task
    >>> recorded = get_task("rdm").trials(100, rng=0)
    >>> FixedTrials.of(recorded).trials(8, rng=1).size
    8
    """

    fixed: Trials = field(default=None, repr=False)
    origin: Task = None

    def __post_init__(self):
        _check_trials(self.fixed)
        super().__post_init__()

    @classmethod
    def of(cls, trials, origin=None):
        """Make the task from its trials, with their dt and tau."""
        _check_trials(trials)
        return cls(trials.dt, trials.tau, trials, origin)

    @property
    def name(self):
        """str : name of the task that made the trials, or ``"fixed"``."""
        return self.fixed.task or "fixed"

    @property
    def input_names(self):
        """tuple of str : names of the input channels."""
        return self.fixed.input_names

    @property
    def output_names(self):
        """tuple of str : names of the output channels."""
        return self.fixed.output_names

    def trials(self, n, rng):
        """Draw ``n`` of the fixed trials; all of them, in order, when ``n`` is their number."""
        n, rng = check_count("n", n), check_rng(rng)
        if n == self.fixed.size:
            return self.fixed
        return self.fixed.select(rng.choice(self.fixed.size, size=n, replace=n > self.fixed.size))

    def accuracy(self, outputs, trials):
        """Judged by the task of origin, or by `tasks.accuracy`."""
        return (
            super().accuracy(outputs, trials)
            if self.origin is None
            else self.origin.accuracy(outputs, trials)
        )


@dataclass(frozen=True, eq=False)
class EnvironmentTask(Task):
    """A task made from an environment with ``new_trial()``, ``.ob`` (T, C) and ``.gt`` (T,) or (T, O).

    Parameters
    ----------
    environment : object
        ``new_trial()`` draws a trial; then ``ob`` holds its observations and ``gt`` the right answer at every
        step. Trials of different lengths are padded with zeros that do not count.
    outputs : {"one-hot", "value"}
        Whole-number answers become one channel per answer, or are taken as values.
    score : {"all", "decision"}
        Whether every step counts, or only those whose answer is not 0 (in neurogym 0 means: keep fixating).

    Notes
    -----
    An environment with a method ``seed`` is given a seed drawn from ``rng`` before each batch, so that the
    same ``rng`` gives the same trials; one without it decides for itself.

    Examples
    --------
    >>> class Environment:
    ...     dt = 20
    ...     def seed(self, seed):
    ...         self.rng = np.random.default_rng(seed)
    ...     def new_trial(self):
    ...         side = self.rng.integers(2)
    ...         self.ob = np.tile(np.eye(2)[side], (10, 1))
    ...         self.gt = np.where(np.arange(10) < 8, 0, 1 + side)
    >>> task = EnvironmentTask.of(Environment(), answers=3)
    >>> task.trials(4, rng=0).targets.shape
    (4, 10, 3)
    """

    environment: object = field(default=None, repr=False)
    outputs: str = "one-hot"
    score: str = "all"
    answers: int = None
    channels: tuple = ((), ())

    def __post_init__(self):
        if not all(self.channels):
            raise InputError("environment: use EnvironmentTask.of(environment), which finds its channels")
        super().__post_init__()

    @classmethod
    def of(cls, environment, tau=100.0, outputs="one-hot", score="all", answers=None):
        """Make the task after trying one trial.

        Parameters
        ----------
        environment : object
            See the class.
        tau : float, default 100
            Time constant, ms; the step is ``environment.dt`` (20 ms where it has none).
        outputs, score : str
            See the class.
        answers : int, optional
            Number of answers of a one-hot target; ``environment.action_space.n`` if it has one.

        Returns
        -------
        EnvironmentTask

        Raises
        ------
        InputError
            An environment without ``new_trial``, ``ob`` or ``gt``, or with arrays of other shapes.
        """
        choose("outputs", outputs, ("one-hot", "value"))
        choose("score", score, ("all", "decision"))
        if not callable(getattr(environment, "new_trial", None)):
            raise InputError(
                f"environment: {type(environment).__name__} has no method new_trial(), which draws a trial "
                "and leaves it in .ob (T, C) and .gt (T,); write one, or use FixedTrials for arrays"
            )
        if answers is None:
            answers = getattr(getattr(environment, "action_space", None), "n", None)
        if callable(getattr(environment, "seed", None)):
            environment.seed(0)
        ob, gt = _one_trial(environment)
        if outputs == "one-hot":
            if answers is None:
                raise InputError("answers: the environment has no action_space.n; give the number of answers")
            width = check_count("answers", answers)
        else:
            width = gt.shape[1]
        names = (
            tuple(f"ob {i + 1}" for i in range(ob.shape[1])),
            tuple(f"answer {i}" if outputs == "one-hot" else f"value {i + 1}" for i in range(width)),
        )
        dt = check_number("environment.dt", getattr(environment, "dt", 20.0), above=0.0)
        return cls(dt, tau, environment, outputs, score, answers, names)

    @property
    def name(self):
        """str : name of the environment's class."""
        return type(self.environment).__name__

    @property
    def input_names(self):
        """tuple of str : one name per observation channel."""
        return self.channels[0]

    @property
    def output_names(self):
        """tuple of str : one name per output channel."""
        return self.channels[1]

    def trials(self, n, rng):
        """Draw ``n`` trials; the condition ``"length"`` is the number of steps before padding."""
        n, rng = check_count("n", n), check_rng(rng)
        if callable(getattr(self.environment, "seed", None)):
            self.environment.seed(int(rng.integers(2**31)))
        drawn = [_one_trial(self.environment) for _ in range(n)]
        lengths = np.array([len(ob) for ob, _ in drawn])
        steps, S, O = lengths.max(), len(self.input_names), len(self.output_names)
        inputs, targets, mask = np.zeros((n, steps, S)), np.zeros((n, steps, O)), np.zeros((n, steps, O))
        for b, (ob, gt) in enumerate(drawn):
            inputs[b, : len(ob)] = as_array("environment.ob", ob, (None, S), "(T, C)")
            targets[b, : len(ob)] = self._target(gt)
            counts = np.ones(len(ob)) if self.score == "all" else (gt != 0).any(axis=1)
            mask[b, : len(ob)] = np.asarray(counts, dtype=float)[:, None]
        return self._bundle(inputs, targets, mask, {"length": lengths}, {"trial": np.array([0, steps])})

    def accuracy(self, outputs, trials):
        """Share of masked steps whose largest output is the answer (one-hot) or whose signs are right."""
        z = as_array("outputs", outputs, trials.targets.shape, "(B, T, O)")
        counts = trials.mask[:, :, 0] > 0
        if self.outputs == "one-hot":
            right = z.argmax(axis=2) == trials.targets.argmax(axis=2)
        else:
            right = (np.sign(z) == np.sign(trials.targets)).all(axis=2)
        return float(right[counts].mean())

    def _target(self, gt):
        if self.outputs == "value":
            return as_array("environment.gt", gt, (None, len(self.output_names)), "(T, O)")
        labels = gt[:, 0].astype(int)
        if gt.shape[1] != 1 or (labels != gt[:, 0]).any() or labels.min() < 0 or labels.max() >= self.answers:
            raise InputError(
                f"environment.gt: expected whole numbers (T,) from 0 to {self.answers - 1}; "
                "use outputs='value' for targets that are not labels"
            )
        return np.eye(self.answers)[labels]


def _check_trials(trials):
    if not isinstance(trials, Trials):
        raise InputError(f"trials: expected Trials, got {type(trials).__name__}; build them from your arrays")


def _one_trial(environment):
    environment.new_trial()
    for name in ("ob", "gt"):
        if getattr(environment, name, None) is None:
            raise InputError(
                f"environment: {type(environment).__name__} has no .{name} after new_trial(); it needs "
                "observations .ob (T, C) and answers .gt (T,)"
            )
    ob = as_array("environment.ob", environment.ob, (None, None), "(T, C)")
    gt = as_array("environment.gt", environment.gt)
    gt = gt[:, None] if gt.ndim == 1 else gt
    if not len(ob):
        raise InputError(
            f"environment.ob: a trial of {type(environment).__name__} has no step; draw longer ones"
        )
    if gt.ndim != 2 or len(gt) != len(ob):
        raise InputError(f"environment.gt: expected (T,) or (T, O) with T = {len(ob)}, got {gt.shape}")
    return ob, gt
