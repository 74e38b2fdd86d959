"""Find all fixed points of a field at constant inputs.

In one dimension the whole box is scanned with exact derivatives, so that double roots are found too. In more
dimensions Newton's method runs from many starts in one compiled call. Either way each root's residual is
checked against rounding, roots are told apart by how far rounding can have moved them, and where a trapping
box is known the indices must sum to +1.
"""

import numpy as np

from dynsys.analysis import certificates
from dynsys.analysis.around import rare_roots, starts_around
from dynsys.analysis.continua import split_continua
from dynsys.analysis.cover import cover
from dynsys.analysis.equilibria import Continuum, FixedPoint, FixedPoints, classify
from dynsys.analysis.kinks import jacobian_at
from dynsys.analysis.line_scan import roots_of_line, rounding
from dynsys.analysis.vector_field import check_field
from dynsys.numerics.newton import newton_many
from tasks.checks import as_array, check_count, check_rng, choose
from tasks.errors import InputError, Status

__all__ = ["Continuum", "FixedPoint", "FixedPoints", "find_fixed_points"]

# Cells of the scan in one dimension; starts in two, three and more dimensions.
CELLS = 512
STARTS = {2: 256, 3: 768}
STARTS_MORE = 2048
# A search that misses a point is repeated with this many times as many starts, this often.
GROWTH, ROUNDS = 4, 3
# While single starts lead to points and no index sum tells whether one is missing, it goes on for so long.
RARE_ROUNDS = 8
# Bounds beyond this are refused: no number of starts would cover such a box.
MAX_BOUND = 1e6
# Half-widths of the boxes that are searched one after another where no trapping box is known; the last
# ones only while there are fewer points than MANY (a sine has as many as the box has room for).
GROWING = (2.0, 8.0, 32.0, 128.0, 512.0, 2048.0, 8192.0, 32768.0, 262144.0, 2097152.0)
COMMON, MANY = 512.0, 64
# Starts in each of the larger boxes that look whether these hold more.
SCOUTS = 48
# A far root counts where rounding errors of F move it by no more than this share of its size: F may also
# just fade away.
SURE = 1e-6
# Room around the trapping box, relative and absolute.
MARGIN = 1e-3
# Decimals (of the largest state) in which roots agree that are taken for one before they are told apart.
ALIKE = 12
# Roots closer than this share of the box are one, unless rounding is known to move them less.
MERGE = 1e-9


