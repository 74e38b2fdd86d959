"""Decision tasks: random-dot motion."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from tasks.base import Task, Trials
from tasks.checks import as_array, check_count, check_number, check_rng
from tasks.errors import InputError


@dataclass(frozen=True)
class RandomDots(Task):
    """Random-dot motion: say at the end whether a noisy stimulus was positive or negative.

    The input is the coherence c during the stimulus, plus Gaussian noise at every step; the target is
    sign(c) in the response epoch (Dubreuil et al. 2022, perceptual decision making).

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    fixation, stimulus, delay, response : float
        Durations of the epochs, ms.
    coherences : sequence of float
        Stimulus strengths, drawn with equal probability.
    input_noise : float
        Standard deviation of the input noise per step.

    Notes
    -----
    The preset ``"report"`` has more and weaker coherences, a longer delay and response, and less noise.

    Examples
    --------
    >>> trials = RandomDots().trials(4, rng=np.random.default_rng(0))
    >>> trials.targets[:, -1, 0] == np.sign(trials.conditions["coherence"])
    array([ True,  True,  True,  True])
    >>> from tasks import get_task
    >>> get_task("rdm", "report").trials(1, rng=0).steps
    75
    """

    name: ClassVar[str] = "rdm"
    input_names: ClassVar[tuple] = ("motion",)
    output_names: ClassVar[tuple] = ("choice",)
    presets: ClassVar[Mapping] = MappingProxyType(
        {
            "report": {
                "delay": 300.0,
                "response": 300.0,
                "coherences": tuple(sign * c * 3.2 / 100 for sign in (-1, 1) for c in (1, 2, 4, 8, 16)),
                "input_noise": 0.03,
            }
        }
    )

    fixation: float = 100.0
    stimulus: float = 800.0
    delay: float = 100.0
    response: float = 20.0
    coherences: tuple = (-0.4, -0.2, -0.1, 0.1, 0.2, 0.4)
    input_noise: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        for name in ("fixation", "stimulus", "delay", "response", "input_noise"):
            check_number(name, getattr(self, name), minimum=0.0)
        if self.steps(self.response) < 1:
            raise InputError(
                f"response: {self.response:g} ms is less than one step of {self.dt:g} ms; no target is left"
            )
        coherences = as_array("coherences", self.coherences, (None,))
        if coherences.size == 0:
            raise InputError("coherences: give at least one stimulus strength")
        object.__setattr__(self, "coherences", tuple(float(c) for c in coherences))

    def trials(self, n, rng):
        """Draw ``n`` trials; see `Task.trials`. The condition is ``"coherence"``."""
        n, rng = check_count("n", n), check_rng(rng)
        durations = {name: getattr(self, name) for name in ("fixation", "stimulus", "delay", "response")}
        stops = np.cumsum([self.steps(duration) for duration in durations.values()])
        starts = np.concatenate([[0], stops[:-1]])
        epochs = {name: np.array(bounds) for name, *bounds in zip(durations, starts, stops)}

        coherence = rng.choice(np.array(self.coherences), size=n)
        inputs = self.input_noise * rng.standard_normal((n, stops[-1], 1))
        inputs[:, slice(*epochs["stimulus"]), 0] += coherence[:, None]
        targets = np.zeros_like(inputs)
        mask = np.zeros_like(inputs)
        targets[:, slice(*epochs["response"]), 0] = np.sign(coherence)[:, None]
        mask[:, slice(*epochs["response"])] = 1.0
        return Trials(
            inputs, targets, mask, {"coherence": coherence}, self.dt, self.tau, epochs,
            self.input_names, self.output_names, self.name,
        )  # fmt: skip
