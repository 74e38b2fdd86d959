"""`Notation`: the equations as one prints them, in terms of abbreviations that are defined once."""

from dataclasses import dataclass, field

import sympy

HIDDEN = "hidden"  # family of definitions that explain themselves and are not printed


@dataclass(frozen=True)
class Definition:
    """An abbreviation and what it stands for.

    Parameters
    ----------
    symbol : sympy.Symbol
        The abbreviation.
    expression : sympy expression
        What it stands for; it may hold abbreviations that are defined after it.
    family : str
        Definitions of one family look alike and can be printed as one line.

    Examples
    --------
    >>> Definition(sympy.Symbol("Delta"), sympy.Symbol("kappa") ** 2, "variance").family
    'variance'
    """

    symbol: sympy.Symbol
    expression: sympy.Expr
    family: str = ""


@dataclass(frozen=True)
class Abbreviated:
    """Equations and readouts in terms of abbreviations.

    Parameters
    ----------
    equations, outputs : tuple of sympy expression
        As in `System`.
    definitions : tuple of Definition
        The abbreviations, in the order of printing.

    Examples
    --------
    >>> x, y = sympy.symbols("x y")
    >>> Abbreviated((x + 1,), (), (Definition(x, y**2),)).expand(x + 1)
    y**2 + 1
    """

    equations: tuple
    outputs: tuple
    definitions: tuple

    def expand(self, expression):
        """Put every definition into an expression.

        Parameters
        ----------
        expression : sympy expression

        Returns
        -------
        sympy expression
        """
        for definition in self.definitions:
            expression = expression.xreplace({definition.symbol: definition.expression})
        return expression


@dataclass(frozen=True)
class Notation(Abbreviated):
    """Abbreviated equations and how their symbols print.

    Parameters
    ----------
    equations, outputs, definitions
        As in `Abbreviated`.
    in_numbers : Abbreviated
        The same with fewer abbreviations, for printing with numbers in place of parameters.
    generic : dict
        family -> Definition that says the same for all members at once.
    latex : dict
        name -> LaTeX of the symbols that the system itself does not have.
    labels : dict
        (mu, Delta) of an expectation -> subscript of its bracket ("" for none).

    Examples
    --------
    >>> Notation(equations=(), outputs=(), definitions=()).labels
    {}
    """

    in_numbers: Abbreviated = None
    generic: dict = field(default_factory=dict)
    latex: dict = field(default_factory=dict)
    labels: dict = field(default_factory=dict)
