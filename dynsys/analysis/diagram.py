"""Bifurcation diagrams: every branch that starts from any fixed point, and those that cross it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dynsys.analysis.branch_proof import UNKNOWN, is_trapped, prove_branches, sentence_of
from dynsys.analysis.continuation import trace_branch
from dynsys.analysis.curve import make_curve
from dynsys.analysis.cycle_families import cycle_families, not_followed
from dynsys.analysis.diagram_branches import early_ends, follow, mend, merged_points, orbits_of_two, passes
from dynsys.analysis.fixed_points import find_fixed_points
from dynsys.analysis.special_point import table
from dynsys.analysis.special_points import CROSSINGS
from dynsys.analysis.state_sizes import state_sizes
from dynsys.analysis.stray_cycles import starts_of, stray_cycles
from dynsys.analysis.strays import add_strays, room_of
from rnn.interrupts import interrupts_held
from tasks.checks import check_count, choose
from tasks.errors import InputError, Status

# Values of the parameter at which all fixed points are searched; where the inner ones lie in their cells.
SAMPLES, INNER = 9, 0.436
# How much longer than its chord the piece of a branch between two points may be.
BENT = 0.05


class Attractor(NamedTuple):
    """A stable fixed point as it moves with the parameter: one name from where it is born to where it ends.

    ``branch`` and ``points`` (a slice) say where it lies in a diagram, ``low`` and ``high`` for which values
    of the parameter it exists.
    """

    name: str
    branch: int
    points: slice
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class BifurcationDiagram:
    """Branches of fixed points over a span of one parameter, without duplicates.

    Parameters
    ----------
    parameter : str
        Name of the parameter or input.
    span : tuple of float
        Lowest and highest value.
    branches : tuple of Branch
        Each curve once.
    special_points : tuple of SpecialPoint
        Each point once, by increasing parameter value.
    status : Status
        COMPLETED when every branch ended well, else the first other status.
    message : str
        What was followed and how the index sums came out.
    inputs : mapping of str to float
        Inputs that were held.
    state : tuple of str
        Names of the coordinates.
    source : mapping
        Plain values that say which field it was.
    output_names : tuple of str
        Names of the outputs along the branches.
    counts : tuple of (float, int, int)
        Values of the parameter with the number of fixed points that a search finds there, and of states that
        the branches have there.
    cycles : tuple of CycleBranch
        Families of cycles that begin at its Hopf points, on those, and elsewhere.
    proof : tuple of Stretch
        Intervals of the parameter with the number of fixed points that is proved there (-1 for none) and that
        of states on the branches; empty unless ``certify`` was asked for.

    Examples
    --------
    >>> BifurcationDiagram("gain", (0.0, 2.0), (), (), Status.COMPLETED)
    BifurcationDiagram along gain from 0 to 2: 0 branches
    """

    parameter: str
    span: tuple
    branches: tuple
    special_points: tuple
    status: Status
    message: str = ""
    inputs: Mapping = field(default_factory=dict)
    state: tuple = ("kappa",)
    source: Mapping = field(default_factory=dict)
    output_names: tuple = ()
    counts: tuple = ()
    cycles: tuple = ()
    proof: tuple = ()

    def __post_init__(self):
        for name in ("branches", "special_points", "output_names", "counts", "cycles", "proof"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("inputs", "source"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    @property
    def complete(self):
        """bool : whether branches agree with the searches in `counts` and what is proved in `proof`."""
        proved = all(number in (UNKNOWN, there) for *_, number, there in self.proof)
        return proved and bool(self.counts) and all(found == there for _, found, there in self.counts)

    @property
    def attractors(self):
        """tuple of Attractor : stable stretches of the branches, each one attractor along the parameter."""
        pieces = [piece for k, branch in enumerate(self.branches) for piece in _stable_pieces(k, branch)]
        pieces.sort(key=lambda piece: (piece[2], piece[3]))
        return tuple(Attractor(f"A{i + 1}", *piece) for i, piece in enumerate(pieces))

    def at(self, value):
        """States of all branches at one value of the parameter, (K, R)."""
        rows = [branch.at(value) for branch in self.branches]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.state)))

    def __repr__(self):
        low, high = self.span
        count = len(self.branches)
        kind = " of a map" if "step" in self.source else ""
        lines = [f"BifurcationDiagram{kind} along {self.parameter} from {low:g} to {high:g}: "]
        lines[0] += f"{count} branch{'es' * (count != 1)}"
        lines[0] += f"; {self.message}" if self.message else ""
        lines += [f"  {point}" for point in self.special_points]
        return "\n".join(lines + [f"  {family!r}".replace("\n", "\n  ") for family in self.cycles])

    def _repr_html_(self):
        return table(self.special_points, repr(self).partition("\n")[0])


def bifurcation_diagram(
    field, parameter, span, inputs=None, samples=SAMPLES, rng=None, strict=False, cycles=True, certify=False
):
    """Follow every fixed point along a parameter.

    Starts from all fixed points at several values of the parameter, which finds isolated branches, and goes
    on along each branch that crosses at a branch point. Closed branches between those values (isolas) are
    looked for by starts in state and parameter at once. From Hopf points cycles are followed too.

    Parameters
    ----------
    field : Field
        The field.
    parameter : str
        Name of a parameter or an input.
    span : (float, float)
        Its lowest and highest value.
    inputs : mapping of str to float, float or array_like (S,), optional
        Constant inputs; zero if left out.
    samples : int, default 9
        Values of the parameter at which all fixed points are searched, both ends included.
    rng : numpy.random.Generator or int, optional
        As in `find_fixed_points`.
    strict : bool, default False
        Raise `OutcomeError` if a branch did not end well.
    cycles : bool or "all", default True
        Whether cycles are followed: those of the Hopf points, and those that a few starts at the sampled
        values settle on; with "all" also what `find_cycles` finds there backward in time and among saddles.

    certify : bool, default False
        Prove how many fixed points there are on intervals that cover the span (at a grid of values, for the
        field of a finite network), follow what the branches lack, and say in the message where nothing could
        be proved: next to folds and branch points. The numbers are in ``proof``.

    Returns
    -------
    BifurcationDiagram

    Raises
    ------
    InputError
        An unknown parameter, a bad span, or an input that is held and varied at once.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), np.ones(4), np.zeros(4), np.ones(4)))
    >>> bifurcation_diagram(field, "gain", (0, 2))
    BifurcationDiagram along gain from 0 to 2: 2 branches; all fixed points at 9 values of gain lie on them...
      SpecialPoint(pitchfork at gain = 1, kappa = [0.])
    """
    choose("cycles", cycles, (False, True, "all"))
    choose("certify", certify, (False, True))
    curve = make_curve(field, parameter, span, inputs)
    if isinstance(inputs, Mapping) and parameter in inputs:
        raise InputError(
            f"inputs: {parameter} is what the diagram goes along, from {curve.span[0, 0]:g} to "
            f"{curve.span[0, 1]:g}; it cannot be held at {inputs[parameter]} as well: leave it out of inputs"
        )
    values = _values(curve.span[0], check_count("samples", samples, 2))
    searches, branches, alone, orbits, interrupted = [], [], [], [], False
    starts, added, proof = 0, 0, []
    try:
        with interrupts_held() as ask:
            for p in values:
                ask()
                searches.append(find_fixed_points(*_at(curve, p), rng=rng))
            if field.box is None:
                found = [np.append(point.kappa, p) for p, each in zip(values, searches) for point in each]
                curve.scale[:-1] = state_sizes(curve, np.array(found).reshape(-1, curve.n + 1))
            for p, found in zip(values, searches):
                for point in found:
                    if not any(passes(curve, branch, point.kappa, p) for branch in branches):
                        ask()
                        branch = trace_branch(curve, point.kappa, p)
                        follow(curve, branches, branch, ask)
                        alone += [branch] if len(branch) < 2 else []
            if not any(found.continua for found in searches):
                starts, added = add_strays(curve, searches, branches, ask)
            mend(curve, branches, ask)
            if certify:
                ask()
                room = room_of(curve, searches)
                proof = prove_branches(curve, branches, room, functools.partial(_at, curve), ask)
            if field.step is not None:
                ask()
                orbits = orbits_of_two(curve, branches)
    except KeyboardInterrupt:  # the branches that were followed are kept
        interrupted = True
    incomplete = sum(not found.status.ok or bool(found.continua) for found in searches)
    counts = tuple(
        (float(p), len(found), sum(len(branch.at(p)) for branch in branches))
        for p, found in zip(values[2:], searches[2:])
        if found.status.ok and not found.continua
    )
    branches += orbits
    specials = merged_points(curve, branches)
    status = next((b.status for b in [*branches, *alone] if not b.status.ok), Status.COMPLETED)
    message = f"all fixed points at {samples} values of {parameter} lie on them"
    if searches and not branches:
        reach = max(np.abs(found.box).max() for found in searches)
        message = f"no fixed point was found at {samples} values of {parameter} in boxes up to {reach:g}"
    elif starts:
        message += f", and all that {starts} starts between those reach"
        message += f" ({added} branch{'es' * (added != 1)} found by these alone)" if added else ""
    odd = [p for p, searched, there in counts if searched != there]
    if odd:
        message = (
            f"at {parameter} = {odd[0]:g} a search and the branches disagree on the number of fixed points"
        )
    if alone:
        points = "1 fixed point" if len(alone) == 1 else f"{len(alone)} fixed points"
        message = f"{points} could not be followed: {alone[0].message}"
    if incomplete:
        why = "are isolated" if any(found.continua for found in searches) else "could be found"
        message = f"at {incomplete} of {samples} values of {parameter} not all fixed points {why}"
    message += _orbits_followed(orbits) + early_ends(branches)
    if proof:
        message += f"; {sentence_of(proof, specials, parameter, None if is_trapped(curve) else room)}"
    families = []
    flows = field.bulk_radius is None and field.step is None
    if cycles and not interrupted and flows and field.dimension > 1:
        try:
            hopfs = [point for point in specials if point.kind == "Hopf"]
            places = [(float(p), *_at(curve, p), found) for p, found in zip(values, searches)]
            box = room_of(curve, searches) if field.box is None else None
            others = functools.partial(stray_cycles, curve, places, box, unstable=cycles == "all")
            for family in cycle_families(curve, hopfs, others):
                families.append(family)
            message += _cycles_searched(field, families, cycles)
            message += not_followed(curve, hopfs, families)
        except KeyboardInterrupt:  # so are the families
            interrupted = True
    if interrupted:
        status, message = Status.INTERRUPTED, Status.INTERRUPTED.value
    held = {name: float(curve.inputs[i]) for i, name in enumerate(field.inputs) if i not in curve.columns}
    ends = tuple(curve.span[0].tolist())
    status.check(strict, message)
    return BifurcationDiagram(
        parameter, ends, branches, specials, status, message, held, field.state, field.source,
        field.output_names, counts, families, proof,
    )  # fmt: skip


def _orbits_followed(orbits):
    if not orbits:
        return ""
    kinds = [point.kind for branch in orbits for point in branch.special_points]
    crossed = sum(kind in CROSSINGS for kind in kinds)
    text = f"; orbits of period 2 from flips: {len(orbits) // 2}, with {len(kinds)} special points"
    return text + (f", {crossed} at which others cross that are not followed" if crossed else "")


def _cycles_searched(field, families, cycles):
    count = f"{len(families)} famil{'ies' if len(families) != 1 else 'y'}"
    how = (
        "stable and unstable ones searched"
        if cycles == "all"
        else f"what {starts_of(field)} starts settle on"
    )
    return f"; cycles: {count}, from Hopf points and {how} at these values"


def _stable_pieces(number, branch):
    """(branch, points, low, high) of each stable stretch; its parameter turns back nowhere inside it."""
    if branch.source.get("point", 1) > 1:  # an orbit of period 2 is one attractor
        return
    padded = np.concatenate([[False], branch.stable, [False]]).astype(int)
    for start, stop in zip(np.flatnonzero(np.diff(padded) > 0), np.flatnonzero(np.diff(padded) < 0)):
        values = list(branch.values[start:stop])
        values += [value for k in (start, stop) for value in _changes_between(branch, k)]
        if max(values) > min(values):
            yield number, slice(int(start), int(stop)), float(min(values)), float(max(values))


def _changes_between(branch, k):
    """Where the stability changes between the points k - 1 and k of a branch: values of the parameter."""
    if not 0 < k < len(branch):
        return
    points = np.column_stack([branch.kappa, branch.values])[[k - 1, k]]
    reach = np.linalg.norm(points[1] - points[0])
    for special in branch.special_points:
        apart = np.linalg.norm(np.append(special.kappa, special.value) - points, axis=1)
        if special.kind not in ("event", "neutral saddle") and apart.max() <= reach * (1 + BENT):
            yield special.value


def _values(span, samples):
    """Both ends and places between them that no symmetry would choose."""
    low, high = span
    inner = (np.arange(samples - 2) + INNER) / (samples - 2)
    return [low, high, *(low + (high - low) * inner)]


def _at(curve, p):
    """The field and its inputs at one value of the parameter."""
    field, u = curve.field, curve.inputs.copy()
    if curve.parameter in field.parameters:
        return field.with_values(**{curve.parameter: p}), u
    u[curve.columns[0]] = p
    return field, u
