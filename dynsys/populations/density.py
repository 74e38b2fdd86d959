"""Kernel density of two columns of the loadings: a smooth picture beside the scatter of units."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import gaussian_kde

from rnn.connectivity import Loadings
from tasks.checks import as_array, check_count, check_kind, choose
from tasks.errors import InputError

MARGIN = 0.12  # of the range of the units, left free around them


@dataclass(frozen=True, eq=False)
class LoadingDensity:
    """Units in the plane of two loadings, and the kernel density of that plane.

    Parameters
    ----------
    names : (str, str)
        Loadings on the x and y axis.
    units : ndarray (N, 2)
        Where the units are.
    x, y : ndarray (G,)
        Grid.
    density : ndarray (G, G)
        Probability density, rows along y.

    Examples
    --------
    >>> LoadingDensity(("m", "n"), np.zeros((5, 2)), np.arange(3), np.arange(3), np.ones((3, 3))).names
    ('m', 'n')
    """

    names: tuple
    units: np.ndarray
    x: np.ndarray
    y: np.ndarray
    density: np.ndarray


def loading_density(loadings, x="m", y="n", points=80, like=None):
    """Estimate the density of the units in the plane of two loadings, with Gaussian kernels.

    Parameters
    ----------
    loadings : Loadings
        From `rnn.loadings`.
    x, y : str
        Names of two columns.
    points : int, default 80
        Grid points G along each axis.
    like : LoadingDensity, optional
        Take this one's grid, so that the two can be compared.

    Returns
    -------
    LoadingDensity

    Raises
    ------
    InputError
        An unknown name, or units on a line, which have no density in the plane.

    Examples
    --------
    >>> from rnn import LowRankRNN, loadings
    >>> net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 400, 1)))
    >>> found = loading_density(loadings(net), "m", "n")
    >>> cell = (found.x[1] - found.x[0]) * (found.y[1] - found.y[0])
    >>> bool(abs(found.density.sum() * cell - 1) < 0.02)
    True
    """
    check_kind("loadings", loadings, Loadings, "take them from a network with loadings(net)")
    columns = [
        loadings.names.index(choose(axis, name, loadings.names)) for axis, name in (("x", x), ("y", y))
    ]
    units = as_array("units", loadings.values[:, columns], (None, 2))
    spread = units.std(axis=0)
    if x == y or len(units) < 3 or (spread == 0).any() or abs(_correlation(units)) > 1 - 1e-9:
        raise InputError(
            f"x, y: the units lie on a line in the plane of {x} and {y}; it has no density there"
        )
    if like is None:
        low, high = units.min(axis=0), units.max(axis=0)
        margin = MARGIN * (high - low)
        grid = np.linspace(low - margin, high + margin, check_count("points", points, 2)).T
    else:
        check_kind("like", like, LoadingDensity, "from loading_density")
        grid = np.array([like.x, like.y])
    mesh = np.array(np.meshgrid(*grid)).reshape(2, -1)
    density = gaussian_kde(units.T)(mesh).reshape(grid.shape[1], -1)
    return LoadingDensity((x, y), units, grid[0], grid[1], density)


def _correlation(units):
    return np.corrcoef(units.T)[0, 1]
