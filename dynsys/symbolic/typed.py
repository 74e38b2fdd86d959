"""A system typed as text, statement by statement, in any order; see `System.from_text`.

    tau_E dE/dt = ...  or  E' = ...     an equation; what stands before the derivative divides it
    S(x, y) = ...                       a function
    a = 0.7                             a parameter and its value
    total = E + I                       an abbreviation: any other right-hand side
    input P, Q    parameter b    output z = w E

Statements on one line are set apart by commas or semicolons; what follows # is a comment. A name that is
declared nowhere is an error, unless it is the one factor of every derivative: then it is the unit of time.
"""

import functools
from collections.abc import Mapping

import sympy

from dynsys.symbolic.lexer import Source, Token
from dynsys.symbolic.names import MAX_LENGTH, check_name, symbol
from dynsys.symbolic.parser import Reader
from dynsys.symbolic.terms import Value, combine
from tasks.checks import choose

_KEYWORDS = {"input": "inputs", "inputs": "inputs", "parameter": "parameters", "parameters": "parameters"}
_OUTPUT = ("output", "outputs")
_EXAMPLE = "an equation reads dx/dt = ... or x' = ..."


def read_system(text, inputs=(), parameters=(), phi=None):
    """Read a system that a user typed.

    Parameters
    ----------
    text : str
        The statements.
    inputs : sequence of str, optional
        Inputs besides those that the text declares.
    parameters : sequence of str or mapping name -> float, optional
        Parameters besides those of the text; values given here win.
    phi : {"tanh", "erf", "relu", "linear"}, optional
        What phi(x) stands for, and Phi0(mu, Delta), Phi1, ...: the Gaussian expectations of its derivatives.

    Returns
    -------
    dict
        Arguments of `System`.

    Raises
    ------
    InputError
        With line, column and a caret below the place.

    Examples
    --------
    >>> read_system("x' = mu - x^2; mu = 1")["equations"]
    [mu - x**2]
    """
    if phi is not None:
        choose("phi", phi, ("tanh", "erf", "relu", "linear"))
    given = dict(parameters) if isinstance(parameters, Mapping) else dict.fromkeys(_listed(parameters))
    declared = _Declarations(Source(text))
    declared.add_given("inputs", _listed(inputs))
    declared.add_given("parameters", [name for name in given if name not in declared.assigned])
    return declared.settle(given, phi)


def _listed(names):
    names = (names,) if isinstance(names, str) else names
    return [check_name("names", name) for name in names]


