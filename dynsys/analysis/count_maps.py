"""How many fixed points a field has, over a grid of two parameters; each number is proved.

Where two fixed points meet, on the curves of folds between regions, no number can be proved: such a cell
holds `UNKNOWN`.
"""

import concurrent.futures
import itertools
import os
from dataclasses import dataclass

import numpy as np

from dynsys import numerics
from dynsys.analysis.vector_field import check_field
from tasks.checks import as_array, check_count
from tasks.errors import InputError
from tasks.results import keep_arrays

UNKNOWN = -1
# Boxes examined in one cell before it is given up, and cells in a map.
BUDGET, MAX_CELLS = 4000, 4_000_000
# Cells along a block that is tried at once.
SIDE = 32
# Room around trapping boxes, relative.
ROOM = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class CountMap:
    """Numbers of fixed points over two parameters.

    Parameters
    ----------
    names : tuple of str
        The parameter across (columns) and the one along (rows).
    across : ndarray (A,)
        Values of the first.
    along : ndarray (B,)
        Values of the second.
    counts : ndarray (B, A)
        Proved numbers of fixed points, -1 where none is proved.
    box : ndarray (R, 2) or None
        The box searched; None where each cell has its own trapping box.

    Examples
    --------
    >>> CountMap(("a", "b"), np.arange(2), np.arange(1), np.array([[1, 3]]))
    CountMap(2 cells over a and b: 1 fixed point in 1, 3 in 1; 0 not decided)
    """

    names: tuple
    across: np.ndarray
    along: np.ndarray
    counts: np.ndarray
    box: np.ndarray | None = None

    def __post_init__(self):
        keep_arrays(self, across=float, along=float, counts=np.int64, box=float)

    def __repr__(self):
        found, cells = np.unique(self.counts[self.counts >= 0], return_counts=True)
        listed = [f"{n} in {c}" for n, c in zip(found.tolist(), cells.tolist())]
        if listed:
            first = int(found[0])
            listed[0] = listed[0].replace(" in", f" fixed point{'s' * (first != 1)} in", 1)
        unknown = int((self.counts < 0).sum())
        across, along = self.names
        return (
            f"CountMap({self.counts.size} cells over {across} and {along}: {', '.join(listed) or 'none'}; "
            f"{unknown} not decided)"
        )


def count_map(field, across, along, inputs=None, box=None, budget=BUDGET, threads=None):
    """Count the fixed points of a field over a grid of two of its parameters or inputs, with proof.

    Parameters
    ----------
    field : Field
        Made by `compile_field` or `reduced_field`.
    across, along : (str, array_like (A,)), (str, array_like (B,))
        Name and values of the parameter or input that changes along a row, and from row to row.
    inputs : mapping of str to float, float or array_like (S,), optional
        The other inputs; zero if left out.
    box : array_like (R, 2), optional
        Where to count; each cell's own trapping box if left out.
    budget : int, default 4000
        Boxes to examine in a cell before it is given up.
    threads : int, optional
        How many to use; one for each processor if left out.

    Returns
    -------
    CountMap

    Raises
    ------
    InputError
        An unknown name, the same name twice, values that are not finite, or no box.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.ones(4), np.ones(4)))
    >>> count_map(field, ("gain", [0.4, 1.0]), ("v", [0.0, 0.3])).counts  # kappa = 2 gain tanh(kappa + v)
    array([[1, 3],
           [1, 3]])
    """
    check_field(field)
    if field.enclose is None:
        raise InputError("field: counting with proof needs a field of compile_field or reduced_field")
    (column, first), (row, second) = _axis("across", across, field), _axis("along", along, field)
    if column == row:
        raise InputError(f"across, along: both are {across[0]!r}; name two different ones")
    if first.size * second.size > MAX_CELLS:
        raise InputError(f"across, along: {first.size * second.size} cells, the limit is {MAX_CELLS}")
    u, params = field.input_vector(inputs), np.array(field.values)
    searches = _searches(field, box, (column, first), (row, second))
    narrow, wide, kernel = field.enclose(), field.enclose(wide=True), numerics.counting
    counts = np.full((second.size, first.size), UNKNOWN, dtype=np.int64)
    threads = check_count("threads", threads or os.cpu_count() or 1)
    budget = check_count("budget", budget)
    blocks = _blocks(counts.shape, 1 if wide is None else SIDE)
    wide = narrow if wide is None else wide
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        jobs = [
            pool.submit(
                kernel.count_blocks, wide.values, wide.slopes, narrow.values, narrow.slopes, u, params,
                searches, column, first, row, second, np.ascontiguousarray(part), budget, counts,
            )
            for part in np.array_split(blocks, min(8 * threads, len(blocks)))
        ]  # fmt: skip
        for job in jobs:
            job.result()
    box = None if box is None else searches.reshape(-1, 2)
    return CountMap((across[0], along[0]), first, second, counts, box)


def _blocks(shape, side):
    """First and last rows and columns of square blocks, (K, 4)."""
    rows, columns = (range(0, size, side) for size in shape)
    corners = itertools.product(rows, columns)
    return np.array([[b, min(b + side, shape[0]), a, min(a + side, shape[1])] for b, a in corners])


def _axis(what, given, field):
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not isinstance(given[0], str):
        raise InputError(f'{what}: expected a name and its values, as in ("gain", [0.5, 1.0])')
    name, values = given
    if name not in field.continuable:
        raise InputError(f"{what}: {name!r} is none of {', '.join(field.continuable)}")
    values = np.array(as_array(what, values, (None,), "(A,)"))
    if values.size == 0:
        raise InputError(f"{what}: no values of {name} to count at")
    return field.continuable.index(name), values


def _searches(field, box, across, along):
    """The box of each cell (B, A, 2 R), or one for all (1, 1, 2 R)."""
    if box is not None:
        box = np.array(as_array("box", box, (field.dimension, 2), "(R, 2)"))
        if not (box[:, 0] < box[:, 1]).all():
            raise InputError("box: a row is reversed or empty")
        return box.reshape(1, 1, -1)
    if field.trapping_box() is None:
        raise InputError("box: this field has no known trapping box; give one to search, as in box=[[-2, 2]]")
    # An input does not move the box; a parameter does, so each of its values has its own.
    (column, first), (row, second) = across, along
    count = len(field.inputs)
    first, second = first if column >= count else first[:1], second if row >= count else second[:1]
    names = field.parameters
    found = np.empty((second.size, first.size, 2 * field.dimension))
    for b, two in enumerate(second):
        for a, one in enumerate(first):
            pairs = ((column, one), (row, two))
            changed = {names[place - count]: value for place, value in pairs if place >= count}
            trap = field.with_values(**changed).trapping_box()
            if trap is None:
                raise InputError(f"box: no trapping box is known at {changed}; give one to search")
            found[b, a] = (trap * (1 + ROOM) + np.array([-1e-6, 1e-6])).ravel()
    return found
