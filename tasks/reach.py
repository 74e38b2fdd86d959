"""Motor control: reach to a remembered target with a plant that is sensed late."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.base import Task
from tasks.checks import as_array, check_count, check_number, check_rng
from tasks.plant import point_mass
from tasks.timing import during, timeline, whole_steps


@dataclass(frozen=True)
class Reach(Task):
    """Reach: move a damped point mass to a cued direction after a go signal.

    The cue shows (cos, sin) of the target; the network's two outputs push the mass, whose position and
    velocity it senses late, with noise, next to a copy of its own last command. It must stay at the origin
    until go, and be at the target from ``movement`` after go.

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    cue, hold, reach : float
        Durations of the epochs, ms; go is on during ``reach``.
    movement : float
        Time after go from which the target position counts, ms.
    mass, damping : float
        Of the point mass, with time in units of tau and distance in units of the target's.
    feedback_delay : float
        Delay of the sensed position and velocity, ms.
    directions : int
        Directions are drawn from this many equal steps of the circle; 0 for any direction.
    offset : float
        Angle of the first direction, rad.
    tolerance : float
        End-point error, in units of the target's distance, up to which a reach counts as right.
    feedback_noise : float
        Standard deviation of the noise per step on sensed position and velocity.
    feedback : bool
        Whether position and velocity are sensed at all; False cuts them and leaves the command's copy.

    Examples
    --------
    >>> trials = Reach().trials(4, rng=0)
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 75, 9), (4, 75, 2))
    """

    name: ClassVar[str] = "reach"
    input_names: ClassVar[tuple] = (
        "target x", "target y", "go", "sensed x", "sensed y", "sensed x'", "sensed y'", "copy x", "copy y",
    )  # fmt: skip
    output_names: ClassVar[tuple] = ("force x", "force y")

    cue: float = 200.0
    hold: float = 300.0
    reach: float = 1000.0
    movement: float = 500.0
    mass: float = 1.0
    damping: float = 1.0
    feedback_delay: float = 60.0
    directions: int = 0
    offset: float = 0.0
    tolerance: float = 0.1
    feedback_noise: float = 0.02
    feedback: bool = True

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("cue", "hold", "movement", "feedback_delay", "reach")
        check_number("movement", self.movement, maximum=self.reach - self.dt)
        check_number("feedback_delay", self.feedback_delay, maximum=self.cue + self.hold + self.reach)
        check_count("directions", self.directions, 0)
        check_number("offset", self.offset)
        check_number("tolerance", self.tolerance, above=0.0)
        check_number("feedback_noise", self.feedback_noise, minimum=0.0)
        _ = self.plant  # refuses a mass or damping that makes no plant

    @property
    def plant(self):
        """LinearPlant : the point mass with its delay line, in steps of dt."""
        delay = int(whole_steps(self.feedback_delay, self.dt))
        plant = point_mass(self.dt, self.tau, self.mass, self.damping, delay, exogenous=3)
        return plant if self.feedback else plant.without(range(3, 7))

    def trials(self, n, rng):
        """Draw ``n`` trials; the condition is ``"angle"`` (rad)."""
        n, rng = check_count("n", n), check_rng(rng)
        turn = (
            rng.random(n) if self.directions == 0 else rng.integers(self.directions, size=n) / self.directions
        )
        angle = self.offset + 2 * np.pi * turn
        goal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        epochs = timeline({"cue": self.cue, "hold": self.hold, "reach": self.reach}, self.dt, n)
        steps = epochs["reach"][0, 1]
        go = during(epochs["reach"], steps)
        due = epochs["reach"] + np.array([self.steps(self.movement), 0])
        there = during(due, steps)

        inputs = np.zeros((n, steps, len(self.input_names)))
        inputs[:, :, :2] = goal[:, None, :] * during(epochs["cue"], steps)[:, :, None]
        inputs[:, :, 2] = go
        if self.feedback:
            inputs[:, :, 3:7] = self.feedback_noise * rng.standard_normal((n, steps, 4))
        targets = goal[:, None, :] * there[:, :, None]
        mask = np.repeat(((1 - go) + there)[:, :, None], 2, axis=2)
        return self._bundle(inputs, targets, mask, {"angle": angle}, epochs, ("x", "y"), self.plant)

    def accuracy(self, outputs, trials):
        """Share of trials whose end-point error is within ``tolerance``."""
        return float(np.mean(end_point_errors(outputs, trials) <= self.tolerance))


def end_point_errors(outputs, trials):
    """Distance of the last position from the target, in units of the target's distance.

    Parameters
    ----------
    outputs : array_like (B, T, 2)
        Positions.
    trials : Trials
        The trials they belong to.

    Returns
    -------
    ndarray (B,)

    Examples
    --------
    >>> trials = Reach().trials(3, rng=0)
    >>> end_point_errors(0.9 * trials.targets, trials).round(6)
    array([0.1, 0.1, 0.1])
    """
    reached = as_array("outputs", outputs, trials.targets.shape, "(B, T, 2)")[:, -1]
    wanted = trials.targets[:, -1]
    return np.linalg.norm(reached - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
