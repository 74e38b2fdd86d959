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

{imports}from dynsys.numerics.signatures import DIRECTIONAL, FIELD
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
    functions = (
        _function("rhs", "F, in the order of the state.", flat, zip(states, flat.equations)),
        _function("jacobian", "dF/d(state), row by row.", flat, _entries(states, system.state_names, jacobian)),
        _function(
            "parameter_jacobian", "dF/d(inputs, then parameters), row by row.", flat,
            _entries(states, others, parameters),
        ),
        _function(
            "directional", "Second and third derivatives of F along q: B(q, q), then C(q, q, q).", flat,
            [(f"{kind} of {s}", e) for kind, row in (("B", second), ("C", third)) for s, e in zip(states, row)],
            steps, extra="q, ",
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


def _function(name, doc, flat, entries, steps=(), extra=""):
    entries = list(entries)
    comments, expressions = [c for c, _ in entries], [e for _, e in entries]
    names = sympy.numbered_symbols("t", real=True)
    body, loads = [], set()

    def assign(pairs):
        for left, right in pairs:
            loads.update(right.free_symbols)
            body.append(f"{left} = {expression_text(right)}")

    orders = _needed_orders(flat, [e for _, e in steps], expressions)
    for group in _levels(flat, orders):
        arguments = [part for e in group for part in (e.mu, e.Delta)]
        shared, arguments = sympy.cse(arguments, symbols=names, order="none")
        assign(shared)
        for e, mu, Delta in zip(group, arguments[::2], arguments[1::2]):
            low, high = orders[e.index]
            loads.update(mu.free_symbols | Delta.free_symbols)
            body.append(f"e{e.index} = np.empty({high + 1})")
            mu, Delta = ("0.0" if part == 0 else expression_text(part) for part in (mu, Delta))
            body.append(f"{e.phi}_expectations({low}, {high}, {mu}, {Delta}, e{e.index})")
            body += [f"{e.order(k)} = e{e.index}[{k}]" for k in range(low, high + 1) if e.order(k) != 0]
    shared, reduced = sympy.cse([*(e for _, e in steps), *expressions], symbols=names, order="none")
    assign(_in_order(shared + list(zip((s for s, _ in steps), reduced))))
    for i, (comment, e) in enumerate(zip(comments, reduced[len(steps) :])):
        loads.update(e.free_symbols)
        body.append(f"out[{i}] = {expression_text(e)}  # {comment}")
    read = sorted((s.name for s in loads if s.name[0] in "xupq"), key=lambda n: (n[0], int(n[1:])))
    lines = [f'"""{doc}"""', *(f"{n} = {n[0]}[{n[1:]}]" for n in read), *body]
    signature = "DIRECTIONAL" if extra else "FIELD"
    return f"@jit({signature})\ndef {name}(x, u, p, {extra}out):\n    " + "\n    ".join(lines) + "\n"


def _needed_orders(flat, *groups):
    """Orders of each expectation that some expressions need, those of their arguments included."""
    expressions = [e for group in groups for e in group]
    orders = flat.orders(expressions)
    for expectation in reversed(flat.expectations):
        if expectation.index in orders:
            expressions += [expectation.mu, expectation.Delta]
            orders = flat.orders(expressions)
    return orders


def _levels(flat, orders):
    """Needed expectations in groups, each of which depends on earlier groups only."""
    level = {}
    for e in flat.expectations:
        inner = flat.orders((e.mu, e.Delta))
        level[e.index] = 1 + max((level[j] for j in inner), default=-1)
    needed = [e for e in flat.expectations if e.index in orders]
    return [[e for e in needed if level[e.index] == n] for n in sorted({level[e.index] for e in needed})]


def _in_order(pairs):
    """Sort assignments so that each comes after those it needs."""
    pending, ordered = list(pairs), []
    while pending:
        waiting = {left for left, _ in pending}
        ready = [pair for pair in pending if not pair[1].free_symbols & waiting]
        ordered += ready
        pending = [pair for pair in pending if pair[1].free_symbols & waiting]
    return ordered
