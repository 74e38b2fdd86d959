r"""Reads printed equations back, as a person with a calculator would: no sympy, nothing of the project.

Only what stands in a system's LaTeX is understood: sums, products by juxtaposition, whole powers, \bigl( and
\bigl[, numbers such as 1.5 \times 10^{-7}. Anything else raises.
"""

import re

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:\s*\\times\s*10\^\{-?\d+\})?)"
    r"|(?P<open>\\bigl[(\[])|(?P<close>\\bigr[)\]])|(?P<power>\^\{\d+\})|(?P<sign>[-+])"
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
        kind, text = tokens.pop(0)
        if kind == "number":
            factor = float(re.sub(r"\s*\\times\s*10\^\{(-?\d+)\}", r"e\1", text))
        elif kind == "open":
            factor = _sum(tokens, names)
            tokens.pop(0)
        else:
            factor = names[text]
        if tokens and tokens[0][0] == "power":
            factor **= int(tokens.pop(0)[1][2:-1])
        result *= factor
    return result
