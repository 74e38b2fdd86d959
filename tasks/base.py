"""Trials and tasks: what a network is trained on.

A `Task` is a frozen dataclass of durations, amplitudes and noise levels with one method, `Task.trials`,
that draws a batch of `Trials`. A new task writes that method and nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from tasks.checks import as_array, check_number
from tasks.errors import InputError
from tasks.metrics import accuracy
from tasks.plant import LinearPlant
from tasks.results import html_table
from tasks.timing import whole_steps


@dataclass(frozen=True, eq=False, repr=False)
class Trials:
    """A batch of trials: inputs, targets, and where the targets count.

    Time step t of `inputs` drives the network from x_t to x_{t+1}; time step t of `targets` and `mask`
    belongs to the output that is read from x_{t+1}.

    Parameters
    ----------
    inputs : array_like (B, T, S)
        Input u of each trial, step and channel.
    targets : array_like (B, T, O)
        Desired output.
    mask : array_like (B, T, O)
        Weight of each target, 0 where anything is allowed.
    conditions : mapping of str to array_like (B,)
        What distinguishes the trials, such as ``{"coherence": ...}``.
    dt, tau : float
        Step and time constant, ms.
    epochs : mapping of str to array_like (B, 2) or (2,)
        Named stretches of the trial: first step and the step after the last.
    input_names, output_names : sequence of str
        Names of the channels.
    task : str
        Name of the task that made them.
    plant : LinearPlant, optional
        What the network's output moves. Then targets are compared with the plant's state, not with z.

    Raises
    ------
    InputError
        Shapes that disagree, non-finite entries, an empty mask.

    Examples
    --------
    >>> trials = Trials(np.zeros((4, 10, 1)), np.ones((4, 10, 1)), np.ones((4, 10, 1)))
    >>> trials.size, trials.steps, trials.alpha
    (4, 10, 0.2)
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    conditions: Mapping = field(default_factory=dict)
    dt: float = 20.0
    tau: float = 100.0
    epochs: Mapping = field(default_factory=dict)
    input_names: tuple = ()
    output_names: tuple = ()
    task: str = ""
    plant: LinearPlant = None

    def __post_init__(self):
        inputs = as_array("inputs", self.inputs, (None, None, None), "(B, T, S)")
        batch, steps, _ = inputs.shape
        targets = as_array("targets", self.targets, (batch, steps, None), "(B, T, O)")
        mask = as_array("mask", self.mask, targets.shape, "(B, T, O)")
        if 0 in inputs.shape[:2] or targets.shape[2] == 0:
            raise InputError(f"inputs: no trial or no step: shape {inputs.shape}, targets {targets.shape}")
        if mask.min() < 0:
            raise InputError(f"mask: a weight must be >= 0, got {mask.min():g}; 0 leaves a target out")
        if not mask.any():
            raise InputError(
                "mask: every entry is 0, so no target counts; set it to 1 where the output matters"
            )
        check_number("dt", self.dt, above=0.0)
        check_number("tau", self.tau, above=0.0)
        if self.plant is not None:
            _check_plant(self.plant, inputs.shape[2], targets.shape[2])
        conditions = {}
        for name, values in self.conditions.items():
            conditions[name] = np.array(values)
            conditions[name].setflags(write=False)
            if conditions[name].shape[:1] != (batch,):
                raise InputError(
                    f"conditions[{name!r}]: expected one value per trial ({batch}), got {np.shape(values)}"
                )
        epochs = {name: _epoch(name, value, batch, steps) for name, value in self.epochs.items()}
        for name, value in {
            "inputs": inputs,
            "targets": targets,
            "mask": mask,
            "conditions": MappingProxyType(conditions),
            "epochs": MappingProxyType(epochs),
            "input_names": _channel_names("input_names", self.input_names, inputs.shape[2], "u"),
            "output_names": _channel_names("output_names", self.output_names, targets.shape[2], "z"),
        }.items():
            object.__setattr__(self, name, value)

    @property
    def size(self):
        """int : number of trials B."""
        return self.inputs.shape[0]

    @property
    def steps(self):
        """int : number of time steps T."""
        return self.inputs.shape[1]

    @property
    def alpha(self):
        """float : dt / tau, the Euler step in units of the time constant."""
        return self.dt / self.tau

    @property
    def time(self):
        """ndarray (T,) : time after each step, ms."""
        return self.dt * np.arange(1, self.steps + 1)

    def select(self, index):
        """Return the trials with these indices (an index array, slice or boolean mask).

        Examples
        --------
        >>> trials = Trials(np.zeros((4, 10, 1)), np.ones((4, 10, 1)), np.ones((4, 10, 1)))
        >>> trials.select([0, 2]).size
        2
        """
        return Trials(
            self.inputs[index],
            self.targets[index],
            self.mask[index],
            {name: values[index] for name, values in self.conditions.items()},
            self.dt,
            self.tau,
            {name: value[index] for name, value in self.epochs.items()},
            self.input_names,
            self.output_names,
            self.task,
            self.plant,
        )

    def __len__(self):
        return self.size

    def __repr__(self):
        return (
            f"Trials(task={self.task!r}, {self.size} trials of {self.steps} steps of {self.dt:g} ms, "
            f"inputs {self.input_names}, outputs {self.output_names})"
        )

    def _repr_html_(self):
        rows = [("task", self.task), ("trials", self.size), ("steps", f"{self.steps} of {self.dt:g} ms")]
        rows += [("inputs", ", ".join(self.input_names)), ("outputs", ", ".join(self.output_names))]
        rows += [
            ("epoch " + name, f"{self.dt * v[0, 0]:g} to {self.dt * v[0, 1]:g} ms (first trial)")
            for name, v in self.epochs.items()
        ]
        return html_table(rows, named=True)


