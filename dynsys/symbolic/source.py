"""The text of a system's generated functions (see `dynsys.symbolic.codegen`)."""

import sympy
from sympy.printing.pycode import PythonCodePrinter

from dynsys.symbolic.derivatives import directional, gradients
from dynsys.symbolic.names import symbol

HEADER = '''"""Vector field of a dynsys System; generated, do not edit.

{legend}
"""

import math

import numpy as np

{imports}from dynsys.numerics.signatures import FIELD
from rnn.jit import jit
'''


def source_text(system, flat):
    """Python source of the five functions.

    Parameters
    ----------
    system : System
        Gives the names for the comments.
    flat : Plain
        The same system in the symbols of generated code.

    Returns
    -------
    str

    Examples
    --------
    >>> from dynsys.symbolic.derivatives import plain
    >>> from dynsys.symbolic.system import System
    >>> x = sympy.Symbol("x")
    >>> line = System([-x], [x])
    >>> "out[0] = -x0  # x'" in source_text(line, plain(line))
    True
    """
    states = [f"{name}'" for name in system.state_names]
    others = [*system.input_names, *system.parameter_names]
    jacobian = gradients(flat.equations, flat.state, flat.expectations)
    parameters = gradients(flat.equations, (*flat.inputs, *flat.parameters), flat.expectations)
    q = [symbol(f"q{i}") for i in range(len(flat.state))]
    steps, (_, second, third) = directional(flat, q, 3)
    arguments = [
        (f"{what}_{e.index}", part)
        for e in flat.expectations
        for what, part in (("mu", e.mu), ("Delta", e.Delta))
    ]
    functions = (
        _function("arguments", "Mean and variance of the argument of each expectation.", flat, arguments),
        _function("rhs", "F, in the order of the state.", flat, zip(states, flat.equations)),
        _function(
            "jacobian", "dF/d(state), row by row.", flat, _entries(states, system.state_names, jacobian)
        ),
        _function(
            "parameter_jacobian", "dF/d(inputs, then parameters), row by row.", flat,
            _entries(states, others, parameters), signature="",
        ),
        _function(
            "directional", "Second and third derivatives of F along q: B(q, q), then C(q, q, q).", flat,
            [*zip((f"B of {s}" for s in states), second), *zip((f"C of {s}" for s in states), third)], steps,
            signature="", extra="q, ",
        ),
        _function("outputs", "Readouts.", flat, zip(system.output_names, flat.outputs)),
    )  # fmt: skip
    activations = sorted({e.phi for e in flat.expectations})
    imports = ", ".join(f"{phi}_expectations" for phi in activations)
    imports = f"from dynsys.numerics.gaussian import {imports}\n" if imports else ""
    return "\n\n".join((HEADER.format(legend=_legend(system), imports=imports), *functions))


def expression_text(expression):
    """An expression as Python that numba compiles; numbers keep all their digits.

    Examples
    --------
    >>> expression_text(sympy.sqrt(symbol("x0")) / 3)
    '(1/3)*math.sqrt(x0)'
    """
    return _Printer({"precision": 17}).doprint(expression)


class _Printer(PythonCodePrinter):
    """Python for numba: NaN stays NaN, nothing raises."""

    def _print_Heaviside(self, e):
        x = self._print(e.args[0])
        return f"(1.0 if {x} > 0 else 0.0 if {x} < 0 else 0.5 + {x})"

    def _print_sign(self, e):
        x = self._print(e.args[0])
        return f"(1.0 if {x} > 0 else -1.0 if {x} < 0 else {x})"

    def _print_DiracDelta(self, e):
        return "0.0"  # zero almost everywhere

    def _print_Max(self, e):
        return self._fold("np.maximum", e.args)

    def _print_Min(self, e):
        return self._fold("np.minimum", e.args)

    def _fold(self, function, args):
        text = self._print(args[0])
        for argument in args[1:]:
            text = f"{function}({text}, {self._print(argument)})"
        return text


def _legend(system):
    groups = (("x", "state", system.state_names), ("u", "inputs", system.input_names))
    groups += (("p", "parameters", system.parameter_names),)
    lines = []
    for letter, what, names in groups:
        listed = [f"{letter}{i} = {name}" for i, name in enumerate(names)]
        lines += [f"{what}:"] + [f"    {', '.join(listed[i : i + 5])}" for i in range(0, len(listed), 5)]
    return "\n".join(lines)


def _entries(rows, columns, table):
    return [(f"d {r} / d {c}", e) for r, line in zip(rows, table) for c, e in zip(columns, line)]


def _function(name, doc, flat, entries, steps=(), signature="FIELD", extra=""):
    entries = list(entries)
    expressions = [e for _, e in entries]
    orders = flat.orders([*(e for _, e in steps), *expressions])
    body = []
    if orders:
        body = [f"a = np.empty({2 * len(flat.expectations)})", "arguments(x, u, p, a)"]
    for j, (low, high) in sorted(orders.items()):
        expectation = flat.expectations[j]
        body.append(f"e{j} = np.empty({high + 1})")
        body.append(f"{expectation.phi}_expectations({low}, {high}, a[{2 * j}], a[{2 * j + 1}], e{j})")
    shared, reduced = sympy.cse(
        [*(e for _, e in steps), *expressions], symbols=sympy.numbered_symbols("t", real=True), order="none"
    )
    assignments = _in_order(shared + list(zip((s for s, _ in steps), reduced)))
    results = reduced[len(steps) :]
    used = {s for e in (*(right for _, right in assignments), *results) for s in e.free_symbols}
    body += [f"{s} = {_load(s)}" for s in sorted((s for s in used if s.name[0] in "xupqe"), key=_place)]
    body += [f"{left} = {expression_text(right)}" for left, right in assignments]
    body += [
        f"out[{i}] = {expression_text(e)}  # {comment}"
        for i, ((comment, _), e) in enumerate(zip(entries, results))
    ]
    return (
        f"@jit({signature})\ndef {name}(x, u, p, {extra}out):\n    "
        + "\n    ".join([f'"""{doc}"""', *body])
        + "\n"
    )


def _load(s):
    """Where a symbol's value is: x0 in x[0], e1_2 in e1[2]."""
    letter, *numbers = s.name[0], *s.name[1:].split("_")
    return f"{letter}{numbers[0]}[{numbers[1]}]" if len(numbers) == 2 else f"{letter}[{numbers[0]}]"


def _place(s):
    """Sort x2 before x10, and e0_10 after e0_9."""
    return s.name[0], [int(n) for n in s.name[1:].split("_")]


def _in_order(pairs):
    """Sort assignments so that each comes after those it needs."""
    pending, ordered = list(pairs), []
    while pending:
        waiting = {left for left, _ in pending}
        ready = [pair for pair in pending if not pair[1].free_symbols & waiting]
        ordered += ready
        pending = [pair for pair in pending if pair[1].free_symbols & waiting]
    return ordered
