"""Tasks without separate stimulus and response: perceptual bistability."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.base import Task
from tasks.checks import check_count, check_number, check_rng
from tasks.holding import held_accuracy
from tasks.pulses import held_sign, pulse_trains


@dataclass(frozen=True)
class Bistable(Task):
    """Perceptual bistability: hold one of two percepts under equal drives, and switch when told to.

    Two competing drives of equal mean are on throughout. A brief pulse on the drive of the suppressed percept
    switches the percept; the first pulse, at the start, sets it. The target is the percept, +1 for the first
    drive and -1 for the second, and counts from ``settling`` after each pulse.

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    duration : float
        Length of the trial, ms.
    drive : float
        Mean of both drives.
    pulse, amplitude : float
        Duration (ms) and amplitude of a switch pulse.
    dwell : float
        Mean time between two pulses, ms; never shorter than ``pulse`` and ``settling`` together. A very long
        one (1e9) leaves only the pulse at the start: what switches then is noise.
    settling : float
        Time after a pulse's start during which the target does not count, ms.
    input_noise : float
        Standard deviation of the noise per step on both drives.

    Examples
    --------
    >>> trials = Bistable().trials(3, rng=0)
    >>> trials.inputs.shape, sorted(set(trials.targets.ravel().tolist()))
    ((3, 200, 2), [-1.0, 1.0])
    """

    name: ClassVar[str] = "bistable"
    input_names: ClassVar[tuple] = ("drive 1", "drive 2")
    output_names: ClassVar[tuple] = ("percept",)

    duration: float = 4000.0
    drive: float = 0.5
    pulse: float = 100.0
    amplitude: float = 1.0
    dwell: float = 1000.0
    settling: float = 200.0
    input_noise: float = 0.05

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("settling", "pulse", "duration")
        check_number("dwell", self.dwell, minimum=self.pulse + self.settling)
        check_number("settling", self.settling, maximum=self.duration - self.dt)
        check_number("drive", self.drive)
        check_number("amplitude", self.amplitude)
        check_number("input_noise", self.input_noise, minimum=0.0)

    def trials(self, n, rng):
        """Draw ``n`` trials; conditions ``"first"`` (+-1), ``"switches"`` (pulses after the first)."""
        n, rng = check_count("n", n), check_rng(rng)
        steps, gap = self.steps(self.duration), self.steps(self.pulse + self.settling)
        starts = pulse_trains(n, 1, steps, gap, self.dwell / self.dt, rng)
        first = rng.choice([-1.0, 1.0], size=n)
        parity = np.where(np.cumsum(starts, axis=1) % 2 == 1, 1.0, -1.0)
        signs = np.where(starts, first[:, None, None] * parity, 0.0)

        inputs = self.drive + self.input_noise * rng.standard_normal((n, steps, 2))
        favoured = np.concatenate([signs == 1.0, signs == -1.0], axis=2)
        for lag in range(max(self.steps(self.pulse), 1)):
            inputs[:, lag:] += self.amplitude * favoured[:, : steps - lag]
        targets, age = held_sign(signs)
        mask = (age >= self.steps(self.settling)).astype(float)
        conditions = {"first": first, "switches": starts.sum(axis=(1, 2)) - 1}
        return self._bundle(inputs, targets, mask, conditions, {"trial": np.array([0, steps])})

    def accuracy(self, outputs, trials):
        """Share of the masked entries with the right sign; see `tasks.held_accuracy`."""
        return held_accuracy(outputs, trials)