@dataclass(frozen=True)
class Task(ABC):
    """A cognitive task: its durations, amplitudes and noise, and a way to draw trials.

    Parameters
    ----------
    dt : float, default 20
        Length of a time step, ms.
    tau : float, default 100
        Time constant of the units, ms.

    Notes
    -----
    To add a task: subclass as a frozen dataclass, give the class variables `name`, `input_names`,
    `output_names` (and `presets`, a mapping from a preset's name to the parameters it changes), write
    `trials`, and add the class to `tasks.registry`. A duration becomes ``floor(duration / dt)`` steps,
    epoch by epoch.

    Examples
    --------
    >>> from tasks import get_task
    >>> get_task("rdm").trials(8, rng=0).inputs.shape
    (8, 51, 1)
    """

    name: ClassVar[str] = ""
    input_names: ClassVar[tuple] = ()
    output_names: ClassVar[tuple] = ()
    presets: ClassVar[Mapping] = MappingProxyType({})

    dt: float = 20.0
    tau: float = 100.0

    def __post_init__(self):
        check_number("dt", self.dt, above=0.0)
        check_number("tau", self.tau, above=0.0)
        if self.dt >= 2 * self.tau:
            raise InputError(
                f"dt: {self.dt:g} ms is not below 2 tau = {2 * self.tau:g} ms, where the Euler scheme is "
                "unstable; use a smaller dt"
            )

    @abstractmethod
    def trials(self, n, rng):
        """Draw ``n`` trials.

        Parameters
        ----------
        n : int
            Number of trials B.
        rng : numpy.random.Generator or int
            Source of every random number.

        Returns
        -------
        Trials
        """

    def accuracy(self, outputs, trials):
        """How often the outputs (B, T, O) are right, between 0 and 1; by default `tasks.accuracy`.

        Examples
        --------
        >>> from tasks import get_task
        >>> task = get_task("flipflop")
        >>> trials = task.trials(3, rng=0)
        >>> task.accuracy(trials.targets, trials)
        1.0
        """
        return accuracy(outputs, trials)

    @property
    def alpha(self):
        """float : dt / tau, the Euler step in units of the time constant."""
        return self.dt / self.tau

    def steps(self, duration):
        """Whole steps in a duration given in ms (floor, forgiving rounding error).

        Examples
        --------
        >>> from tasks import get_task
        >>> get_task("rdm").steps(50.0)
        2
        """
        return int(whole_steps(duration, self.dt))

    @property
    def parameters(self):
        """dict : every parameter by name, as plain values."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    def _check_durations(self, *names):
        """Refuse negative durations, and a last epoch (the response) shorter than a step."""
        for name in names:
            check_number(name, getattr(self, name), minimum=0.0)
        last = getattr(self, names[-1])
        if self.steps(last) < 1:
            raise InputError(
                f"{names[-1]}: {last:g} ms is less than one step of {self.dt:g} ms; no target is left"
            )

    def _bundle(self, inputs, targets, mask, conditions, epochs, output_names=None, plant=None):
        """Trials of this task, with its names and times."""
        return Trials(
            inputs, targets, mask, conditions, self.dt, self.tau, epochs,
            self.input_names, output_names or self.output_names, self.name, plant,
        )  # fmt: skip


def _epoch(name, value, batch, steps):
    bounds = np.asarray(value)
    if bounds.dtype.kind not in "iu" or bounds.shape not in ((2,), (batch, 2)):
        raise InputError(
            f"epochs[{name!r}]: expected whole steps of shape (2,) or ({batch}, 2), got {bounds.shape}"
        )
    bounds = np.broadcast_to(bounds.copy(), (batch, 2))  # a view that cannot be written
    if (bounds < 0).any() or (bounds > steps).any() or (bounds[:, 0] > bounds[:, 1]).any():
        raise InputError(f"epochs[{name!r}]: steps must satisfy 0 <= first <= after last <= {steps}")
    return bounds


def _check_plant(plant, inputs, targets):
    if not isinstance(plant, LinearPlant):
        raise InputError(f"plant: expected a LinearPlant, got {type(plant).__name__}")
    if len(plant.C) != inputs or len(plant.E) != targets:
        raise InputError(
            f"plant: it senses {len(plant.C)} channels and is scored on {len(plant.E)}, "
            f"but the trials have {inputs} input and {targets} target channels"
        )


def _channel_names(which, names, count, letter):
    names = tuple(names) or tuple(f"{letter}{i + 1}" for i in range(count))
    if len(names) != count:
        raise InputError(f"{which}: expected {count} names, one per channel, got {len(names)}: {names}")
    return names
