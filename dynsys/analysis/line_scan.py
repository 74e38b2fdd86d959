"""All roots of a field on a line: where F is finite, and where it goes through zero in no pole or jump.

The scan itself is compiled (`dynsys.numerics.newton`); here its line is cut where F ends, and what it finds
is checked against rounding.
"""

import numpy as np

from dynsys.numerics.newton import roots_on_line
from tasks.errors import InputError

# Rounding errors of F, in units of machine epsilon times the size of its terms.
ROUNDING = 16 * np.finfo(float).eps
# How closely the end of the states at which F is finite is found.
NARROW = 1e-9


def roots_of_line(field, u, box, cells, given):
    """Scan a box of one dimension.

    Parameters
    ----------
    field : Field
        A field of one dimension.
    u : ndarray (S,)
        Inputs.
    box : ndarray (1, 2)
        Lower and upper bound.
    cells : int
        Cells of the scan.
    given : bool
        Whether someone asked for this box: F must be finite in all of it.

    Returns
    -------
    ndarray (K, 1)
        Ascending.

    Raises
    ------
    InputError
        F is not finite somewhere in a box that was asked for, or in a trapping box.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> roots_of_line(field, np.zeros(1), np.array([[-3.0, 3.0]]), 64, True).round(6).tolist()
    [[-1.915008], [0.0], [1.915008]]
    """
    low, high = box[0]
    grid = np.linspace(low, high, cells + 1)
    if low < 0 < high:
        grid = np.sort(np.append(grid[np.abs(grid) > 1e-12 * (high - low)], 0.0))
    pieces = [grid] if given or field.box is not None else _defined(field, u, grid)
    found = [_roots_between(field, u, piece, box) for piece in pieces]
    roots = np.concatenate([np.zeros(0), *found])[:, None]
    return roots[_crosses(field, u, roots)]


def _roots_between(field, u, grid, box):
    roots, residuals = np.empty(4 * grid.size), np.empty(4 * grid.size)
    rhs, jacobian, _, directional, *_ = field.functions
    count = roots_on_line(rhs, jacobian, directional, u, np.array(field.values), grid, roots, residuals)
    if count < 0:
        low, high = box[0]
        given = ", ".join(f"{name} = {value:g}" for name, value in zip(field.inputs, u)) or "no input"
        raise InputError(
            f"box: F is not finite everywhere in [{low:g}, {high:g}] at {given}; use a smaller one, or look "
            f"at the inputs and the parameters (a negative variance?): {field.parameter_values}"
        )
    return roots[:count]


def _defined(field, u, grid):
    """Pieces of a grid on which F is finite, each narrowed to where that ends."""
    finite = np.isfinite(field.rhs(grid[:, None], u)[:, 0])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]])))
    pieces = []
    for start, stop in zip(edges[::2], edges[1::2]):
        ends = [_edge(field, u, *grid[[start, start - 1]])] if start else []
        ends += [_edge(field, u, *grid[[stop - 1, stop]])] if stop < grid.size else []
        pieces.append(np.unique(np.append(grid[start:stop], ends)))
    return [piece for piece in pieces if piece.size > 1]


def _edge(field, u, inside, outside):
    """The last number from ``inside``, where F is finite, to ``outside``, where it is not."""
    while True:
        middle = 0.5 * (inside + outside)
        if middle in (inside, outside) or abs(outside - inside) < NARROW:
            return inside
        if np.isfinite(field.rhs(np.array([middle]), u)).all():
            inside = middle
        else:
            outside = middle


def _crosses(field, u, roots):
    """Where F goes through zero, and does not change its sign in a pole or a jump, (K,)."""
    step = 1e-8 * (1.0 + np.abs(roots))
    residuals = np.abs(field.rhs(roots, u))[:, 0]
    sides = [roots - step, roots + step]
    lowest = np.min([np.abs(field.rhs(side, u))[:, 0] for side in sides], axis=0)
    noise = np.max([rounding(field, u, side) for side in sides], axis=0)
    return (residuals <= 4 * noise) | (residuals <= 0.5 * lowest)


def rounding(field, u, states):
    """Size of rounding errors of F at each state.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    states : ndarray (K, R)
        The states.

    Returns
    -------
    ndarray (K,)

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> bool(rounding(field, np.zeros(1), np.zeros((1, 1))) < 1e-14)
    True
    """
    if len(states) == 0:
        return np.zeros(0)
    # At a kink the slopes are unknown; roots there are usually at the origin, where they do not matter.
    jacobians = np.nan_to_num(np.abs(field.jacobian(states, u)), posinf=0.0)
    terms = (jacobians @ np.abs(states)[:, :, None])[:, :, 0].max(axis=1)
    return ROUNDING * (1.0 + terms + np.abs(states).max(axis=1))
