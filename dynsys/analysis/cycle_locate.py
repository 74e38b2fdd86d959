"""Find where a test function of cycles vanishes within one step of a branch.

The tests vanish where, with nontrivial multipliers mu_i,

    fold      the parameter component of the tangent            mu = 1, two cycles meet
    branch    the determinant of the whole system               mu = 1, two branches cross
    doubling  the product of mu_i + 1                           mu = -1
    torus     the product of mu_i mu_j - 1, i < j               a pair on the unit circle, or a neutral saddle
    mark      p - p_mark                                        a cycle is wanted at this value
"""

import numpy as np

from dynsys.analysis.cycle_curve import nontrivial

# Evaluations of a test in one search; bracket, as a share of the step, that ends it; the same where the
# system is singular at the place, and where to solve beside it, as shares of the bracket.
EVALUATIONS, BRACKET, SINGULAR = 60, 1e-13, 1e-6
ASIDE = (0.0, 0.003, -0.003, 0.03, -0.03, 0.2, -0.2)
# An event is solved again on so many times the intervals, up to so many; it is first looked for within this
# share of the step.
FINER, FINE, NEAR, WIDE, WIDENINGS = 2, 240, 1e-4, 2e-3, 3


def tests_at(cycles, row, reference=0.0, marks=()):
    """The tests of one row: tangent, multipliers (n,), determinant and parameter.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    row : tuple
        y, tangent, multipliers, determinant.
    reference : float
        Logarithm that the determinant is divided by.
    marks : sequence of float
        Values of the parameter.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> row = np.ones(3), np.array([0.0, 0.0, -1.0]), np.array([1.0, -3.0]), np.array([1.0, 0.0])
    >>> found = tests_at(SimpleNamespace(n=2), row)
    >>> found["fold"], found["branch"], found["doubling"]
    (-1.0, 1.0, -0.5)
    """
    y, tangent, multipliers, determinant = row[:4]
    mu = nontrivial(multipliers[None])[0]
    tests = {
        "fold": float(tangent[-1]),
        "branch": float(determinant[0] * np.exp(np.clip(determinant[1] - reference, -600, 600))),
        "doubling": float(np.prod((mu + 1) / (1 + np.abs(mu))).real),
    }
    if mu.size > 1:
        i, j = np.triu_indices(mu.size, 1)
        product = mu[i] * mu[j]
        tests["torus"] = float(np.prod((product - 1) / (1 + np.abs(product))).real)
    return tests | {f"mark {k}": float(y[-1] - value) for k, value in enumerate(marks)}


class Step:
    """A step along a branch, as a function of the share of it that is gone.

    Parameters
    ----------
    cycles : CycleCurve
        The equations.
    mesh, base, direction : ndarray
        Where from, and which way.
    length : float
        Its arclength.
    after : float
        The parameter at its end.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> cycles = SimpleNamespace(unit=lambda mesh, y, direction: direction)
    >>> Step(cycles, np.zeros(3), np.zeros(9), np.ones(9), 0.1, 2.0).after
    2.0
    """

    def __init__(self, cycles, mesh, base, direction, length, after):
        self.cycles, self.mesh, self.base = cycles, mesh, base
        self.direction, self.length, self.after = cycles.unit(mesh, base, direction), length, after
        self.seed = 0  # 1 where the base is a fixed point

    def at(self, share, guess=None):
        found = self.cycles.solve(self.mesh, self.base, self.direction, share * self.length, guess, self.seed)
        return (
            None if found is None else (found.y, found.tangent, found.multipliers, found.determinant, found)
        )