def find_fixed_points(field, inputs=None, box=None, starts=None, rng=None, strict=False, certify=False):
    """Find the fixed points of a field in a box.

    Parameters
    ----------
    field : Field
        The field.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    box : array_like (R, 2), optional
        Lower and upper bounds. By default the trapping box, which holds every fixed point; where none is
        known, boxes that grow until they bring nothing new.
    starts : int, optional
        Starts of Newton's method (in one dimension: cells of the scan).
    rng : numpy.random.Generator or int, optional
        Shifts the starts; without it they are the same every time.
    strict : bool, default False
        Raise `OutcomeError` if a point is known to be missing.
    certify : bool, default False
        Prove what was found: the result's ``certificate`` says which points exist, each of them once, where
        there are no others, and what is undecided. Points that the search missed are added, points that
        cannot exist are dropped. The proof takes longer: each step of a finite network costs its N units.

    Returns
    -------
    FixedPoints

    Raises
    ------
    InputError
        A box that is reversed, not finite, of the wrong shape or wider than 1e6.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> find_fixed_points(field)  # kappa = 2 tanh(kappa)
    3 fixed points at v = 0: 512 cells scanned; the indices sum to +1, as they must.
      stable node at kappa = [-1.915008], eigenvalues [-0.833628]
      unstable node at kappa = [0.], eigenvalues [1.]
      stable node at kappa = [1.915008], eigenvalues [-0.833628]
    """
    check_field(field)
    choose("certify", certify, (False, True))
    u = field.input_vector(inputs)
    starts = None if starts is None else check_count("starts", starts)
    shift = np.full(field.dimension, 0.5) if rng is None else check_rng(rng).random(field.dimension)
    trap = field.trapping_box()
    boxes, complete = _boxes(field, box, trap)
    complete = complete and field.bulk_radius is None  # a point with Delta_0 = 0 lies on the box itself
    points, continua, counts = [], (), {"starts": 0, "converged": 0, "dropped": 0}
    roots = np.zeros((0, field.dimension))
    for k, limits in enumerate(boxes):
        before = len(points), len(continua)
        points, continua, counts, beyond, roots = _search(
            field,
            u,
            limits,
            starts,
            shift,
            complete,
            box is not None,
            counts,
            roots[_inside(roots, limits)],
        )
        larger = boxes[k + 1 :]
        if not larger or (limits.max() >= COMMON and len(points) >= MANY):
            break
        if before == (len(points), len(continua)) and (points or continua or limits.max() >= COMMON):
            scouted = _scout(field, u, larger, shift, roots)
            if not (beyond or len(scouted)):
                break
            roots = np.concatenate([roots, scouted])
    certificate = None
    if certify:
        budget = certificates.BUDGET_OF_CONTINUUM if continua else certificates.BUDGET
        found = np.array([point.kappa for point in points]).reshape(-1, field.dimension)
        certificate = certificates.certify(field, u, limits, found, budget)
        kept, missed = certificates.reconcile(certificate, found)
        points = [points[k] for k in kept] + [_fixed_point(field, u, root, limits) for root in missed]
        points = [points[k] for k in _order(np.array([point.kappa for point in points]))]
    index_sum = sum(point.index for point in points)
    status, message = _verdict(field, points, continua, counts, index_sum, complete)
    if box is None and trap is None:
        message += f" No trapping box is known; boxes up to {limits[0, 1]:g} in absolute value were searched."
    if certificate is not None:
        message += f" {certificate.message[0].upper()}{certificate.message[1:]}"
        status = certificate.status if certificate.complete or not status.ok else status
    status.check(strict, message)
    settings = dict(zip(field.inputs, u.tolist()))
    return FixedPoints(
        points, settings, status, counts, index_sum, limits, message, continua, field.state, field.source,
        certificate,
    )  # fmt: skip


def _boxes(field, box, trap):
    """The boxes to search one after another, and whether they are known to hold every fixed point."""
    if box is None and trap is None:
        return [np.array([[-half, half]] * field.dimension) for half in GROWING], False
    if trap is not None:
        trap = trap * (1 + MARGIN) + np.array([-MARGIN, MARGIN]) * MARGIN
    if box is None:
        return [trap], True
    box = np.array(as_array("box", box, (field.dimension, 2), "(R, 2)"))
    if not (box[:, 0] < box[:, 1]).all():
        bad = int(np.argmax(box[:, 0] >= box[:, 1]))
        low, high = box[bad]
        raise InputError(f"box: row {bad} is reversed or empty: lower bound {low:g}, upper bound {high:g}")
    if np.abs(box).max() > MAX_BOUND:
        hint = "leave box out" if trap is not None else "give a smaller one"
        reach = np.abs(box).max()
        raise InputError(
            f"box: reaches {reach:.3g}, above the limit {MAX_BOUND:g}; even {STARTS_MORE} starts would be "
            f"{reach / STARTS_MORE:.3g} apart along one axis; {hint}"
        )
    whole = trap is not None and (box[:, 0] <= trap[:, 0]).all() and (box[:, 1] >= trap[:, 1]).all()
    return [box], bool(whole)


