"""Make fields: from symbolic equations, or exactly from a network of N units.

The class itself is in `dynsys.analysis.vector_field`.
"""

import functools

import numpy as np

from dynsys import numerics, symbolic
from dynsys.analysis.vector_field import Field, FieldFunctions
from dynsys.numerics import lowrank_field, taylor
from rnn.activations import phi_number
from rnn.connectivity import factors
from rnn.networks import LowRankRNN
from tasks.errors import InputError


def compile_field(system, /, **values):
    """Compile a symbolic system to a field.

    Parameters
    ----------
    system : System
        Equations, such as those of `mean_field`.
    **values : float
        Values of parameters, in place of the system's own.

    Returns
    -------
    Field

    Raises
    ------
    InputError
        A parameter without a value, or a value for a name that the system does not have.

    Examples
    --------
    >>> import sympy
    >>> from dynsys.symbolic import System
    >>> x, mu = sympy.symbols("x mu")
    >>> compile_field(System([mu - x**2], [x], parameters={"mu": 1.0})).rhs([2.0])
    array([-3.])
    """
    module = symbolic.load(symbolic.generate(system))
    written = (getattr(module, name) for name in FieldFunctions._fields if name != "taylor")
    names = system.parameter_names
    given = {**system.values, **values}
    missing = [name for name in names if name not in given]
    if missing:
        listed = ", ".join(missing)
        raise InputError(f"values: no value for {listed}; pass it: compile_field(system, {missing[0]}=...)")
    field = Field(
        functions=FieldFunctions(*written, taylor=taylor.run),
        state=system.state_names,
        inputs=system.input_names,
        parameters=names,
        values=[system.values.get(name, 0.0) for name in names],
        output_names=system.output_names,
        alpha=system.alpha,
        box=None if system.box is None else system.box.bound,
        filtered_inputs=system.filtered_inputs,
        label="equations" if system.phi is None else "mean field",
        source=system.source,
        time_unit=system.time_constant or "",
        enclose=functools.partial(symbolic.enclosures, system),
        program=symbolic.taylor_program(system),
        bulk_radius=system.bulk_radius,
    )
    return field.with_values(**values)


def reduced_field(net):
    """The exact field of a low-rank network with finitely many units (THEORY: exact reduction).

        tau dkappa_r/dt = -kappa_r + gain (1/N) sum_j n_j^r phi(x_j),    x = sum_r m^r kappa_r + sum_s I^s v_s

    The private process x_perp (noise, initial state) is left out. Nothing is compiled for a new network.

    Parameters
    ----------
    net : LowRankRNN
        The network.

    Returns
    -------
    Field
        State kappa (kappa1, ...), inputs v (v1, ...), parameter gain, outputs z (z1, ...).

    Raises
    ------
    InputError
        Not a low-rank network.

    Examples
    --------
    >>> field = reduced_field(LowRankRNN(np.ones(4), 2 * np.ones(4), np.zeros(4), np.ones(4)))
    >>> field.trapping_box()
    array([[-2.,  2.]])
    """
    if not isinstance(net, LowRankRNN):
        kind = type(net).__name__
        raise InputError(f"net: the exact reduction needs a LowRankRNN, got {kind}; truncate it first")
    left, right = factors(net)
    bound = np.abs(right[: net.rank]).sum(axis=1)
    return Field(
        functions=FieldFunctions(*(getattr(lowrank_field, name) for name in FieldFunctions._fields)),
        state=_indexed("kappa", net.rank),
        inputs=_indexed("v", net.input_count),
        parameters=("gain",),
        values=lowrank_field.pack(left, right, phi_number(net.phi)),
        output_names=_indexed("z", net.output_count),
        alpha=net.alpha,
        box=functools.partial(_scaled, bound) if net.phi in ("tanh", "erf") else None,
        filtered_inputs=True,
        label=f"network of {net.units} units",
        source={"network": net.hash, "units": net.units},
        time_unit="tau",
        enclose=_network_enclosures,
    )


def _network_enclosures(wide=False):
    return None if wide else numerics.interval_network


def _scaled(bound, parameters):
    return bound * abs(parameters["gain"])


def _indexed(name, count):
    return (name,) if count == 1 else tuple(f"{name}{i + 1}" for i in range(count))
