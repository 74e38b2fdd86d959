r"""Reads printed equations back, as a person with a calculator would: no sympy, nothing of the project.

Only what stands in a system's LaTeX is understood: sums, products by juxtaposition, powers, fractions, roots,
some functions, brackets, numbers such as 1.5 \times 10^{-7}. Anything else raises.
"""

import math
import re

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:\s*\\times\s*10\^\{-?\d+\})?)"
    r"|(?P<open>(?:\\bigl|\\left)?[(\[]|\{)|(?P<close>(?:\\bigr|\\right)?[)\]]|\})|(?P<power>\^)|(?P<sign>[-+])"
    r"|(?P<call>\\(?:frac|sqrt|tanh|log|cos)(?![A-Za-z]))"
    r"|(?P<name>(?:\\langle\\phi'*\\rangle|\\tilde\{\\sigma\}|\\[A-Za-z]+|[A-Za-z])"
    r"(?:_(?:\{[^{}]*\}|\w))?(?:\^\{\(\d+\)\})?))"
)


def equations(text):
    """Left-hand sides and right-hand sides of the rows of an environment, broken rows put together."""
    text = re.sub(r"\\(begin|end)\{\w+\*?\}|\\notag|\\displaystyle|\\quad \{\}", "", text)
    joined = re.sub(r"\\\\(\[1ex\])?\n\s*(?=&?\s*[-+])", " ", text).replace("&", "")
    rows = [row for row in re.split(r"\\\\(?:\[1ex\])?\n|\n", joined) if row.strip()]
    return dict(tuple(part.strip() for part in row.split(" = ", 1)) for row in rows)


def value(text, names):
    """Value of a right-hand side for values of its names, given by their LaTeX."""
    tokens, at = [], 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"cannot read {text[at:]!r}")
        tokens.append((found.lastgroup, found.group().strip()))
        at = found.end()
    result = _sum(tokens, names)
    if tokens:
        raise ValueError(f"left over: {tokens}")
    return result


def _sum(tokens, names):
    total, sign = 0.0, 1.0
    while True:
        if tokens[0][0] == "sign":
            sign = -1.0 if tokens.pop(0)[1] == "-" else 1.0
        total += sign * _product(tokens, names)
        if not tokens or tokens[0][0] != "sign":
            return total


def _product(tokens, names):
    result = 1.0
    while tokens and tokens[0][0] not in ("sign", "close"):
        result *= _factor(tokens, names)
    return result


def _factor(tokens, names):
    kind, text = tokens.pop(0)
    if text == "e" and "e" not in names:
        assert tokens.pop(0)[0] == "power"
        return math.exp(_factor(tokens, names))
    if kind == "call" and text == r"\frac":
        factor = _factor(tokens, names)
        factor /= _factor(tokens, names)
    elif kind == "call":
        power = _power(tokens, names)  # \tanh^{2}{...}
        factor = getattr(math, text[1:])(_factor(tokens, names)) ** power
    elif kind == "number":
        factor = float(re.sub(r"\s*\\times\s*10\^\{(-?\d+)\}", r"e\1", text))
    elif kind == "open":
        factor = _sum(tokens, names)
        assert tokens.pop(0)[0] == "close"
    else:
        factor = names[text]
    return factor ** _power(tokens, names)


def _power(tokens, names):
    if not tokens or tokens[0][0] != "power":
        return 1
    tokens.pop(0)
    return _factor(tokens, names)
