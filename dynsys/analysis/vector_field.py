"""A field: the compiled right-hand side of tau dkappa/dt = F(kappa, v; parameters), with exact derivatives.

Every analysis takes a `Field`, whoever made it. The signatures of its functions are fixed, so the compiled
kernels of the project serve all fields without being compiled again.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tasks.checks import as_array, check_kind, check_number
from tasks.errors import InputError
from tasks.results import html_table


class FieldFunctions(NamedTuple):
    """The compiled functions of a field, each ``f(kappa, inputs, params, ..., out)`` on float64 vectors.

    Parameters
    ----------
    rhs : function
        ``out`` (R,) = F.
    jacobian : function
        ``out`` (R * R,), row by row = dF/dkappa.
    parameter_jacobian : function
        ``out`` (R * (S + P),), row by row = dF in the inputs, then in the named parameters.
    directional : function
        Takes a direction q (R,) before ``out``; ``out`` (2 R,) = B(q, q), then C(q, q, q), the second and
        third derivatives of F along q.
    outputs : function
        ``out`` (O,) = z.
    taylor : function, optional
        Takes a direction (dkappa, dinputs, dparameters) (R + S + P,) and the field's ``program`` before
        ``out``; ``out`` (n R,) = the derivatives of F along it, orders 1 to n. Without it derivatives in the
        parameters above the first are differences, and there are none above the third.

    Notes
    -----
    Signatures: `dynsys.numerics.signatures`. To make a field by hand, decorate such functions with
    ``rnn.jit.jit(SIGNATURE)`` and pass them to `Field`.

    Examples
    --------
    >>> FieldFunctions._fields
    ('rhs', 'jacobian', 'parameter_jacobian', 'directional', 'outputs', 'taylor')
    """

    rhs: Callable
    jacobian: Callable
    parameter_jacobian: Callable
    directional: Callable
    outputs: Callable
    taylor: Callable | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Field:
    """A compiled vector field with named state, inputs and parameters.

    Parameters
    ----------
    functions : FieldFunctions
        The compiled functions.
    state : tuple of str
        Names of the coordinates of kappa.
    inputs : tuple of str
        Names of the inputs.
    parameters : tuple of str
        Names of the parameters, which a continuation may vary.
    values : array_like (L,)
        What the functions get as ``params``: the named parameters first, then data without names.
    output_names : tuple of str
        Names of the outputs.
    alpha : float, optional
        Euler step dt / tau of the network it stands for.
    box : callable, optional
        From ``{parameter: value}`` to the bound (R,) on every abs(kappa_r) that no trajectory leaves, or to
        lower and upper bounds (R, 2); None where there is none.
    filtered_inputs : bool
        Whether the inputs are v of tau dv/dt = -v + u rather than u itself.
    label : str
        What it is, for titles.
    source : mapping
        Plain values that say where it comes from.
    time_unit : str
        Unit of time of F, such as "tau".
    enclose : callable, optional
        Returns the compiled functions ``values`` and ``slopes``, F and its Jacobian over boxes of states as
        intervals (`dynsys.symbolic.enclosures`); what proofs need. With ``wide=True`` those whose inputs and
        parameters are intervals too, or None.
    program : array_like (Q, 4), optional
        What ``functions.taylor`` runs from, for fields made of equations.
    bulk_radius : str, optional
        Name of the output that is the squared radius of a random bulk's eigenvalues around -1. Such a field
        holds at stationary states only: `check_flow` refuses it.
    step : float, optional
        Of a map x -> x + step F(x) (see `dynsys.analysis.maps.as_map`); None for the flow of F.
    period : int
        Of a map's orbits: how many of their points the state lists.

    Raises
    ------
    InputError
        Names that repeat, or fewer values than parameters.

    Examples
    --------
    >>> from dynsys.analysis.field import reduced_field
    >>> from rnn import LowRankRNN
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> field.rhs([0.5])  # -0.5 + 2 tanh(0.5)
    array([0.42423431])
    >>> field.with_values(gain=0.5).rhs([0.5])
    array([-0.03788284])
    """

    functions: FieldFunctions
    state: tuple
    inputs: tuple
    parameters: tuple
    values: np.ndarray
    output_names: tuple = ()
    alpha: float | None = None
    box: Callable | None = None
    filtered_inputs: bool = False
    label: str = ""
    source: Mapping = dataclasses.field(default_factory=dict)
    time_unit: str = ""
    enclose: Callable | None = None
    program: np.ndarray = None
    bulk_radius: str | None = None
    step: float | None = None
    period: int = 1

    def __post_init__(self):
        for name in ("state", "inputs", "parameters", "output_names"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        names = self.state + self.inputs + self.parameters
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated or not self.state:
            raise InputError(f"field: needs a state and different names, repeated: {repeated}")
        values = as_array("values", self.values, (None,), "(L,)")
        if values.size < len(self.parameters):
            raise InputError(f"values: got {values.size} for the parameters {self.parameters}")
        object.__setattr__(self, "values", values)
        program = np.zeros((0, 4)) if self.program is None else self.program
        object.__setattr__(self, "program", as_array("program", program, (None, 4), "(Q, 4)"))
        object.__setattr__(self, "source", dict(self.source))

    @property
    def dimension(self):
        """int : number R of state variables."""
        return len(self.state)

    @property
    def parameter_values(self):
        """dict of str to float : the named parameters and their values."""
        return {name: float(value) for name, value in zip(self.parameters, self.values)}

    @property
    def continuable(self):
        """tuple of str : inputs, then parameters: the columns of `parameter_jacobian`."""
        return self.inputs + self.parameters

    @property
    def clock(self):
        """str : "flow" for tau dkappa/dt = F, "map" for kappa -> kappa + step F: what stability means."""
        return "flow" if self.step is None else "map"

    def rhs(self, kappa, inputs=None):
        """F at one state (R,) or at many (K, R).

        Parameters
        ----------
        kappa : array_like (R,) or (K, R)
            State or states.
        inputs : mapping of str to float, float or array_like (S,), optional
            Constant inputs; zero if left out.

        Returns
        -------
        ndarray (R,) or (K, R)
        """
        return self._evaluate(self.functions.rhs, kappa, inputs, (self.dimension,))

    def jacobian(self, kappa, inputs=None):
        """dF/dkappa, ndarray (R, R) or (K, R, R); arguments as in `rhs`."""
        return self._evaluate(self.functions.jacobian, kappa, inputs, (self.dimension, self.dimension))

    def parameter_jacobian(self, kappa, inputs=None):
        """dF in `continuable`, ndarray (R, S + P) or (K, R, S + P); arguments as in `rhs`."""
        shape = (self.dimension, len(self.continuable))
        return self._evaluate(self.functions.parameter_jacobian, kappa, inputs, shape)

    def outputs(self, kappa, inputs=None):
        """Output z, ndarray (O,) or (K, O); arguments as in `rhs`."""
        return self._evaluate(self.functions.outputs, kappa, inputs, (len(self.output_names),))

    def directional(self, kappa, direction, inputs=None):
        """B(q, q) and C(q, q, q) along one direction q.

        Parameters
        ----------
        kappa : array_like (R,)
            State.
        direction : array_like (R,)
            Direction q.
        inputs : optional
            As in `rhs`.

        Returns
        -------
        ndarray (2, R)
        """
        q = np.array(as_array("direction", direction, (self.dimension,), "(R,)"))
        kappa = as_array("kappa", kappa, (self.dimension,), "(R,)")
        out = np.empty(2 * self.dimension)
        self.functions.directional(np.array(kappa), self.input_vector(inputs), np.array(self.values), q, out)
        return out.reshape(2, self.dimension)

    def with_values(self, **values):
        """Return the field with other values of some parameters.

        Raises
        ------
        InputError
            A name that the field does not have, or a value that is not a finite number.
        """
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            have = ", ".join(self.parameters) or "none"
            raise InputError(f"{', '.join(unknown)}: not a parameter of this field; it has {have}")
        changed = np.array(self.values)
        for name, value in values.items():
            changed[self.parameters.index(name)] = check_number(name, value)
        return replace(self, values=changed)

    def input_vector(self, inputs=None):
        """Turn inputs given as mapping, number or sequence into a float64 vector (S,).

        Raises
        ------
        InputError
            An unknown name or a wrong number of values.
        """
        vector = np.zeros(len(self.inputs))
        if isinstance(inputs, Mapping):
            unknown = sorted(set(inputs) - set(self.inputs))
            if unknown:
                have = ", ".join(self.inputs) or "no inputs"
                raise InputError(f"inputs: {', '.join(map(repr, unknown))} unknown; this field has {have}")
            for name, value in inputs.items():
                vector[self.inputs.index(name)] = check_number(name, value)
        elif inputs is not None:
            vector[:] = as_array("inputs", np.atleast_1d(inputs), (len(self.inputs),), "(S,)")
        return vector

    def trapping_box(self):
        """A box that attracts the whole flow, whatever the inputs.

        Returns
        -------
        ndarray (R, 2) or None
            Lower and upper bounds, abs(kappa_r) <= c gain sum_p alpha_p E_p abs(n_r); None where no such box
            is known.
        """
        if self.box is None:
            return None
        bound = np.asarray(self.box(self.parameter_values), dtype=float)
        if bound.shape != (self.dimension, 2):
            bound = np.abs(bound).reshape(self.dimension)
            bound = np.column_stack([-bound, bound])
        return bound if np.isfinite(bound).all() else None

    def __repr__(self):
        return (
            f"Field({self.label or 'unnamed'}: state {', '.join(self.state)}; "
            f"inputs {', '.join(self.inputs) or 'none'}; parameters {', '.join(self.parameters) or 'none'})"
        )

    def _repr_html_(self):
        rows = [("field", self.label), ("state", ", ".join(self.state)), ("inputs", ", ".join(self.inputs))]
        rows += [(name, f"{value:.6g}") for name, value in self.parameter_values.items()]
        return html_table(rows, named=True)

    def _evaluate(self, function, kappa, inputs, shape):
        kappa = as_array("kappa", kappa)
        if kappa.ndim not in (1, 2) or kappa.shape[-1] != self.dimension:
            raise InputError(f"kappa: expected (R,) or (K, R) with R = {self.dimension}, got {kappa.shape}")
        states = np.array(kappa.reshape(-1, self.dimension))
        u, params = self.input_vector(inputs), np.array(self.values)
        out = np.empty((len(states), int(np.prod(shape))))
        for state, row in zip(states, out):
            function(state, u, params, row)
        return out.reshape(kappa.shape[:-1] + shape)


def check_field(field):
    """Refuse what is no `Field`, such as the network or the equations that one is made of.

    Examples
    --------
    >>> check_field("kappa")
    Traceback (most recent call last):
    tasks.errors.InputError: field: expected Field, got str; see reduced_field(net) and compile_field(system)
    """
    check_kind("field", field, Field, "see reduced_field(net) and compile_field(system)")


def check_flow(field):
    """Refuse what is no `Field`, a map, and a field that holds at stationary states only.

    Examples
    --------
    >>> from dynsys.analysis.field import compile_field
    >>> from dynsys.populations import Populations
    >>> from dynsys.symbolic import mean_field
    >>> one = Populations([1.0], np.zeros((1, 2)), np.eye(2)[None], 1, 0, 0, means_kind="zero")
    >>> check_flow(compile_field(mean_field(one, bulk=0.5)))
    Traceback (most recent call last):
    tasks.errors.InputError: field: with a random bulk the mean field holds at stationary states only, ...
    """
    check_field(field)
    if field.step is not None:
        raise InputError(
            "field: a map goes in steps and has no flow; this needs the field that it was made from (cycles "
            "of a map: find_cycles(that field, clock='map'))"
        )
    if field.bulk_radius is not None:
        raise InputError(
            "field: with a random bulk the mean field holds at stationary states only, for constant input "
            "without noise, since the bulk's variance Delta_0 is an implicit unknown; it has fixed points "
            "and their stability but cannot be integrated in time: simulate a network with the bulk instead"
        )
