"""`System`: equations, state, inputs and parameters as symbols; the middle of the house.

A mean field arrives here, and so does any ordinary differential equation given in sympy. Everything after
(fields, fixed points, continuation, LaTeX) starts from a System.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from dynsys.symbolic import declarations
from dynsys.symbolic.names import check_latex, check_name, latex_name, symbol
from dynsys.symbolic.notation import Notation
from dynsys.symbolic.typed import read_system
from dynsys.symbolic.typeset import align
from tasks.errors import InputError


@dataclass(frozen=True, eq=False, repr=False)
class System:
    """A system of ordinary differential equations, symbolic and exact.

    Symbols are matched by name and become the System's own; any ASCII identifier will do as a name.

    Parameters
    ----------
    equations : sequence of sympy expression (R,)
        Right-hand sides, d state / dt; where `time_constant` is set, time_constant * d state / dt.
    state : sequence of str or sympy.Symbol (R,)
        The state variables.
    inputs : sequence of str or sympy.Symbol (S,), optional
        The input variables, constant or given in time.
    parameters : sequence of names or mapping name -> value, optional
        The parameters; a mapping gives values too (None: no value yet).
    values : mapping name -> float, optional
        Values of parameters.
    outputs : sequence of sympy expression (O,), optional
        Readouts in terms of state, inputs and parameters.
    output_names : sequence of str (O,), optional
        Names of the outputs; z or z1, z2, ... if left out.
    time_constant : str, optional
        Name of the unit of time, such as "tau", for display: it multiplies the left-hand sides.
    filtered_inputs : bool, default False
        Whether each input v is a low-pass filter of the given input u, time_constant dv/dt = -v + u.
    latex : mapping name -> str, optional
        How to print a name, where the automatic choice is not wanted.
    errors : mapping name -> float, optional
        Standard errors of parameter values.
    neutral : mapping name -> float, optional
        Values at which a parameter is not worth printing (a gain of 1, a noise of 0).
    notation : Notation, optional
        The equations as one prints them.
    box : TrappingBox, optional
        Bound on the state that every solution ends up in.
    phi : str, optional
        Activation of the network that the system describes.
    alpha : float, optional
        Step of that network's Euler scheme, in units of time_constant.
    bulk_radius : str, optional
        Name of the output that is the squared radius of a random bulk's eigenvalues. Set, the equations hold
        at stationary states only and are never integrated in time.
    source : dict
        Plain values that say where the system comes from.

    Raises
    ------
    InputError
        A name that is no identifier or stands twice, an unknown symbol in an equation, a function that is not
        supported, a value that is not a finite number.

    Examples
    --------
    >>> x, mu, lam = sympy.symbols("x mu lam")
    >>> cusp = System([mu + lam * x - x**3], [x], parameters={"mu": 0.0, "lam": 1.0})
    >>> cusp
    System(x' = lam*x + mu - x**3; parameters mu = 0, lam = 1)
    """

    equations: tuple
    state: tuple
    inputs: tuple = ()
    parameters: tuple = ()
    values: dict = field(default_factory=dict)
    outputs: tuple = ()
    output_names: tuple = ()
    time_constant: str = None
    filtered_inputs: bool = False
    latex: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    neutral: dict = field(default_factory=dict)
    notation: Notation = None
    box: object = None
    phi: str = None
    alpha: float = None
    bulk_radius: str = None
    source: dict = field(default_factory=dict)

    def __post_init__(self):
        parameters, given = self.parameters, {}
        if isinstance(parameters, Mapping):
            named = {declarations.text(name): value for name, value in parameters.items()}
            given = {name: value for name, value in named.items() if value is not None}
        names = {"state": self.state, "inputs": self.inputs, "parameters": parameters}
        names = {what: declarations.names(what, entries) for what, entries in names.items()}
        if not names["state"]:
            raise InputError("state: a system needs at least one state variable")
        declarations.refuse_repeats([name for group in names.values() for name in group])
        own = {name: symbol(name) for group in names.values() for name in group}
        equations = declarations.expressions("equations", self.equations, own)
        outputs = declarations.expressions("outputs", self.outputs, own)
        if len(equations) != len(names["state"]):
            raise InputError(
                f"equations: {len(equations)} for {len(names['state'])} variables {', '.join(names['state'])}"
            )
        if self.filtered_inputs and not self.time_constant:
            raise InputError("filtered_inputs: a filter needs a time constant; give time_constant='tau'")
        settled = {
            "equations": equations,
            "outputs": outputs,
            "output_names": declarations.output_names(self.output_names, len(outputs)),
            **{what: tuple(own[name] for name in group) for what, group in names.items()},
            "values": declarations.values("values", {**given, **self.values}, names["parameters"]),
            "errors": declarations.values("errors", self.errors, names["parameters"]),
            "neutral": declarations.values("neutral", self.neutral, names["parameters"]),
            "latex": {
                check_name("latex", name): check_latex(name, text) for name, text in self.latex.items()
            },
            "time_constant": None
            if self.time_constant is None
            else check_name("time_constant", self.time_constant),
            "source": dict(self.source),
        }
        for attribute, value in settled.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_text(cls, text, inputs=(), parameters=(), phi=None):
        """A system typed as text; an own parser reads it, so that no text can run code.

        Parameters
        ----------
        text : str
            Equations ``dx/dt = ...``, ``x' = ...`` or ``tau x' = ...``; functions ``S(x) = ...``; parameters
            ``a = 0.7``; abbreviations ``total = x + y``; ``input P``, ``parameter b``, ``output z = w x``.
            One a line or set apart by commas or semicolons, in any order; # starts a comment. Known are
            + - * / ^ **, exp, log, sqrt, tanh, erf, sin, cos, abs, max, min, heaviside and their kin, and pi.
        inputs : sequence of str, optional
            Inputs besides those that the text declares.
        parameters : sequence of str or mapping name -> float, optional
            Parameters besides those of the text; values given here win.
        phi : {"tanh", "erf", "relu", "linear"}, optional
            What ``phi(x)`` stands for, and ``Phi0(mu, Delta)``, ``Phi1``, ...: the Gaussian expectations of
            phi and of its derivatives.

        Returns
        -------
        System

        Raises
        ------
        InputError
            With line, column and a caret below the place.

        Examples
        --------
        >>> System.from_text('''
        ...     dv/dt = v - v^3/3 - w + I
        ...     dw/dt = eps (v + a - b w)
        ...     eps = 0.08, a = 0.7, b = 0.8
        ...     input I
        ... ''')
        System(v' = I - v**3/3 + v - w; w' = eps*(a - b*w + v); inputs I;
               parameters eps = 0.08, a = 0.7, b = 0.8)
        """
        return cls(**read_system(text, inputs, parameters, phi))

    @property
    def state_names(self):
        """tuple of str : names of the state variables."""
        return tuple(s.name for s in self.state)

    @property
    def input_names(self):
        """tuple of str : names of the inputs."""
        return tuple(s.name for s in self.inputs)

    @property
    def parameter_names(self):
        """tuple of str : names of the parameters."""
        return tuple(s.name for s in self.parameters)

    @property
    def neutral_names(self):
        """tuple of str : parameters that are at their neutral value and are not printed."""
        return tuple(name for name, at in self.neutral.items() if self.values.get(name) == at)

    def symbol(self, name):
        """The symbol of a state variable, input or parameter.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        sympy.Symbol
        """
        for own in (*self.state, *self.inputs, *self.parameters):
            if own.name == name:
                return own
        known = ", ".join((*self.state_names, *self.input_names, *self.parameter_names))
        raise InputError(f"name: {name!r} is none of {known}")

    def latex_of(self, name):
        """LaTeX of a name, as text; see ``latex``."""
        return self.latex.get(name) or latex_name(name)

    def with_values(self, /, **values):
        """The same system with other parameter values.

        Parameters
        ----------
        **values : float
            New values by parameter name; the others stay.

        Returns
        -------
        System
        """
        return dataclasses.replace(self, values={**self.values, **values})

    def __repr__(self):
        shown = self.equations if self.notation is None else self.notation.equations
        unit = f"{self.time_constant} " if self.time_constant else ""
        equations = "; ".join(f"{unit}{name}' = {_short(f)}" for name, f in zip(self.state_names, shown))
        inputs = f"; inputs {', '.join(self.input_names)}" if self.inputs else ""
        listed = [f"{n} = {self.values[n]:.4g}" if n in self.values else n for n in self.parameter_names]
        if len(listed) > 8:
            listed = [*listed[:7], f"... ({len(listed)} in all)"]
        return f"System({equations}{inputs}{'; parameters ' + ', '.join(listed) if listed else ''})"

    def _repr_latex_(self):
        return "$$\n" + align(self, environment="aligned") + "\n$$"


def jacobian(system):
    """Jacobian matrix of the right-hand sides in the state, exact.

    Parameters
    ----------
    system : System
        The system.

    Returns
    -------
    sympy.Matrix (R, R)

    Examples
    --------
    >>> x = sympy.Symbol("x")
    >>> jacobian(System([x - x**3], [x]))
    Matrix([[1 - 3*x**2]])
    """
    return sympy.Matrix([[right.diff(s) for s in system.state] for right in system.equations])


def substituted(expression, system):
    """An expression of a system's symbols with the parameters' values put in.

    Parameters
    ----------
    expression : sympy expression or Matrix
        Such as one of ``system.equations``.
    system : System
        Gives the values; a parameter without one stays a symbol.

    Returns
    -------
    sympy expression or Matrix

    Examples
    --------
    >>> x, a = sympy.symbols("x a")
    >>> line = System([a * x], [x], parameters={"a": 2.0})
    >>> substituted(line.equations[0], line)
    2.0*x
    """
    return expression.subs({symbol(name): sympy.Float(value, 17) for name, value in system.values.items()})


def _short(expression):
    text = str(expression)
    return text if len(text) <= 240 else f"... ({sympy.count_ops(expression)} operations)"