def _search(field, u, box, starts, shift, complete, given, counts, roots):
    """Search one box, again with more starts while the indices say that a point is missing.

    ``roots`` are those of a smaller box, which a coarser cover may not meet again. Also returned are whether
    Newton's method met points beyond the box, and all roots for the next one.
    """
    size = starts or (CELLS if field.dimension == 1 else STARTS.get(field.dimension, STARTS_MORE))
    converged, beyond, met, rare = 0, False, np.zeros((0, field.dimension)), 0
    offset, draws = 0, np.random.default_rng(0)
    for tries in range(max(ROUNDS, RARE_ROUNDS)):
        if field.dimension == 1:
            found, tried = roots_of_line(field, u, box, size, given), size
        else:
            states = cover(box, size, offset, shift)
            if field.bulk_radius is not None:
                states[0] = 0.0  # silence, on the edge of the box
            if rare:
                states = np.concatenate([states, starts_around(roots, box, draws)])
            found, tried = _newton(field, u, states)
        inside = _inside(found, box)
        far = found[~inside]
        beyond = beyond or bool((np.abs(far[_sure(field, u, far)]) <= GROWING[-1]).all(axis=1).any())
        found = found[inside]
        counts = {**counts, "starts": counts["starts"] + tried}
        converged += len(found)
        roots = _distinct(field, u, np.concatenate([roots, found]), box)
        isolated, continua = split_continua(field, u, roots, box)
        points = [_fixed_point(field, u, root, box) for root in isolated]
        indices = [point.index for point in points]
        met = np.concatenate([met, found])
        rare = 0 if complete or continua or field.dimension == 1 else rare_roots(roots, met, box)
        done = not complete or continua or 0 in indices or sum(indices) == 1
        if (not rare or starts) and (done or tries + 1 >= ROUNDS):
            break
        offset += size
        size *= GROWTH if complete else 1
    counts["converged"] = len(points) if field.dimension == 1 else converged
    counts["dropped"] = 0 if field.dimension == 1 else counts["starts"] - converged
    counts["rare"] = rare
    return points, continua, counts, beyond, roots


def _inside(states, box):
    return ((states >= box[:, 0]) & (states <= box[:, 1])).all(axis=1)


def _scout(field, u, boxes, shift, known):
    """Roots in larger boxes that are not known, from a few starts in each of them."""
    starts = np.concatenate([cover(box, SCOUTS, shift=shift) for box in boxes])
    found, _ = _newton(field, u, starts)
    found = found[_inside(found, boxes[-1])]
    found = _distinct(field, u, found[_sure(field, u, found)], boxes[0])
    apart = np.abs(found[:, None] - known).max(axis=2).min(axis=1, initial=np.inf)
    return found[apart > SURE * (1.0 + np.abs(found).max(axis=1))]


def _sure(field, u, roots):
    """Which roots rounding errors of F cannot move far, (K,)."""
    jacobians = field.jacobian(roots, u)
    smallest, smooth = np.zeros(len(roots)), np.isfinite(jacobians).all(axis=(1, 2))
    smallest[smooth] = np.linalg.svd(jacobians[smooth], compute_uv=False)[:, -1]
    return rounding(field, u, roots) <= SURE * (1.0 + np.abs(roots).max(axis=1, initial=0.0)) * smallest


def _newton(field, u, states):
    residuals, steps = np.empty(len(states)), np.zeros(len(states))
    rhs, jacobian, *_ = field.functions
    newton_many(rhs, jacobian, u, np.array(field.values), states, residuals, steps)
    tried = len(states)
    finite = np.isfinite(residuals) & np.isfinite(states).all(axis=1)  # a sigmoid is finite at infinity
    states, residuals = states[finite], residuals[finite]
    first, group = _groups(states)
    noise = rounding(field, u, states[first])[group]
    return states[residuals <= 4 * noise], tried


def _groups(states):
    """States that agree to all but rounding: the first of each group, and the group of each state."""
    if len(states) == 0:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    digits = np.round(states / (1.0 + np.abs(states).max()), ALIKE)
    _, first, group = np.unique(digits, axis=0, return_index=True, return_inverse=True)
    return first, group.ravel()


