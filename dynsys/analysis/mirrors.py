"""Signed exchanges of the coordinates that leave a field unchanged: reflections, half turns, rotations.

A matrix T with one entry +1 or -1 in each row and column is kept if F(T kappa, v) = T F(kappa, v), to
rounding, at several states; the inputs v stay. An orbit's image under T is an orbit, and an orbit may be its
own image, later by a part of its period. (Of equations, for all inputs: `dynsys.symbolic.symmetry`.)
"""

import itertools

import numpy as np

from dynsys.analysis.cover import cover

# States where the identity is tested, and how far it may be off.
PLACES, TOLERANCE = 4, 1e-10
# Above these dimensions signs may change but coordinates are not exchanged; all signs change or none.
MOST_EXCHANGED, MOST_SIGNS = 4, 10


def mirrors(field, u, box):
    """Find the signed exchanges that leave a field unchanged at constant inputs.

    Parameters
    ----------
    field : Field
        The field.
    u : ndarray (S,)
        Inputs.
    box : ndarray (R, 2)
        Where F is compared.

    Returns
    -------
    list of (ndarray (R, R), int)
        Each with its order, the number of times it must be applied to come back; without the identity.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> odd = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.ones(4), np.ones(4)))
    >>> mirrors(odd, np.zeros(1), np.array([[-1.0, 1.0]]))
    [(array([[-1.]]), 2)]
    >>> mirrors(odd, np.ones(1), np.array([[-1.0, 1.0]]))
    []
    """
    R = field.dimension
    if R > MOST_SIGNS:
        choices = [(tuple(range(R)), (-1.0,) * R)]
    else:
        orders = itertools.permutations(range(R)) if R <= MOST_EXCHANGED else [tuple(range(R))]
        choices = itertools.product(orders, itertools.product((1.0, -1.0), repeat=R))
    middle, half = box.mean(axis=1), 0.5 * (box[:, 1] - box[:, 0])
    # Sizes that differ, none of them special; the box may lie to one side of what T maps it to.
    size = np.maximum(half, np.abs(middle)).max() * np.ones(R) if R <= MOST_EXCHANGED else half
    unit = cover(np.array([[-1.0, 1.0]] * R), PLACES, 1 + 2 ** min(R, 6), shift=0.377)
    places = np.where(np.abs(unit) < 0.05, 0.37, unit) * size
    expected = field.rhs(places, u)
    known = np.isfinite(expected).all(axis=1)
    places, expected = places[known], expected[known]
    found = []
    if len(places) == 0:
        return found
    scale = TOLERANCE * (np.abs(expected).max() + np.abs(places).max())
    for order, signs in choices:
        matrix = np.diag(signs)[:, order]
        if (matrix == np.eye(R)).all():
            continue
        if (np.abs(field.rhs(places @ matrix.T, u) - expected @ matrix.T) <= scale).all():
            found.append((matrix, _order(matrix)))
    return found


def mirrors_of_all(places):
    """The signed exchanges that leave a field unchanged at each of several places.

    Parameters
    ----------
    places : sequence of (Field, ndarray (S,), ndarray (R, 2))
        The field with its parameters, inputs and box there.

    Returns
    -------
    list of ndarray (R, R)

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> odd = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.ones(4), np.ones(4)))
    >>> box = np.array([[-1.0, 1.0]])
    >>> [len(mirrors_of_all([(odd, np.zeros(1), box), (odd, np.full(1, v), box)])) for v in (0.0, 0.1)]
    [1, 0]
    """
    found = [[matrix for matrix, _ in mirrors(*place)] for place in places]
    return [T for T in found[0] if all(any((T == other).all() for other in each) for each in found[1:])]


def _order(matrix):
    power, count = matrix, 1
    while not (power == np.eye(len(matrix))).all():
        power, count = power @ matrix, count + 1
    return count
