r"""Symmetries of a system: which sign flips, exchanges and rotations leave its equations unchanged.

A linear map T of the state and the inputs is a symmetry if F(T kappa, T v) = T F(kappa, v) for all kappa and
v; a matrix K generates a family of them at zero input if DF(kappa) K kappa = K F(kappa). Both are identities
between analytic functions, tested at random places: what holds at all of them to rounding holds everywhere.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from dynsys.symbolic.codegen import generate, load
from dynsys.symbolic.origin import check_system
from tasks.errors import InputError

PLACES = 4  # random places where every identity is tested
TOLERANCE = 1e-10
MOST = 20_000  # signed exchanges to try
TRIES = 40  # random parameters to draw until the equations are finite


@dataclass(frozen=True, eq=False, repr=False)
class Symmetries:
    """What leaves the equations of a system unchanged.

    Parameters
    ----------
    maps : tuple of dict
        Each from the name of a variable to (sign, name): it is replaced by sign times the named one. The
        identity is left out.
    generators : tuple of ndarray (R, R)
        A basis of the matrices K such that kappa -> exp(theta K) kappa is a symmetry at zero input for all
        theta.
    rotations : tuple of bool
        Whether each generator turns: its eigenvalues are imaginary, so that ellipses stay where they are.
    names : tuple of str
        The variables.
    about : str
        Whether it holds for all values of the parameters, or for the system's own.

    Examples
    --------
    >>> Symmetries(({"x": (-1, "x")},), (), (), ("x",), "all parameters")
    Symmetries(for all parameters: x -> -x)
    """

    maps: tuple
    generators: tuple
    rotations: tuple
    names: tuple
    about: str

    def __contains__(self, change):
        """Whether a map, such as ``{"kappa": (-1, "kappa"), "v": (-1, "v")}``, is among them."""
        whole = {name: change.get(name, (1, name)) for name in self.names}
        return whole in self.maps

    def __repr__(self):
        texts = [_text(change) for change in self.maps]
        turns = sum(self.rotations)
        texts += [f"{turns} rotation{'s' * (turns > 1)} of kappa at zero input"] * (turns > 0)
        rest = len(self.rotations) - turns
        texts += [f"{rest} other linear famil{'y' if rest == 1 else 'ies'} at zero input"] * (rest > 0)
        return f"Symmetries(for {self.about}: {'; '.join(texts) or 'none'})"


def symmetries(system, values=False):
    """Find the symmetries of a system.

    For one population and zero means, (kappa, v) -> (-kappa, -v) is one whatever the covariances (THEORY 6).

    Parameters
    ----------
    system : System
        The equations.
    values : bool, default False
        For the system's values of the parameters, instead of for all values.

    Returns
    -------
    Symmetries

    Raises
    ------
    InputError
        A parameter without a value, too many variables, or equations that are finite nowhere.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.symbolic.system import System
    >>> x, y, a = sympy.symbols("x y a")
    >>> symmetries(System([a * x - x**3, a * y - y**3], [x, y], parameters={"a": 1.0})).maps[0]
    {'x': (1, 'x'), 'y': (-1, 'y')}
    """
    check_system(system)
    missing = [name for name in system.parameter_names if values and name not in system.values]
    if missing:
        raise InputError(f"values: no value for {', '.join(missing)}; give them, or ask with values=False")
    module, rng = load(generate(system)), np.random.default_rng(20220601)
    places = _places(system, module, values, rng)
    R, S = len(system.state), len(system.inputs)
    count = _factorial(R) * _factorial(S) * 2 ** (R + S)
    if count > MOST:
        raise InputError(f"system: {R} + {S} variables have {count} signed exchanges, more than {MOST}")
    found = [change for change in _signed_exchanges(R, S) if _leaves_unchanged(change, module, places, R)]
    names = (*system.state_names, *system.input_names)
    maps = tuple({names[i]: (sign, names[j]) for i, (sign, j) in enumerate(change)} for change in found[1:])
    generators = _generators(module, places, R)
    rotations = tuple(bool(np.abs(np.linalg.eigvals(K).real).max() < 1e-6) for K in generators)
    return Symmetries(maps, generators, rotations, names, "these values" if values else "all parameters")


def _places(system, module, values, rng):
    """Random states, inputs and parameters where F is finite, at a distance from special values."""
    R, S, names = len(system.state), len(system.inputs), system.parameter_names
    places, size = [], 1.0
    for _ in range(TRIES):
        kappa, v = (size * rng.uniform(0.3, 1.0, n) * rng.choice([-1.0, 1.0], n) for n in (R, S))
        own = [system.values[name] for name in names] if values else rng.uniform(0.5, 1.5, len(names))
        place = kappa, v, np.array(own, dtype=float)
        if np.isfinite(_rhs(module, *place)).all() and np.isfinite(_rhs(module, -kappa, -v, place[2])).all():
            places.append(place)
        else:
            size *= 0.7  # a variance was negative
        if len(places) == PLACES + R:
            return places
    raise InputError(
        "system: the equations are not finite at random places; give values and ask with values=True"
    )


def _signed_exchanges(R, S):
    """Every map that exchanges variables of a kind and flips signs; the identity first."""
    for states, inputs in itertools.product(
        itertools.permutations(range(R)), itertools.permutations(range(R, R + S))
    ):
        for signs in itertools.product((1, -1), repeat=R + S):
            yield tuple(zip(signs, (*states, *inputs)))


def _leaves_unchanged(change, module, places, R):
    signs, order = np.array([sign for sign, _ in change], dtype=float), [j for _, j in change]
    for kappa, v, parameters in places[:PLACES]:
        y = signs * np.concatenate([kappa, v])[order]
        moved = _rhs(module, y[:R], y[R:], parameters)
        expected = signs[:R] * _rhs(module, kappa, v, parameters)[order[:R]]
        if not np.abs(moved - expected).max() <= TOLERANCE * (1.0 + np.abs(expected).max()):
            return False
    return True


def _generators(module, places, R):
    """Null space of K -> DF(kappa) K kappa - K F(kappa) over random places, at zero input."""
    if R == 1:
        return ()
    rows = []
    for kappa, v, parameters in places:
        A, F = np.empty(R * R), _rhs(module, kappa, 0 * v, parameters)
        module.jacobian(kappa, 0 * v, parameters, A)
        rows.append(np.kron(A.reshape(R, R), kappa) - np.kron(np.eye(R), F))
    _, sizes, vectors = np.linalg.svd(np.concatenate(rows))
    kept = vectors[sizes <= TOLERANCE * max(sizes[0], 1.0)]
    return tuple(K.reshape(R, R) for K in kept)


def _rhs(module, kappa, v, parameters):
    out = np.empty(len(kappa))
    module.rhs(np.ascontiguousarray(kappa), np.ascontiguousarray(v), parameters, out)
    return out


def _text(change):
    """What a map does to the variables that it changes, such as (kappa1, kappa2) -> (kappa2, -kappa1)."""
    moved = [name for name, target in change.items() if target != (1, name)]
    targets = [f"{'-' if change[name][0] < 0 else ''}{change[name][1]}" for name in moved]
    left, right = ", ".join(moved), ", ".join(targets)
    return f"{left} -> {right}" if len(moved) == 1 else f"({left}) -> ({right})"


def _factorial(n):
    return int(np.prod(np.arange(1, n + 1)))
