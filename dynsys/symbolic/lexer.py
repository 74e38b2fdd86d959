"""The words of a typed system: numbers, names, derivatives, signs; each knows its line and column.

Nothing here or in `dynsys.symbolic.parser` hands text to Python: characters become tokens, and tokens become
sympy objects one by one.
"""

import re
from dataclasses import dataclass

from tasks.errors import InputError

MAX_TEXT, MAX_LINE, MAX_DIGITS = 20_000, 2_000, 40
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z0-9_.]))?)"
    r"|(?P<derivative>d[A-Za-z_][A-Za-z0-9_]*\s*/\s*dt(?![A-Za-z0-9_])|[A-Za-z_][A-Za-z0-9_]*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/^(),;=])"
)
_HINTS = {
    "\N{MINUS SIGN}": "type - for minus",
    "\N{MULTIPLICATION SIGN}": "type * for times",
    "\N{MIDDLE DOT}": "type * for times",
    "[": "use round brackets",
    "{": "use round brackets",
    "|": "type abs(x) for an absolute value",
    "!": "factorials are not supported",
    "'": "a prime stands right after a variable's name: x' = ...",
}


@dataclass(frozen=True)
class Token:
    """A word of the text.

    Parameters
    ----------
    kind : str
        "number", "name", "derivative", "sign" or "end".
    text : str
        What stands there; of a derivative the variable's name.
    line, column : int
        Where, counted from 1.
    spaced : bool
        Whether white space stands before it.

    Examples
    --------
    >>> Token("name", "x", 1, 5).text
    'x'
    """

    kind: str
    text: str
    line: int
    column: int
    spaced: bool = False


class Source:
    """The text of a system, line by line, and errors that point into it.

    Parameters
    ----------
    text : str
        What the user typed.

    Raises
    ------
    InputError
        Not text, or too long.

    Examples
    --------
    >>> [token.text for token in Source("dE/dt = -2 E").tokens(1)]
    ['E', '=', '-', '2', 'E', '']
    """

    def __init__(self, text):
        if not isinstance(text, str):
            raise InputError(f'text: expected text such as "x\' = mu - x^2", got {type(text).__name__}')
        if len(text) > MAX_TEXT:
            raise InputError(f"text: {len(text)} characters, the limit is {MAX_TEXT}")
        self.lines = text.replace("\r\n", "\n").split("\n")

    def error(self, token, message):
        """An error that shows the line and a caret below the place.

        Parameters
        ----------
        token : Token
            Where.
        message : str
            What is wrong and what to try.

        Returns
        -------
        InputError
            To be raised.
        """
        line = self.lines[token.line - 1]
        start = max(0, token.column - 60)
        shown = line[start : token.column + 60].replace("\t", " ")
        shown = "".join(c if 32 <= ord(c) < 127 else "?" for c in shown)
        caret = " " * (token.column - 1 - start) + "^"
        return InputError(f"line {token.line}, column {token.column}: {message}\n    {shown}\n    {caret}")

    def tokens(self, number):
        """The tokens of a line, "end" last; what follows # is a comment.

        Parameters
        ----------
        number : int
            Line, counted from 1.

        Returns
        -------
        list of Token
        """
        line = self.lines[number - 1]
        text = line.split("#", 1)[0].rstrip()
        found, position = [], 0
        if len(text) > MAX_LINE:
            raise self.error(Token("end", "", number, 1), f"the line has {len(text)} characters > {MAX_LINE}")
        while position < len(text):
            if text[position] in " \t":
                position += 1
                continue
            spaced = position == 0 or text[position - 1] in " \t"
            match = _TOKEN.match(text, position)
            here = Token("sign", text[position], number, position + 1, spaced)
            if match is None:
                hint = _HINTS.get(
                    text[position], "only ASCII letters, digits and + - * / ^ ( ) , ; = stand here"
                )
                shown = text[position] if 32 < ord(text[position]) < 127 else f"U+{ord(text[position]):04X}"
                raise self.error(here, f"{shown} is not understood: {hint}")
            kind, word = match.lastgroup, match.group()
            if kind == "number" and sum(c.isdigit() for c in word) > MAX_DIGITS:
                raise self.error(here, f"a number has at most {MAX_DIGITS} digits")
            if kind == "derivative":
                word = word[:-1] if word.endswith("'") else word[1:].split("/")[0].rstrip()
            found.append(Token(kind, word, number, position + 1, spaced))
            position = match.end()
        return [*found, Token("end", "", number, len(text) + 1, True)]
