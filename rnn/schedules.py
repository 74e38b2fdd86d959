"""Learning rates that change from epoch to epoch: settings are data, a rate is a pure function of the epoch.

With the base rate r, epochs counted e = 0..E-1:

    ConstantRate       r
    StepRate           r factor^floor(e / every)
    ExponentialRate    r factor^e
    CosineRate         r (final + (1 - final) (1 + cos(pi e / E)) / 2)           (Loshchilov & Hutter 2017)
"""

import math
from dataclasses import dataclass

from tasks.checks import check_count, check_number


@dataclass(frozen=True)
class ConstantRate:
    """The same learning rate in every epoch.

    Examples
    --------
    >>> ConstantRate().rate(0.01, 3, 10)
    0.01
    """

    def rate(self, base, epoch, epochs):
        """Learning rate of an epoch (from 0) out of ``epochs``."""
        return base


@dataclass(frozen=True)
class StepRate:
    """The learning rate times ``factor`` after every so many epochs.

    Parameters
    ----------
    every : int
        Epochs between steps.
    factor : float, default 0.1
        In (0, 1].

    Examples
    --------
    >>> [StepRate(2, 0.5).rate(1.0, epoch, 5) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    every: int
    factor: float = 0.1

    def __post_init__(self):
        check_count("every", self.every)
        check_number("factor", self.factor, above=0.0, maximum=1.0)

    def rate(self, base, epoch, epochs):
        """Learning rate of an epoch (from 0) out of ``epochs``."""
        return base * self.factor ** (epoch // self.every)


@dataclass(frozen=True)
class ExponentialRate:
    """The learning rate times ``factor`` after every epoch.

    Parameters
    ----------
    factor : float, default 0.95
        In (0, 1].

    Examples
    --------
    >>> ExponentialRate(0.5).rate(1.0, 3, 10)
    0.125
    """

    factor: float = 0.95

    def __post_init__(self):
        check_number("factor", self.factor, above=0.0, maximum=1.0)

    def rate(self, base, epoch, epochs):
        """Learning rate of an epoch (from 0) out of ``epochs``."""
        return base * self.factor**epoch


@dataclass(frozen=True)
class CosineRate:
    """Half a cosine from the learning rate down to ``final`` of it.

    Parameters
    ----------
    final : float, default 0
        In [0, 1].

    Examples
    --------
    >>> [round(CosineRate().rate(1.0, epoch, 4), 3) for epoch in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    final: float = 0.0

    def __post_init__(self):
        check_number("final", self.final, minimum=0.0, maximum=1.0)

    def rate(self, base, epoch, epochs):
        """Learning rate of an epoch (from 0) out of ``epochs``."""
        return base * (self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * epoch / epochs)))


SCHEDULES = (ConstantRate, StepRate, ExponentialRate, CosineRate)
