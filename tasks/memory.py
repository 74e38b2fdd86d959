"""Memory tasks: parametric working memory, delayed match to sample, flip-flop."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from tasks.base import Task
from tasks.checks import as_array, check_count, check_number, check_rng
from tasks.errors import InputError
from tasks.holding import held_accuracy
from tasks.pulses import held_sign, pulse_trains
from tasks.timing import during, timeline


@dataclass(frozen=True)
class WorkingMemory(Task):
    """Parametric working memory: compare two frequencies across a delay.

    The input is (f - mean) / range during each stimulus, the target (f1 - f2) / range in the response
    (Romo et al. 1999; Dubreuil et al. 2022).

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    fixation, stimulus1, stimulus2, response : float
        Durations of the epochs, ms.
    delay_min, delay_max : float
        The delay is uniform between them, ms.
    f_min, f_max : int
        Lowest and highest frequency, Hz.
    differences : sequence of int
        Values of f2 - f1, Hz, drawn with equal probability.
    input_noise : float
        Standard deviation of the input noise per step.

    Notes
    -----
    The preset ``"report"`` has one fixed delay of 50 steps.

    Examples
    --------
    >>> trials = WorkingMemory().trials(100, rng=0)
    >>> bool(np.abs(trials.inputs).max() < 0.6), float(np.abs(trials.targets).max())
    (True, 1.0)
    """

    name: ClassVar[str] = "romo"
    input_names: ClassVar[tuple] = ("frequency",)
    output_names: ClassVar[tuple] = ("difference",)
    presets: ClassVar[Mapping] = MappingProxyType({"report": {"delay_min": 1000.0, "delay_max": 1000.0}})

    fixation: float = 100.0
    stimulus1: float = 100.0
    delay_min: float = 500.0
    delay_max: float = 1000.0
    stimulus2: float = 100.0
    response: float = 100.0
    f_min: int = 10
    f_max: int = 34
    differences: tuple = (-24, -16, -8, 8, 16, 24)
    input_noise: float = 0.01

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("fixation", "stimulus1", "delay_min", "stimulus2", "response")
        check_number("delay_max", self.delay_max, minimum=self.delay_min)
        check_number("input_noise", self.input_noise, minimum=0.0)
        check_number("f_max", self.f_max, above=check_number("f_min", self.f_min))
        differences = as_array("differences", self.differences, (None,))
        if differences.size == 0 or np.abs(differences).max() > self.f_max - self.f_min:
            raise InputError(
                f"differences: each must fit between f_min = {self.f_min} and f_max = {self.f_max}, "
                f"got {self.differences}"
            )
        object.__setattr__(self, "differences", tuple(float(d) for d in differences))

    def trials(self, n, rng):
        """Draw ``n`` trials; conditions ``"f1"``, ``"f2"`` (Hz), ``"delay"`` (ms)."""
        n, rng = check_count("n", n), check_rng(rng)
        difference = rng.choice(np.array(self.differences), size=n)
        lowest = self.f_min + np.maximum(-difference, 0)
        room = self.f_max - self.f_min - np.abs(difference)
        f1 = lowest + np.floor(rng.random(n) * (room + 1))
        f2 = f1 + difference
        delay = rng.uniform(self.delay_min, self.delay_max, size=n)
        durations = {
            "fixation": self.fixation,
            "stimulus1": self.stimulus1,
            "delay": delay,
            "stimulus2": self.stimulus2,
            "response": self.response,
        }
        epochs = timeline(durations, self.dt, n)
        steps = timeline({**durations, "delay": self.delay_max}, self.dt, 1)["response"][0, 1]

        span, middle = self.f_max - self.f_min, (self.f_max + self.f_min) / 2
        drive = (f1 - middle)[:, None] * during(epochs["stimulus1"], steps)
        drive += (f2 - middle)[:, None] * during(epochs["stimulus2"], steps)
        noise = self.input_noise * rng.standard_normal((n, steps, 1))
        mask = during(epochs["response"], steps)[:, :, None]
        conditions = {"f1": f1, "f2": f2, "delay": delay}
        return self._bundle(
            drive[:, :, None] / span + noise,
            mask * ((f1 - f2) / span)[:, None, None],
            mask,
            conditions,
            epochs,
        )


@dataclass(frozen=True)
class DelayedMatch(Task):
    """Delayed match to sample: say whether two stimuli, a delay apart, were the same.

    Two channels carry stimulus A and stimulus B; the target is +1 for the same and -1 for different,
    over the whole response (Dubreuil et al. 2022).

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    fixation, stimulus1, stimulus2, response : float
        Durations of the epochs, ms.
    delay_min, delay_max : float
        The delay is uniform between them, ms.
    amplitude : float
        Amplitude of the stimuli.
    input_noise : float
        Standard deviation of the input noise per step.

    Examples
    --------
    >>> trials = DelayedMatch(delay_max=700.0).trials(100, rng=0)
    >>> same = trials.conditions["first"] == trials.conditions["second"]
    >>> bool((np.sign(trials.targets.sum(axis=(1, 2))) == np.where(same, 1, -1)).all())
    True
    """

    name: ClassVar[str] = "dms"
    input_names: ClassVar[tuple] = ("A", "B")
    output_names: ClassVar[tuple] = ("match",)

    fixation: float = 100.0
    stimulus1: float = 500.0
    delay_min: float = 500.0
    delay_max: float = 3000.0
    stimulus2: float = 500.0
    response: float = 1000.0
    amplitude: float = 1.0
    input_noise: float = 0.03

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("fixation", "stimulus1", "delay_min", "stimulus2", "response")
        check_number("delay_max", self.delay_max, minimum=self.delay_min)
        check_number("amplitude", self.amplitude)
        check_number("input_noise", self.input_noise, minimum=0.0)

    def trials(self, n, rng):
        """Draw ``n`` trials; conditions ``"first"``, ``"second"`` (0 for A, 1 for B), ``"delay"`` (ms)."""
        n, rng = check_count("n", n), check_rng(rng)
        shown = rng.integers(2, size=(n, 2))
        delay = rng.uniform(self.delay_min, self.delay_max, size=n)
        durations = {
            "fixation": self.fixation,
            "stimulus1": self.stimulus1,
            "delay": delay,
            "stimulus2": self.stimulus2,
            "response": self.response,
        }
        epochs = timeline(durations, self.dt, n)
        steps = timeline({**durations, "delay": self.delay_max}, self.dt, 1)["response"][0, 1]

        one_hot = self.amplitude * np.eye(2)[shown]
        inputs = self.input_noise * rng.standard_normal((n, steps, 2))
        inputs += one_hot[:, None, 0] * during(epochs["stimulus1"], steps)[:, :, None]
        inputs += one_hot[:, None, 1] * during(epochs["stimulus2"], steps)[:, :, None]
        match = np.where(shown[:, 0] == shown[:, 1], 1.0, -1.0)
        mask = during(epochs["response"], steps)[:, :, None]
        conditions = {"first": shown[:, 0], "second": shown[:, 1], "delay": delay}
        return self._bundle(inputs, mask * match[:, None, None], mask, conditions, epochs)


@dataclass(frozen=True)
class FlipFlop(Task):
    """Flip-flop: hold the sign of the last pulse on each of one to three channels.

    Each trial opens with a pulse on every channel; further pulses arrive at random (Sussillo & Barak 2013).
    A target counts from ``settling`` after the pulse that set it.

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    bits : int
        Number of channels, 1 to 3.
    duration : float
        Length of the trial, ms.
    pulse, amplitude : float
        Duration (ms) and amplitude of a pulse.
    interval : float
        Mean interval between the starts of two pulses on a channel, ms; never shorter than ``pulse`` and
        ``settling`` together.
    settling : float
        Time after a pulse's start during which its target does not count yet, ms.
    input_noise : float
        Standard deviation of the input noise per step.

    Examples
    --------
    >>> FlipFlop(bits=2).trials(5, rng=0).targets.shape
    (5, 100, 2)
    """

    name: ClassVar[str] = "flipflop"

    bits: int = 3
    duration: float = 2000.0
    pulse: float = 100.0
    amplitude: float = 1.0
    interval: float = 800.0
    settling: float = 200.0
    input_noise: float = 0.02

    def __post_init__(self):
        super().__post_init__()
        if check_count("bits", self.bits) > 3:
            raise InputError(f"bits: this task has 1 to 3 channels, got {self.bits}")
        self._check_durations("settling", "pulse", "duration")
        check_number("interval", self.interval, minimum=self.pulse + self.settling)
        check_number("settling", self.settling, maximum=self.duration - self.dt)
        check_number("amplitude", self.amplitude)
        check_number("input_noise", self.input_noise, minimum=0.0)

    @property
    def input_names(self):
        """tuple of str : one name per bit."""
        return tuple(f"pulses {bit + 1}" for bit in range(self.bits))

    @property
    def output_names(self):
        """tuple of str : one name per bit."""
        return tuple(f"bit {bit + 1}" for bit in range(self.bits))

    def trials(self, n, rng):
        """Draw ``n`` trials; the condition ``"state"`` (n, bits) holds the signs at the end."""
        n, rng = check_count("n", n), check_rng(rng)
        steps, gap = self.steps(self.duration), self.steps(self.pulse + self.settling)
        starts = pulse_trains(n, self.bits, steps, gap, self.interval / self.dt, rng)
        signs = np.where(starts, rng.choice([-1.0, 1.0], size=starts.shape), 0.0)
        inputs = self.input_noise * rng.standard_normal((n, steps, self.bits))
        for lag in range(max(self.steps(self.pulse), 1)):
            inputs[:, lag:] += self.amplitude * signs[:, : steps - lag]
        targets, age = held_sign(signs)
        mask = (age >= self.steps(self.settling)).astype(float)
        return self._bundle(inputs, targets, mask, {"state": targets[:, -1]}, {"trial": np.array([0, steps])})

    def accuracy(self, outputs, trials):
        """Share of the masked entries with the right sign; see `tasks.held_accuracy`."""
        return held_accuracy(outputs, trials)
