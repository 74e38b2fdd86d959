"""Dwell times: how long a state lasts when only noise ends it, and the law that they follow.

Noise of standard deviation sigma lifts a state over a barrier at a constant rate, so that dwell times are
exponential, after a delay that the way from one state to the other takes. The rate follows

    rate = prefactor exp(-barrier / sigma^2)

as sigma gets small (Arrhenius; Kramers 1940; Freidlin & Wentzell for noise that is not additive).
"""

from dataclasses import dataclass

import numpy as np

from tasks.checks import as_array, check_kind, check_number
from tasks.errors import InputError
from tasks.results import html_table

FEWEST = 5
# Largest Kolmogorov-Smirnov distance at the 5 % level from an exponential of fitted mean (Stephens 1974).
_STEPHENS = 1.094


def dwell_times(output, dt, threshold=0.0):
    """Times between switches of a sign, such as a percept's under noise.

    A switch counts when the output passes ``threshold`` on the other side (a Schmitt trigger, so that
    wavering around zero is not counted); the time before the first switch and after the last is left out.

    Parameters
    ----------
    output : array_like (B, T) or (T,)
        One output channel.
    dt : float
        Step, ms.
    threshold : float, default 0
        How far beyond zero the output must go.

    Returns
    -------
    ndarray
        Dwell times of all trials, ms.

    Examples
    --------
    >>> dwell_times([1, 1, -1, -1, -1, 1, -1], dt=20.0)
    array([60., 20.])
    """
    z = np.atleast_2d(as_array("output", output))
    check_number("dt", dt, above=0.0)
    check_number("threshold", threshold, minimum=0.0)
    state = np.where(z > threshold, 1, np.where(z < -threshold, -1, 0))
    times = []
    for row in state:
        decided = np.flatnonzero(row)
        switches = decided[1:][row[decided[1:]] != row[decided[:-1]]]
        times.append(np.diff(switches) * float(dt))
    return np.concatenate([np.zeros(0), *times])


@dataclass(frozen=True, eq=False)
class DwellLaw:
    """Dwell times against an exponential law, and against one that starts after a delay.

    Parameters
    ----------
    times : ndarray (K,)
        Dwell times, ascending, ms.
    mean : float
        Mean dwell time, ms; the exponential law is that of the same mean.
    variation : float
        Standard deviation over mean: 1 for an exponential law, below 1 where very short times are missing.
    delay : float
        Delay of the delayed law, ms: mean minus standard deviation, at least 0.
    distance, delayed_distance : float
        Kolmogorov-Smirnov distance from each law.

    Examples
    --------
    >>> law = dwell_law(np.random.default_rng(0).exponential(500.0, 1000))
    >>> law.distance < law.critical_distance
    True
    """

    times: np.ndarray
    mean: float
    variation: float
    delay: float
    distance: float
    delayed_distance: float

    @property
    def rate(self):
        """float : switches per ms spent in a state, 1 / mean."""
        return 1.0 / self.mean

    @property
    def shape(self):
        """float : shape of the gamma law with the same mean and variation, 1 / variation^2."""
        return 1.0 / self.variation**2 if self.variation > 0 else float("inf")

    @property
    def critical_distance(self):
        """float : a larger ``distance`` rejects the exponential law at the 5 % level."""
        count = len(self.times)
        return float(_STEPHENS / (np.sqrt(count) + 0.26 + 0.5 / np.sqrt(count)) + 0.2 / count)

    def survival(self, times, delayed=True):
        """Share of dwell times that the fitted law lets exceed each of these times (ms)."""
        delay = self.delay if delayed else 0.0
        past = np.maximum(np.asarray(times, dtype=float) - delay, 0.0)
        return np.exp(-past / (self.mean - delay))

    def __repr__(self):
        return (
            f"DwellLaw({len(self.times)} times, mean {self.mean:.0f} ms, variation {self.variation:.2f}, "
            f"distance {self.distance:.3f} from exponential, {self.delayed_distance:.3f} after a delay of "
            f"{self.delay:.0f} ms)"
        )

    def _repr_html_(self):
        rows = (
            ("dwell times", len(self.times)),
            ("mean", f"{self.mean:.0f} ms"),
            ("coefficient of variation", f"{self.variation:.3f}"),
            ("distance from an exponential law", f"{self.distance:.3f}"),
            ("... that rejects it at 5 %", f"{self.critical_distance:.3f}"),
            (f"distance after a delay of {self.delay:.0f} ms", f"{self.delayed_distance:.3f}"),
        )
        return html_table(rows, named=True)