def locate(step, name, low, first, high, second, marks):
    """The place of one event in a bracket (regula falsi, Illinois): share of the step, and what is there.

    Parameters
    ----------
    step : Step
        The step.
    name : str
        Which test.
    low, high : float
        The bracket, as shares of the step.
    first, second : tuple
        What is there.
    marks : sequence of float
        As in `tests_at`.

    Returns
    -------
    tuple of (float, tuple) or None

    Examples
    --------
    >>> row = np.ones(4), np.ones(4), np.ones(2), np.array([1.0, 0.0]), None
    >>> from types import SimpleNamespace
    >>> step = SimpleNamespace(cycles=None, at=lambda share: row)
    >>> locate(step, "fold", 0.0, row, 1.0, row, ()) is None  # no change of sign
    True
    """
    reference = float(first[3][1])

    def test(row):
        return tests_at(step.cycles, row, reference, marks)[name]

    if len(first) < 5 and not step.seed:  # at a fixed point itself there is no cycle to solve for
        first = step.at(low)
    end = step.at(high) if len(second) < 5 else second
    for extra in (1.05, 1.3):  # the mesh has moved since: the end of the step is not quite where it was
        if end is None or first is None or test(first) * test(end) <= 0:
            break
        end, high = step.at(extra * high), extra * high
    if end is None or first is None or test(first) * test(end) > 0:
        return None
    best = first if abs(test(first)) < abs(test(end)) else end
    (a, fa, ya), (b, fb, yb) = (low, test(first), first[0]), (high, test(end), end[0])
    row = first
    for _ in range(EVALUATIONS):
        if abs(b - a) <= (BRACKET if row is not None else SINGULAR * abs(high - low)) or fb == 0.0:
            break
        c = (a * fb - b * fa) / (fb - fa)
        if not min(a, b) < c < max(a, b):
            break
        for aside in ASIDE:  # at a branch point the system is singular: solve beside it
            beside = c + aside * (b - a)
            if not min(a, b) < beside < max(a, b):
                continue
            row = step.at(beside, ya + (beside - a) / (b - a) * (yb - ya))
            if row is not None or name != "branch":
                break
        if row is None:
            break
        best, fc, c = row, test(row), beside
        if fc * fb < 0:
            a, fa, ya = b, fb, yb
        else:
            fa *= 0.5
        b, fb, yb = c, fc, row[0]
    if name == "branch" and a != b:
        share = (a * fb - b * fa) / (fb - fa)
        between = ya + (share - a) / (b - a) * (yb - ya)
        return share, (between, *best[1:4], best[4]._replace(y=between))
    return b if best[0] is yb else a, best


def polished(step, name, row, marks):
    """The same event on twice as many intervals, at most 240: mesh and row; as it was where that fails.

    Parameters
    ----------
    step : Step
        The step.
    name : str
        Which test.
    row : tuple
        Where it vanishes.
    marks : sequence of float
        As in `tests_at`.

    Returns
    -------
    tuple of (ndarray, tuple)

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> cycles = SimpleNamespace(unit=lambda mesh, y, d: d, remesh=lambda mesh, y, n, d: (mesh, y, d))
    >>> step = Step(cycles, np.zeros(3), np.zeros(9), np.ones(9), 0.1, 2.0)
    >>> cycles.solve = lambda *arguments: None
    >>> polished(step, "fold", (step.base,), ())[0]
    array([0., 0., 0.])
    """
    own = step.mesh.size - 1
    intervals = max(own, min(FINER * own, FINE))
    remeshed = step.cycles.remesh(step.mesh, row[0], intervals, step.direction)
    fine = Step(step.cycles, *remeshed, step.length, step.after)
    width = WIDE if name == "branch" else NEAR
    for _ in range(WIDENINGS):
        ends = [fine.at(side * width) for side in (-1.0, 1.0)]
        if any(end is None for end in ends):
            return step.mesh, row
        values = [tests_at(step.cycles, end, ends[0][3][1], marks)[name] for end in ends]
        if values[0] * values[1] <= 0:
            place = locate(fine, name, -width, ends[0], width, ends[1], marks)
            return (fine.mesh, place[1]) if place is not None else (step.mesh, row)
        width *= 20
    return step.mesh, row
