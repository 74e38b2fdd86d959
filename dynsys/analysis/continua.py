"""Sets of fixed points that are not isolated: rings, lines, ellipsoids.

A root whose Jacobian is singular is one of them if a step along the null vector, corrected by Gauss-Newton,
ends on another root. A set of dimension one is then traced from end to end.
"""

import numpy as np

from dynsys.analysis.equilibria import HYPERBOLIC_TOLERANCE, Continuum

# Step off a root to see whether it is isolated, and step of the trace, as shares of the box.
PROBE, STEP = 1e-3, 1 / 64
MAX_POINTS = 1000
CORRECTIONS = 20
# Residual, relative to the state, that still counts as a root on a continuum.
ON_CONTINUUM = 1e-10


def split_continua(field, u, roots, box):
    """Tell isolated roots from those that belong to a connected set.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    roots : ndarray (K, R)
        Roots.
    box : ndarray (R, 2)
        Where they were searched.

    Returns
    -------
    isolated : ndarray (K', R)
        Roots that have no root next to them.
    continua : tuple of Continuum
        The sets.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> line = LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4), phi="linear")  # F = 0 everywhere
    >>> split_continua(reduced_field(line), np.zeros(1), np.zeros((1, 1)), np.array([[-1.0, 1.0]]))[1]
    (Continuum(1-dimensional set of fixed points, 67 of them at hand),)
    """
    width = float((box[:, 1] - box[:, 0]).max())
    isolated, continua, surface = [], [], []
    for root in roots:
        near = [np.abs(c.points - root).max(axis=1).min() < 1.5 * STEP * width for c in continua]
        null = _null_vectors(field, u, root)
        if len(null) == 0 or not _continues(field, u, root, null, PROBE * width):
            isolated.append(root)
        elif len(null) > 1:
            surface.append((root, null))
        elif not any(near):
            continua.append(_trace(field, u, root, null[0], STEP * width, box))
    if surface:
        points, tangents = np.array([root for root, _ in surface]), np.array([null[0] for _, null in surface])
        continua.append(Continuum(points, tangents, len(surface[0][1])))
    return np.array(isolated).reshape(-1, roots.shape[1]), tuple(continua)


def _null_vectors(field, u, root):
    jacobian = field.jacobian(root, u)
    if not np.isfinite(jacobian).all():  # a kink
        return np.zeros((0, root.size))
    _, sizes, vectors = np.linalg.svd(jacobian)
    return vectors[sizes <= 10 * HYPERBOLIC_TOLERANCE * max(1.0, sizes[0])]


def _continues(field, u, root, null, step):
    """Whether roots lie on both sides along every null vector."""
    for direction in (*null, *-null):
        moved = _corrected(field, u, root + step * direction, direction)
        if moved is None or np.linalg.norm(moved - root) < 0.5 * step:
            return False
        if len(_null_vectors(field, u, moved)) == 0:
            return False
    return True


def _corrected(field, u, state, direction):
    """Gauss-Newton with steps of least length, so that the state stays where it is along the set."""
    for _ in range(CORRECTIONS):
        value, slopes = field.rhs(state, u), field.jacobian(state, u)
        if not (np.isfinite(value).all() and np.isfinite(slopes).all()):  # at a kink there are no slopes
            return None
        step = np.linalg.lstsq(slopes, -value, rcond=1e-5)[0]
        state = state + step
        if np.abs(step).max() <= 1e-13 * (1 + np.abs(state).max()):
            break
    size = np.abs(field.rhs(state, u)).max()
    return state if size <= ON_CONTINUUM * (1 + np.abs(state).max()) else None


def _trace(field, u, root, direction, step, box):
    """Walk along a line or ring from one of its points, in both directions unless it closes."""
    halves = []
    for sign in (1.0, -1.0):
        points, tangents = [root], [sign * direction]
        closed = False
        while len(points) < MAX_POINTS:
            state = _corrected(field, u, points[-1] + step * tangents[-1], tangents[-1])
            null = () if state is None else _null_vectors(field, u, state)
            if len(null) != 1 or not ((state >= box[:, 0] - step) & (state <= box[:, 1] + step)).all():
                break
            points.append(state)
            tangents.append(null[0] if null[0] @ tangents[-1] > 0 else -null[0])
            closed = len(points) > 4 and np.linalg.norm(state - root) < 0.75 * step
            if closed:
                break
        halves.append((np.array(points), sign * np.array(tangents)))
        if closed:
            return Continuum(*halves[0])
    (ahead, forward), (behind, backward) = halves
    return Continuum(np.concatenate([behind[:0:-1], ahead]), np.concatenate([backward[:0:-1], forward]))
