"""Decision tasks: random-dot motion, context-dependent decision, multisensory decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from tasks.base import Task
from tasks.checks import as_array, check_count, check_number, check_rng
from tasks.errors import InputError
from tasks.timing import during, timeline

COHERENCES = (-0.4, -0.2, -0.1, 0.1, 0.2, 0.4)


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
    coherences: tuple = COHERENCES
    input_noise: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("fixation", "stimulus", "delay", "response")
        check_number("input_noise", self.input_noise, minimum=0.0)
        object.__setattr__(self, "coherences", _levels("coherences", self.coherences))

    def trials(self, n, rng):
        """Draw ``n`` trials; see `Task.trials`. The condition is ``"coherence"``."""
        n, rng = check_count("n", n), check_rng(rng)
        names = ("fixation", "stimulus", "delay", "response")
        epochs = timeline({name: getattr(self, name) for name in names}, self.dt, n)
        steps = epochs["response"][0, 1]

        coherence = rng.choice(np.array(self.coherences), size=n)
        inputs = self.input_noise * rng.standard_normal((n, steps, 1))
        inputs[:, :, 0] += coherence[:, None] * during(epochs["stimulus"], steps)
        mask = during(epochs["response"], steps)[:, :, None]
        return self._bundle(
            inputs, mask * np.sign(coherence)[:, None, None], mask, {"coherence": coherence}, epochs
        )


@dataclass(frozen=True)
class _CuedDecision(Task):
    """Shared by the two-feature decisions: timing, and two noisy features with two cues."""

    fixation: float = 100.0
    context: float = 350.0
    stimulus: float = 800.0
    delay: float = 100.0
    response: float = 20.0
    coherences: tuple = COHERENCES
    cue_amplitude: float = 0.1
    input_noise: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        self._check_durations("fixation", "context", "stimulus", "delay", "response")
        check_number("input_noise", self.input_noise, minimum=0.0)
        check_number("cue_amplitude", self.cue_amplitude)
        object.__setattr__(self, "coherences", _levels("coherences", self.coherences))

    def _present(self, features, cues, choice, conditions, rng):
        """Trials of two features (n, 2) with two cues (n, 2), on from the end of fixation to the response."""
        n = len(choice)
        names = ("fixation", "context", "stimulus", "delay", "response")
        epochs = timeline({name: getattr(self, name) for name in names}, self.dt, n)
        steps = epochs["response"][0, 1]
        cued = np.stack([epochs["fixation"][:, 1], epochs["response"][:, 0]], axis=1)

        noise = self.input_noise * rng.standard_normal((n, steps, 2))
        stimuli = noise + features[:, None, :] * during(epochs["stimulus"], steps)[:, :, None]
        cue = self.cue_amplitude * cues[:, None, :] * during(cued, steps)[:, :, None]
        mask = during(epochs["response"], steps)[:, :, None]
        inputs = np.concatenate([stimuli, cue], axis=2)
        return self._bundle(inputs, mask * choice[:, None, None], mask, conditions, epochs)


@dataclass(frozen=True)
class ContextDecision(_CuedDecision):
    """Context-dependent decision: report the sign of the cued one of two features.

    Features A and B have independent coherences; a constant cue says which one counts (Mante et al. 2013;
    Dubreuil et al. 2022).

    Parameters
    ----------
    dt, tau : float
        Step and time constant, ms.
    fixation, context, stimulus, delay, response : float
        Durations of the epochs, ms; in ``context`` the cue is shown alone.
    coherences : sequence of float
        Strengths of both features.
    cue_amplitude : float
        Amplitude of the cue, on from the end of fixation to the response.
    input_noise : float
        Standard deviation of the noise per step on the two features; the cues carry none.

    Examples
    --------
    >>> trials = ContextDecision().trials(4, rng=0)
    >>> trials.steps, trials.input_names
    (68, ('A', 'B', 'cue A', 'cue B'))
    """

    name: ClassVar[str] = "context"
    input_names: ClassVar[tuple] = ("A", "B", "cue A", "cue B")
    output_names: ClassVar[tuple] = ("choice",)

    def trials(self, n, rng):
        """Draw ``n`` trials; conditions ``"coherence A"``, ``"coherence B"``, ``"context"`` (0 for A)."""
        n, rng = check_count("n", n), check_rng(rng)
        features = rng.choice(np.array(self.coherences), size=(n, 2))
        context = rng.integers(2, size=n)
        choice = np.sign(features[np.arange(n), context])
        conditions = {"coherence A": features[:, 0], "coherence B": features[:, 1], "context": context}
        return self._present(features, np.eye(2)[context], choice, conditions, rng)


@dataclass(frozen=True)
class MultisensoryDecision(_CuedDecision):
    """Multisensory decision: report the sign that vision, audition or both agree on.

    Parameters
    ----------
    dt, tau, fixation, context, stimulus, delay, response, coherences, cue_amplitude, input_noise
        As in `ContextDecision`; the cue of each modality that is present is on.

    Examples
    --------
    >>> trials = MultisensoryDecision().trials(200, rng=0)
    >>> bool((np.sign(trials.conditions["visual"] * trials.conditions["auditory"]) >= 0).all())
    True
    """

    name: ClassVar[str] = "multisensory"
    input_names: ClassVar[tuple] = ("visual", "auditory", "cue V", "cue A")
    output_names: ClassVar[tuple] = ("choice",)

    def trials(self, n, rng):
        """Draw ``n`` trials; conditions ``"visual"``, ``"auditory"`` (0 if absent), ``"modality"``."""
        n, rng = check_count("n", n), check_rng(rng)
        sign = rng.choice([-1.0, 1.0], size=n)
        sizes = np.abs(rng.choice(np.array(self.coherences), size=(n, 2)))
        modality = rng.integers(3, size=n)
        present = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])[modality]
        features = sign[:, None] * sizes * present
        conditions = {
            "visual": features[:, 0],
            "auditory": features[:, 1],
            "modality": np.array(["V", "A", "VA"])[modality],
        }
        return self._present(features, present, sign, conditions, rng)


def _levels(name, values):
    levels = as_array(name, values, (None,))
    if levels.size == 0 or not levels.any():
        raise InputError(f"{name}: give at least one stimulus strength other than 0")
    return tuple(float(level) for level in levels)
