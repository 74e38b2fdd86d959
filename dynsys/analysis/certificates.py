"""Prove where a field has fixed points in a box, and where it has none (DYNAMICS, algorithm 1).

Branch and prune with interval Newton steps: every operation is rounded outward, so what the result says holds
for the exact equations with the field's numbers as they are stored. What cannot be decided is listed, never
dropped: a fixed point with a singular Jacobian, a ring, a box that the budget did not reach.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np

from dynsys import numerics
from dynsys.analysis.vector_field import check_field
from tasks.checks import as_array, check_count
from tasks.errors import InputError, Status
from tasks.results import keep_arrays

# Most roots, and most boxes that may wait, in one search.
MAX_ROOTS, MAX_WAITING = 4096, 32768
# Boxes examined before the rest is left undecided; a ring or line of fixed points would use up any number.
BUDGET, BUDGET_OF_CONTINUUM = 200_000, 10_000


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """What is proved about the fixed points of a field in a box.

    Parameters
    ----------
    box : ndarray (R, 2)
        The box that was searched.
    roots : ndarray (K, R, 2)
        Small boxes in ``box``; each holds exactly one fixed point.
    alone : ndarray (K', R, 2)
        Boxes in which one fixed point is alone: first those around ``roots``, in the same order, then others
        whose fixed point is not, or not surely, in ``box``.
    undecided : ndarray (U, R, 2)
        Boxes about which nothing is proved.
    inputs, parameters : mapping of str to float
        The exact values that it holds for.
    counts : mapping of str to int
        Boxes ``examined``, ``dropped`` and ``split``.
    status : Status
        CONVERGED if nothing is undecided.
    message : str
        All of it in one or two sentences.

    Notes
    -----
    In ``box``, outside ``alone`` and ``undecided``, there is no fixed point.

    Examples
    --------
    >>> nothing = np.zeros((0, 1, 2))
    >>> Certificate(np.array([[-1.0, 1.0]]), nothing, nothing, nothing).complete
    True
    """

    box: np.ndarray
    roots: np.ndarray
    alone: np.ndarray
    undecided: np.ndarray
    inputs: Mapping = dataclasses.field(default_factory=dict)
    parameters: Mapping = dataclasses.field(default_factory=dict)
    counts: Mapping = dataclasses.field(default_factory=dict)
    status: Status = Status.CONVERGED
    message: str = ""

    def __post_init__(self):
        keep_arrays(self, box=float, roots=float, alone=float, undecided=float)

    @property
    def proved(self):
        """int : number of fixed points that are proved to exist in the box, each of them once."""
        return len(self.roots)

    @property
    def complete(self):
        """bool : whether there are exactly `proved` fixed points in the box: nothing is undecided."""
        return len(self.undecided) == 0

    @property
    def regions(self):
        """ndarray (C, R, 2) : hulls of the undecided boxes that touch each other."""
        return _hulls(self.undecided, self.box)

    def __repr__(self):
        return f"Certificate({self.message})"

    def _repr_html_(self):
        return f"<p>{escape(self.message)}</p>"


def certify(field, inputs=None, box=None, seeds=None, budget=BUDGET):
    """Enclose every fixed point of a field in a box, with proof.

    Parameters
    ----------
    field : Field
        Made by `compile_field` or `reduced_field`.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        Where to search; the trapping box, with some room around it, if left out.
    seeds : array_like (K, R), optional
        Fixed points found by other means, to start from; they save work and prove nothing by themselves.
    budget : int, default 200000
        Boxes to examine before the rest is left undecided.

    Returns
    -------
    Certificate

    Raises
    ------
    InputError
        A field without an interval extension, a reversed or infinite box, or no box for an unbounded field.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> certify(field)  # kappa = 2 tanh(kappa)
    Certificate(proved: exactly 3 fixed points in the box; ...)
    """
    check_field(field)
    if field.enclose is None:
        raise InputError(
            "field: a proof needs F over intervals, as fields of compile_field and reduced_field have it; "
            "give enclose= to one made by hand"
        )
    u, params = field.input_vector(inputs), np.array(field.values)
    search = _search_box(field, box)
    seeds = np.zeros((0, field.dimension)) if seeds is None else as_array("seeds", seeds)
    seeds = np.array(seeds.reshape(-1, field.dimension))
    functions, kernel = field.enclose(), numerics.branch_and_prune
    width = 2 * field.dimension
    alone, tight = np.empty((MAX_ROOTS, width)), np.empty((MAX_ROOTS, width))
    queue, undecided = np.empty((MAX_WAITING, width)), np.empty((MAX_WAITING + 1, width))
    counts = np.zeros(5, dtype=np.int64)
    queue[0] = search.ravel()
    outcome = kernel.prove(
        functions.values, functions.slopes, u, params, search.ravel(), seeds, len(seeds), 1,
        check_count("budget", budget), np.inf, False, alone, tight, queue, undecided, counts,
    )  # fmt: skip
    return _certificate(
        search,
        *(
            array[: counts[place]].reshape(-1, field.dimension, 2)
            for array, place in ((alone, kernel.ROOTS), (tight, kernel.ROOTS), (undecided, kernel.UNDECIDED))
        ),
        {
            "inputs": dict(zip(field.inputs, u.tolist())),
            "parameters": field.parameter_values,
            "counts": dict(zip(("examined", "dropped", "split"), counts[kernel.EXAMINED :].tolist())),
            "status": Status.CONVERGED if outcome == kernel.DECIDED else Status.MAX_STEPS,
        },
    )


def reconcile(certificate, states):
    """Compare fixed points found by other means with what is proved.

    Parameters
    ----------
    certificate : Certificate
        What is proved.
    states : ndarray (K, R)
        Fixed points found.

    Returns
    -------
    kept : list of int
        States that are proved (each fixed point once), or lie in an undecided box; at all others there is
        none, whatever the residual.
    missed : ndarray (M, R)
        Proved fixed points that no state is.

    Examples
    --------
    >>> root = np.array([[[-1e-9, 1e-9]]])
    >>> certificate = Certificate(np.array([[-1.0, 1.0]]), root, root * 1e8, np.zeros((0, 1, 2)))
    >>> reconcile(certificate, np.array([[1e-12], [0.5]]))
    ([0], array([], shape=(0, 1), dtype=float64))
    """
    kept, met = [], set()
    unsure = np.concatenate([certificate.undecided, certificate.alone[certificate.proved :]])
    room = 1e-6 * certificate.box[:, 1] - 1e-6 * certificate.box[:, 0]
    for k, state in enumerate(states):
        around = _around(certificate.alone[: certificate.proved], state, 0.0)
        if len(around):
            if met.isdisjoint(around.tolist()):
                kept.append(k)
            met.update(around.tolist())
        elif len(_around(unsure, state, room)):
            kept.append(k)
    missed = [k for k in range(certificate.proved) if k not in met]
    return kept, certificate.roots[missed].mean(axis=2)


def _around(boxes, state, room):
    """Numbers of the boxes that hold a state."""
    return np.flatnonzero(((boxes[..., 0] - room <= state) & (state <= boxes[..., 1] + room)).all(axis=1))


def _search_box(field, box):
    trap = field.trapping_box()
    if box is None and trap is None:
        raise InputError("box: this field has no known trapping box; give one to search, as in box=[[-2, 2]]")
    if box is None:
        return np.ascontiguousarray(trap * (1 + 1e-3) + np.array([-1e-6, 1e-6]))
    box = np.array(as_array("box", box, (field.dimension, 2), "(R, 2)"))
    if not (box[:, 0] < box[:, 1]).all():
        bad = int(np.argmax(box[:, 0] >= box[:, 1]))
        raise InputError(f"box: row {bad} is reversed or empty: {box[bad, 0]:g} to {box[bad, 1]:g}")
    return box


def _certificate(box, alone, tight, undecided, facts):
    """Sort the proved roots: inside the box, on its face (undecided), outside."""
    inside = ((tight[..., 0] >= box[:, 0]) & (tight[..., 1] <= box[:, 1])).all(axis=1)
    outside = ((tight[..., 1] < box[:, 0]) | (tight[..., 0] > box[:, 1])).any(axis=1)
    undecided = np.concatenate([undecided, tight[~inside & ~outside]])
    centres = tight[inside].mean(axis=2)
    order = np.lexsort(np.round(centres, 9).T[::-1]) if len(centres) else slice(0)
    roots = tight[inside][order]
    status = facts["status"] if facts["status"] is not Status.CONVERGED or not len(undecided) else None
    facts["status"] = status or Status.NOT_CONVERGED
    count = len(roots)
    points = f"{count} fixed point{'s' * (count != 1)}"
    if len(undecided) == 0:
        message = f"proved: exactly {points} in the box; the rest of it holds none"
    else:
        clusters = len(_hulls(undecided, box))
        message = (
            f"proved: {points}; undecided: {len(undecided)} small boxes in {clusters} region"
            f"{'s' * (clusters != 1)}; the rest of the box holds no fixed point"
        )
        if status is Status.MAX_STEPS:
            message += (
                "; the budget ran out (a ring or line of fixed points, or a part where F is undefined?)"
            )
    message += f"; {facts['counts']['examined']} boxes examined."
    every = np.concatenate([alone[inside][order], alone[~inside]])
    return Certificate(box, roots, every, undecided, **facts, message=message)


def _hulls(boxes, box):
    """Hulls of the groups of boxes that touch."""
    room = 1e-9 * box[:, 1] - 1e-9 * box[:, 0]
    hulls = np.zeros((0, *box.shape))
    for one in boxes:
        low, high = one[:, 0] - room, one[:, 1] + room
        near = ((hulls[:, :, 0] <= high) & (low <= hulls[:, :, 1])).all(axis=1)
        group = np.concatenate([hulls[near], one[None]])
        merged = np.stack([group[..., 0].min(axis=0), group[..., 1].max(axis=0)], axis=-1)
        hulls = np.concatenate([hulls[~near], merged[None]])
    return hulls