def dwell_law(times):
    """Fit the exponential law of noise-driven switching to dwell times.

    Parameters
    ----------
    times : array_like (K,)
        Dwell times, ms, as `dwell_times` measures them; trials much longer than their mean, or the long ones
        are cut off.

    Returns
    -------
    DwellLaw

    Raises
    ------
    InputError
        Fewer than five times, or one that is not positive.

    Examples
    --------
    >>> dwell_law([100.0, 100.0, 200.0, 400.0, 700.0]).mean
    300.0
    """
    times = np.sort(as_array("times", times, (None,), "(K,)"))
    if len(times) < FEWEST:
        raise InputError(
            f"times: {len(times)} dwell times are too few to fit a law, at least {FEWEST} are needed; use "
            "longer trials, more of them, or more noise"
        )
    if times[0] <= 0:
        raise InputError(f"times: a dwell time must be > 0, got {times[0]:g}")
    times.setflags(write=False)
    mean, spread = float(times.mean()), float(times.std())
    delay = min(mean - spread, float(np.nextafter(mean, 0.0))) if spread < mean else 0.0
    law = DwellLaw(times, mean, spread / mean, delay, 0.0, 0.0)
    return DwellLaw(
        times, mean, law.variation, delay, _distance(law, delayed=False), _distance(law, delayed=True)
    )


@dataclass(frozen=True, eq=False)
class EscapeLaw:
    """Rate of noise-driven switching against noise: ln rate = ln prefactor - barrier / sigma^2.

    Parameters
    ----------
    noise, rates : ndarray (K,)
        Standard deviations sigma, and the rates measured, per ms.
    prefactor : float
        Rate that infinite noise would reach, per ms.
    barrier, barrier_error : float
        Barrier in units of sigma^2, and its standard error.
    explained : float
        Share of the variance of ln rate that the law explains; NaN where the rates are equal.

    Examples
    --------
    >>> noise = np.array([0.2, 0.3, 0.4])
    >>> laws = [dwell_law(np.full(9, np.exp(0.1 / sigma**2))) for sigma in noise]
    >>> round(escape_law(noise, laws).barrier, 6)
    0.1
    """

    noise: np.ndarray
    rates: np.ndarray
    prefactor: float
    barrier: float
    barrier_error: float
    explained: float

    def rate(self, noise):
        """The law's rate (per ms) at these standard deviations of the noise."""
        return self.prefactor * np.exp(-self.barrier / np.asarray(noise, dtype=float) ** 2)

    def __repr__(self):
        return (
            f"EscapeLaw(rate = {1000 * self.prefactor:.3g} / s x exp(-({self.barrier:.4f} +- "
            f"{self.barrier_error:.4f}) / sigma^2), R^2 {self.explained:.3f})"
        )


def escape_law(noise, laws):
    """Fit how the rate of switching depends on noise; each rate weighs as many dwell times as it rests on.

    Parameters
    ----------
    noise : array_like (K,)
        Standard deviation sigma of the noise, two values or more, all different.
    laws : sequence of DwellLaw (K,)
        The dwell times at each.

    Returns
    -------
    EscapeLaw

    Raises
    ------
    InputError
        Fewer than two levels of noise, a level that is not positive, or another number of laws.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> escape_law([0.1, 0.2], [dwell_law(rng.exponential(s, 50)) for s in (900.0, 100.0)]).barrier > 0
    True
    """
    noise, laws = as_array("noise", noise, (None,), "(K,)"), tuple(laws)
    for law in laws:
        check_kind("laws", law, DwellLaw, "fit each with dwell_law(times)")
    if len(laws) != len(noise) or len(set(noise.tolist())) < 2 or noise.min() <= 0:
        raise InputError(
            "noise: expected two or more different standard deviations > 0 and one law for each, got "
            f"{noise.tolist()} and {len(laws)} laws"
        )
    weight = np.array([len(law.times) for law in laws], dtype=float)
    rates = np.array([law.rate for law in laws])
    x, y = noise**-2.0, np.log(rates)
    x0, y0 = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = weight @ (x - x0) ** 2
    slope = weight @ ((x - x0) * (y - y0)) / spread
    rest = weight @ (y - y0 - slope * (x - x0)) ** 2
    # An exponential law's ln rate has variance 1 / K; larger where the law itself does not fit.
    excess = max(rest / (len(x) - 2), 1.0) if len(x) > 2 else 1.0
    whole = weight @ (y - y0) ** 2
    explained = 1.0 - rest / whole if whole > 0 else float("nan")
    return EscapeLaw(
        noise, rates, float(np.exp(y0 - slope * x0)), float(-slope), float(np.sqrt(excess / spread)),
        float(explained),
    )  # fmt: skip


def _distance(law, delayed):
    """Kolmogorov-Smirnov distance; equal times (whole steps) are one jump of the empirical distribution."""
    values, counts = np.unique(law.times, return_counts=True)
    above = np.cumsum(counts) / len(law.times)
    fitted = 1.0 - law.survival(values, delayed)
    return float(max(np.abs(above - fitted).max(), np.abs(above - counts / len(law.times) - fitted).max()))