class _Declarations:
    """What each statement of a text declares, before any right-hand side is read."""

    def __init__(self, source):
        self.source = source
        self.equations = {}  # state -> (token, tokens of the factor, tokens of the right-hand side)
        self.functions = {}  # name -> (variables, body)
        self.assigned = {}  # name -> (token, tokens)
        self.outputs = {}  # name -> (token, tokens)
        self.inputs, self.parameters = [], []
        self.taken = {}  # name -> what it is
        for number in range(1, len(source.lines) + 1):
            self._line(source.tokens(number))
        if not self.equations:
            raise source.error(Token("end", "", 1, 1), f"no equation; {_EXAMPLE}")

    def add_given(self, what, names):
        """Add names that an argument of the caller declares."""
        for name in names:
            if name not in self.inputs and name not in self.parameters:
                self._claim(Token("name", name, 1, 1), what)
                getattr(self, what).append(name)

    def _line(self, tokens):
        for segment in _split(tokens[:-1], ";", self.source):
            words = segment[:-1]
            keyword = words[0].text if len(words) > 1 and words[1].kind == "name" else ""
            if keyword not in (*_KEYWORDS, *_OUTPUT):
                keyword = ""
            for statement in _split(words[1:] if keyword else words, ",", self.source):
                if keyword in _KEYWORDS:
                    self._name_only(statement, _KEYWORDS[keyword], keyword)
                elif keyword in _OUTPUT:
                    self._output(statement)
                else:
                    self._statement(statement)

    def _name_only(self, tokens, what, keyword):
        if tokens[0].kind != "name" or tokens[1].kind != "end":
            value = "; a name with a value is a parameter" if tokens[1].text == "=" else ""
            raise self.source.error(tokens[1], f"{keyword}: names separated by commas are expected{value}")
        self._claim(tokens[0], what)
        getattr(self, what).append(tokens[0].text)

    def _output(self, tokens):
        name = tokens[0]
        if name.kind != "name" or (tokens[1].kind != "end" and tokens[1].text != "="):
            raise self.source.error(name, "an output reads output z = ... (or output x, for a variable x)")
        if name.text in self.outputs:
            raise self.source.error(name, f"{name.text} is an output already")
        self.outputs[name.text] = name, tokens if tokens[1].kind == "end" else tokens[2:]

    def _statement(self, tokens):
        at = next((i for i, token in enumerate(tokens) if token.kind == "sign" and token.text == "="), None)
        if at is None:
            raise self.source.error(tokens[0], f"no = in this statement; {_EXAMPLE}")
        left, right = tokens[:at], tokens[at + 1 :]
        if not left:
            raise self.source.error(tokens[at], f"nothing stands left of this =; {_EXAMPLE}")
        if left[-1].kind == "derivative":
            self._claim(left[-1], "state")
            factor = left[:-2] if len(left) > 1 and left[-2].text in ("*",) else left[:-1]
            self.equations[left[-1].text] = left[-1], factor, right
        elif len(left) == 1 and left[0].kind == "name":
            self._claim(left[0], "assigned")
            self.assigned[left[0].text] = left[0], right
        elif len(left) > 2 and left[0].kind == "name" and left[1].text == "(" and left[-1].text == ")":
            self._claim(left[0], "functions")
            self.functions[left[0].text] = self._variables(left[2:-1], left[1]), right
        else:
            raise self.source.error(
                left[0], f"left of = stands a derivative, a name or a function S(x); {_EXAMPLE}"
            )

    def _variables(self, tokens, opened):
        names = [token.text for token in tokens[::2]]
        commas = all(token.text == "," for token in tokens[1::2])
        if not commas or len(tokens) % 2 == 0 or any(token.kind != "name" for token in tokens[::2]):
            raise self.source.error(opened, "names separated by commas are expected in these brackets")
        if len(set(names)) < len(names):
            raise self.source.error(opened, "a name stands twice in these brackets")
        return names

    def _claim(self, token, what):
        if len(token.text) > MAX_LENGTH:
            raise self.source.error(token, f"a name has at most {MAX_LENGTH} characters")
        if token.text in self.taken:
            before = {"assigned": "has a value or definition", "state": "has an equation"}
            already = before.get(self.taken[token.text], f"is among the {self.taken[token.text]}")
            if (self.taken[token.text], what) == ("parameters", "assigned"):
                self.parameters.remove(token.text)
            else:
                raise self.source.error(token, f"{token.text} {already} already")
        self.taken[token.text] = what

    def settle(self, values, phi):
        """Read the right-hand sides; return the arguments of `System`."""
        unit = self._unit_of_time()
        found = _Names(self)
        reader = Reader(self.source, found.lookup, self.functions, self.taken, phi)
        found.reader = reader
        equations = []
        for token, factor, right in self.equations.values():
            value = reader.read(right)
            if factor and unit is None:
                divisor = reader.read([*factor, _end(factor[-1])])
                value = combine(functools.partial(self.source.error, token), "/", value, divisor)
            equations.append(value.expression)
        outputs = [reader.read(tokens).expression for _, tokens in self.outputs.values()]
        for token, _ in self.assigned.values():
            found.lookup(token, 0)
        for variables, body in self.functions.values():  # also a function that nobody calls is checked
            reader.read(body, 0, {name: Value(symbol(name)) for name in variables})
        parameters = {*self.parameters, *found.numbers}
        known = {name: found.numbers.get(name) for name in self.taken if name in parameters}
        known.update((name, value) for name, value in values.items() if value is not None)
        return {
            "equations": equations,
            "state": list(self.equations),
            "inputs": self.inputs,
            "parameters": known,
            "outputs": outputs,
            "output_names": list(self.outputs),
            "time_constant": unit,
            "phi": phi,
            "source": {"text": "\n".join(self.source.lines)},
        }

    def _unit_of_time(self):
        """The one undeclared name in front of every derivative, if there is one."""
        factors = [factor for _, factor, _ in self.equations.values()]
        names = {factor[0].text for factor in factors if len(factor) == 1 and factor[0].kind == "name"}
        if len(names) != 1 or any(len(factor) != 1 for factor in factors):
            return None
        (name,) = names
        return None if name in self.taken else name


class _Names:
    """The value of each name of a text, read when first asked for."""

    def __init__(self, declared):
        self.declared, self.reader = declared, None
        self.numbers, self.abbreviations, self.pending = {}, {}, set()

    def lookup(self, token, depth):
        name, declared = token.text, self.declared
        what = declared.taken.get(name)
        if what in ("state", "inputs", "parameters") or name in self.numbers:
            return Value(symbol(name))
        if name in self.abbreviations:
            return self.abbreviations[name]
        if what == "assigned":
            return self._assigned(token, depth)
        if name == "pi":
            return Value(sympy.pi, 1, float(sympy.pi))
        if name == "t":
            raise declared.source.error(token, "the equations may not depend on the time t; make it an input")
        return None

    def _assigned(self, token, depth):
        name = token.text
        if name in self.pending:
            raise self.declared.source.error(token, f"{name} is defined by itself")
        self.pending.add(name)
        calls, self.reader.calls = self.reader.calls, []
        value = self.reader.read(self.declared.assigned[name][1], depth + 1)
        self.reader.calls = calls
        self.pending.discard(name)
        if value.number is not None:
            self.numbers[name] = value.number
            return Value(symbol(name))
        self.abbreviations[name] = value
        return value


def _split(words, separator, source):
    """Parts of a line between separators outside brackets, each with an "end" token behind it."""
    parts, current, depth = [], [], 0
    for word in words:
        sign = word.text if word.kind == "sign" else ""
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth <= 0 and sign == separator:
            if not current:
                raise source.error(word, f"nothing stands before this {separator}")
            parts.append(current)
            current = []
        else:
            current.append(word)
    parts += [current] if current else []
    return [[*part, _end(part[-1])] for part in parts]


def _end(last):
    return Token("end", "", last.line, last.column + len(last.text), True)
