"""Expressions typed by a user, read by precedence (Pratt) straight into sympy objects.

    + -    * / and products without a sign    signs in front    ^ ** (from the right)

Two factors side by side are a product where no reader could doubt it: ``w_EE E``, ``2 x``, ``(a) (b)``,
``eps (v + a)``. Refused, with a way to write it: ``a / b c``, ``x 2``, ``sin x``, ``x^2y``, ``f(x)`` where f
is no function. A user's function is read anew at every call, with its arguments in place of its
variables, so that each error points at a character. Text never becomes code.
"""

import difflib
import functools
import math

import sympy

from dynsys.symbolic.expectations import FAMILY, GaussianExpectation
from dynsys.symbolic.terms import FUNCTIONS, SEVERAL, Value, apply, combine

MAX_DEPTH, MAX_STEPS = 40, 20_000
# How tightly a sign binds what stands to its left.
SUM, PRODUCT, PREFIX, POWER = 10, 20, 30, 40
_BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER, "**": POWER}


class Reader:
    """Reads expressions of one text.

    Parameters
    ----------
    source : Source
        The text, for errors.
    lookup : callable
        From a name's token and the depth so far to its `Value`, or None.
    functions : mapping
        Name -> (names of arguments, tokens of the body) of the functions that the text defines.
    names : iterable of str
        Every name that the text declares, for advice.
    phi : str, optional
        Activation that ``phi(x)`` and ``Phi0(mu, Delta)``, ``Phi1``, ... stand for.

    Examples
    --------
    >>> from dynsys.symbolic.lexer import Source
    >>> source = Source("2 (1 + 3)^2 / 4")
    >>> Reader(source, lambda token, depth: None).read(source.tokens(1)).expression
    8
    """

    def __init__(self, source, lookup, functions=None, names=(), phi=None):
        self.source, self.lookup, self.functions, self.phi = source, lookup, functions or {}, phi
        self.names = tuple(names)
        self.steps = 0
        self.calls = []  # functions whose bodies are being read

    def read(self, tokens, depth=0, local=None):
        """The value of a whole expression.

        Parameters
        ----------
        tokens : list of Token
            "end" last.
        depth : int, default 0
            How many brackets, calls and definitions it stands in.
        local : mapping str -> Value, optional
            Arguments of the function whose body this is.

        Returns
        -------
        Value
        """
        cursor = _Cursor(tokens)
        value = self._expression(cursor, 0, depth, local or {})
        if cursor.now.kind != "end":
            raise self.source.error(cursor.now, _stray(cursor.now))
        return value

    def _expression(self, cursor, binding, depth, local):
        first = cursor.now
        if depth > MAX_DEPTH:
            raise self.source.error(first, f"nested deeper than {MAX_DEPTH} brackets, calls and definitions")
        left = self._first(cursor, depth, local)
        divided, raised = False, cursor.raised
        while True:
            token = cursor.now
            joined = _starts_factor(token)
            tightness = PRODUCT if joined else _BINDING.get(token.text, 0) if token.kind == "sign" else 0
            if tightness <= binding:
                return left
            if joined:
                self._refuse_doubtful(cursor, divided, raised)
                right = self._expression(cursor, PRODUCT, depth + 1, local)
                left = combine(self._refusal(token), "*", left, right)
                raised = cursor.raised
                continue
            cursor.take()
            # A power binds what stands to its right first: 2^3^2 = 2^9.
            tighter = tightness - 1 if tightness == POWER else tightness
            right = self._expression(cursor, tighter, depth + 1, local)
            left = combine(self._refusal(token), token.text, left, right)
            divided = token.text == "/"
            raised = cursor.raised = tightness == POWER or (tightness == PRODUCT and cursor.raised)

    def _refuse_doubtful(self, cursor, divided, raised):
        token, before = cursor.now, cursor.before
        if token.kind == "number":
            raise self.source.error(
                token,
                f"{before.text} {token.text}: a product needs * here (or is it {before.text}^{token.text}?)",
            )
        if divided:
            raise self.source.error(
                token,
                f"a / b {token.text} can mean two things; write a / (b {token.text}) or a / b * {token.text}",
            )
        if raised and not token.spaced:
            raise self.source.error(
                token, "what does the exponent end with? set a space or a * before this factor"
            )
        if (
            before.kind == "number"
            and token.text[:1] in "eE"
            and not token.spaced
            and token.text[1:2].isdigit()
        ):
            raise self.source.error(
                token, f"{before.text}{token.text}: a number or a product? write {before.text} * {token.text}"
            )

    def _first(self, cursor, depth, local):
        token = cursor.take()
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise self.source.error(token, f"more than {MAX_STEPS} terms once the definitions are put in")
        cursor.raised = False
        if token.kind == "number":
            return self._number(token)
        if token.text in ("-", "+") and token.kind == "sign":
            value = self._expression(cursor, PREFIX, depth + 1, local)
            return (
                value
                if token.text == "+"
                else combine(self._refusal(token), "*", Value(sympy.Integer(-1), 1, -1.0), value)
            )
        if token.text == "(" and token.kind == "sign":
            value = self._expression(cursor, 0, depth + 1, local)
            cursor.expect(")", self.source, token)
            cursor.raised = False
            return value
        if token.kind == "name":
            return self._name(token, cursor, depth, local)
        if token.kind == "derivative":
            raise self.source.error(token, f"d{token.text}/dt may stand on the left of = only")
        raise self.source.error(token, _missing(token))

    def _number(self, token):
        number = float(token.text)
        if not math.isfinite(number):
            raise self.source.error(token, "the number is too large")
        if (exponent := token.text.lower().find("e")) > 0 and token.text[exponent:] in self.names:
            product = f"{token.text[:exponent]} * {token.text[exponent:]}"
            raise self.source.error(token, f"a number or {product}? write it with a * or another name")
        exact = token.text.isdigit()
        return Value(sympy.Integer(token.text) if exact else sympy.Float(number, 17), 1, number)

    def _name(self, token, cursor, depth, local):
        called = cursor.now.kind == "sign" and cursor.now.text == "("
        if token.text in local:
            value = local[token.text]
        elif self._is_function(token.text):
            if not called:
                raise self.source.error(
                    token, f"{token.text} is a function and needs its argument in brackets: {token.text}(x)"
                )
            return self._call(token, cursor, depth, local)
        else:
            value = self.lookup(token, depth)
        if value is None:
            raise self.source.error(token, self._unknown(token.text, called))
        if called and not cursor.now.spaced:
            raise self.source.error(
                token, f"{token.text} is no function; for a product write {token.text} * (...)"
            )
        return value

    def _is_function(self, name):
        order = name[3:]
        expected = self.phi and (name == "phi" or (name[:3] == "Phi" and order.isdigit() and len(order) == 1))
        return name in self.functions or (name in FUNCTIONS and name not in self.names) or bool(expected)

    def _unknown(self, name, called):
        if name == "phi" and called:
            return "phi is not defined; add the line phi(x) = tanh(x), or pass phi='tanh'"
        known = [*self.names, *FUNCTIONS, *self.functions]
        near = difflib.get_close_matches(name, known, 1)
        advice = f"did you mean {near[0]}?" if near else ""
        if called:
            return (
                f"{name} is no known function; {advice or f'define it in a line of its own: {name}(x) = ...'}"
            )
        advice = advice or f"add {name} = 1 (its value), parameter {name} or input {name}"
        return f"{name} is not declared; {advice}"

    def _call(self, token, cursor, depth, local):
        opened = cursor.take()
        arguments = []
        while True:
            arguments.append(self._expression(cursor, 0, depth + 1, local))
            if not (cursor.now.kind == "sign" and cursor.now.text == ","):
                break
            cursor.take()
        cursor.expect(")", self.source, opened)
        cursor.raised = False
        if token.text in self.functions:
            variables, body = self.functions[token.text]
            self._check_count(token, arguments, len(variables))
            if token.text in self.calls:
                raise self.source.error(token, f"{token.text} calls itself")
            self.calls.append(token.text)
            value = self.read(body, depth + 1, dict(zip(variables, arguments)))
            self.calls.pop()
            return value
        if token.text in FUNCTIONS:
            if token.text not in SEVERAL:
                self._check_count(token, arguments, 1)
            return apply(self._refusal(token), FUNCTIONS[token.text], arguments)
        if token.text == "phi":
            self._check_count(token, arguments, 1)
            return apply(self._refusal(token), FAMILY[self.phi].activation, arguments)
        self._check_count(token, arguments, 2)
        if any(argument.expression.has(GaussianExpectation) for argument in arguments):
            raise self.source.error(
                token, "an expectation inside the mean or variance of another is not supported"
            )
        order = sympy.Integer(token.text[3:])
        return apply(self._refusal(token), lambda mu, Delta: FAMILY[self.phi](order, mu, Delta), arguments)

    def _refusal(self, token):
        return functools.partial(self.source.error, token)

    def _check_count(self, token, arguments, count):
        if len(arguments) != count:
            plural = "s" if count != 1 else ""
            raise self.source.error(
                token, f"{token.text} takes {count} argument{plural}, got {len(arguments)}"
            )


class _Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens):
        self.tokens, self.position = tokens, 0
        self.raised = False  # whether the factor just read ended with a power

    @property
    def now(self):
        return self.tokens[self.position]

    @property
    def before(self):
        return self.tokens[self.position - 1]

    def take(self):
        token = self.now
        if token.kind != "end":
            self.position += 1
        return token

    def expect(self, sign, source, opened):
        token = self.now
        if token.kind == "sign" and token.text == sign:
            self.position += 1
            return
        if token.kind == "end":
            raise source.error(opened, "this bracket is never closed")
        raise source.error(token, _stray(token))


def _starts_factor(token):
    return token.kind in ("number", "name", "derivative") or (token.kind == "sign" and token.text == "(")


def _stray(token):
    if token.text == ")":
        return "this bracket was never opened"
    if token.text == "=":
        return "a second = in one statement; separate statements by a comma, a semicolon or a new line"
    return f"{token.text} does not belong here"


def _missing(token):
    return (
        "the line ends where a value is expected"
        if token.kind == "end"
        else f"a value is expected before {token.text}"
    )