def _distinct(field, u, roots, box):
    """One root of each cluster; a cluster is as wide as rounding errors of F can scatter one root."""
    if len(roots) == 0:
        return roots
    first, group = _groups(roots)
    sizes = np.abs(field.rhs(roots, u)).max(axis=1)
    order = np.lexsort((sizes, group))  # of each group the one with the least residual
    roots = roots[order[np.searchsorted(group[order], np.arange(len(first)))]]
    jacobians = field.jacobian(roots, u)
    smallest, smooth = np.full(len(roots), np.inf), np.isfinite(jacobians).all(axis=(1, 2))
    smallest[smooth] = np.linalg.svd(jacobians[smooth], compute_uv=False)[:, -1]
    width = min((box[:, 1] - box[:, 0]).max(), 2 * COMMON)
    reach = np.minimum(rounding(field, u, roots) / np.maximum(smallest, 1e-300), 1e-4 * width)
    reach = np.maximum(reach, MERGE * width)
    residuals = np.abs(field.rhs(roots, u)).max(axis=1)
    kept = []
    for k in np.lexsort((residuals, np.round(np.log10(residuals + 1e-300)))):
        others = roots[kept]
        if not (np.abs(others - roots[k]).max(axis=1) <= np.maximum(reach[kept], reach[k])).any():
            kept.append(k)
    roots = roots[kept]
    return roots[_order(roots)]


def _order(roots):
    return np.lexsort(np.round(roots, 9).T[::-1]) if len(roots) else np.zeros(0, dtype=int)


def _fixed_point(field, u, root, box):
    jacobian = jacobian_at(field, u, root, (box[:, 1] - box[:, 0]).max())
    residual = float(np.abs(field.rhs(root, u)).max())
    if np.isnan(jacobian).any():
        nothing = jacobian.diagonal()
        return FixedPoint(root, nothing, jacobian, *classify(nothing), residual, None, field.outputs(root, u))
    eigenvalues, vectors = np.linalg.eig(jacobian)
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real))
    eigenvalues, vectors = eigenvalues[order].astype(complex), vectors[:, order]
    modes = eigenvalues if field.step is None else 1.0 + field.step * eigenvalues
    kind, index = classify(modes, field.clock)
    stable = None if field.alpha is None else bool((np.abs(1 + field.alpha * eigenvalues) < 1).all())
    outputs, radius = field.outputs(root, u), None
    if field.bulk_radius is not None:
        radius = float(np.sqrt(outputs[field.output_names.index(field.bulk_radius)]))
        if radius >= 1.0:  # eigenvalues of either sign, in the full network
            kind, stable = "saddle", None if stable is None else False
    return FixedPoint(root, modes, vectors, kind, index, residual, stable, outputs, radius, field.clock)


def _verdict(field, points, continua, counts, index_sum, complete):
    how = f"{counts['converged']} of {counts['starts']} starts converged"
    if field.dimension == 1:
        how = f"{counts['starts']} cells scanned"
    if continua:
        return Status.CONVERGED, f"{how}; {len(continua)} set of points that are not isolated: no index sum."
    kinks = sum(bool(np.isnan(point.eigenvalues).any()) for point in points)
    if kinks:
        return Status.CONVERGED, f"{how}; F has a kink at {kinks} of them: no eigenvalues, no index sum."
    if any(point.index == 0 for point in points):
        return Status.CONVERGED, f"{how}; a point with a zero eigenvalue: the indices cannot be summed."
    if not complete:
        text = f"{how}; points outside the box, if any, are not counted."
        if counts.get("rare"):
            text += (
                f" Single starts led to {counts['rare']} of them, so there may be more; certify=True tells."
            )
        return Status.CONVERGED, text
    if index_sum == 1:
        return Status.CONVERGED, f"{how}; the indices sum to +1, as they must."
    return Status.NOT_CONVERGED, (
        f"{how}; the indices sum to {index_sum:+d} but must sum to +1, so a point is missing; raise starts."
    )
