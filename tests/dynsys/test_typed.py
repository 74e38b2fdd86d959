"""Systems typed as text: what is read, what is refused and where, and that no text breaks the reader."""

import math

import latex_reader
import numpy as np
import pytest
import sympy

from dynsys.symbolic.expectations import TanhExpectation
from dynsys.symbolic.latex import to_latex
from dynsys.symbolic.system import System
from tasks.errors import InputError

WILSON_COWAN = """
    tau_E dE/dt = -E + S(w_EE E - w_EI I + P)      # excitatory
    tau_I dI/dt = -I + S(w_IE E - w_II I + Q)      # inhibitory
    S(x) = 1/(1 + exp(-a (x - theta)))
    w_EE = 16, w_EI = 12, w_IE = 15, w_II = 3, a = 1.3, theta = 4, tau_E = 1, tau_I = 2
    input P, Q
"""
FITZHUGH_NAGUMO = """
    dv/dt = v - v^3/3 - w + I
    dw/dt = eps (v + a - b w)
    eps = 0.08, a = 0.7, b = 0.8
    input I
    output z = 2 v
"""


def read(expression, **declared):
    """The right-hand side of a system whose one equation this is; x is the state."""
    values = {"a": 2.0, "b": 3.0, "c": 5.0, **declared}
    return System.from_text(f"x' = {expression}", parameters=values).equations[0]


def symbols(names):
    return sympy.symbols(names, real=True)


def test_wilson_cowan_in_five_lines():
    system = System.from_text(WILSON_COWAN)
    E, I, P, Q, a, theta, tau = symbols("E I P Q a theta tau_E")
    assert system.state == (E, I) and system.inputs == (P, Q)
    assert system.parameter_names == ("w_EE", "w_EI", "w_IE", "w_II", "a", "theta", "tau_E", "tau_I")
    assert system.values["a"] == 1.3 and system.values["tau_I"] == 2.0
    drive = symbols("w_EE") * E - symbols("w_EI") * I + P
    expected = (-E + 1 / (1 + sympy.exp(-a * (drive - theta)))) / tau
    assert sympy.simplify(system.equations[0] - expected) == 0
    assert r"\tau_{E}" in system._repr_latex_()


def test_fitzhugh_nagumo_in_five_lines():
    system = System.from_text(FITZHUGH_NAGUMO)
    v, w, I, eps, a, b = symbols("v w I eps a b")
    assert system.equations == (v - v**3 / 3 - w + I, eps * (v + a - b * w))
    assert system.outputs == (2 * v,) and system.output_names == ("z",)
    assert system.source["text"] == FITZHUGH_NAGUMO


def test_a_factor_that_is_declared_nowhere_is_the_unit_of_time():
    system = System.from_text("tau x' = -x + y; tau dy/dt = -y; ")
    assert system.time_constant == "tau" and system.equations == (symbols("y") - symbols("x"), -symbols("y"))
    with pytest.raises(InputError, match="tau is not declared"):
        System.from_text("tau x' = -x; y' = -y")
    assert System.from_text("tau x' = -x, tau = 2").time_constant is None


def test_order_of_statements_does_not_matter():
    lines = [line for line in WILSON_COWAN.strip().splitlines()]
    turned = System.from_text("\n".join(lines[::-1]))
    assert set(turned.equations) == set(System.from_text(WILSON_COWAN).equations)


def test_abbreviations_follow_their_parameters():
    system = System.from_text("x' = -k x; k = 2 a; a = 1.5")
    assert system.equations == (-2 * symbols("a") * symbols("x"),) and system.values == {"a": 1.5}


def test_values_given_beside_the_text_win():
    system = System.from_text("x' = a x + v + b; a = 1; parameter b", inputs="v", parameters={"a": 4.0})
    assert system.values == {"a": 4.0} and system.parameter_names == ("a", "b")
    assert system.input_names == ("v",)


def test_phi_and_its_expectations():
    system = System.from_text("tau k' = -k + phi(v) + g Phi1(v, k^2) k; input v; g = 2", phi="tanh")
    k, v, g = symbols("k v g")
    assert system.equations[0] == -k + sympy.tanh(v) + g * k * TanhExpectation(1, v, k**2)
    with pytest.raises(InputError, match=r"add the line phi\(x\) = tanh"):
        System.from_text("x' = phi(x)")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a b + c", "a*b + c"),
        ("2 x", "2*x"),
        ("2x", "2*x"),
        ("a (b + c)", "a*(b + c)"),
        ("(a)(b) x", "a*b*x"),
        ("-x^2", "-(x**2)"),
        ("2^3^2", "512"),
        ("2^-x", "2**(-x)"),
        ("a^2 b", "a**2*b"),
        ("a - -b", "a + b"),
        ("a / b / c", "a/(b*c)"),
        ("a - b - c", "a - (b + c)"),
        ("a/b * c", "a*c/b"),
        ("(a/b) c", "a*c/b"),
        ("x**2", "x**2"),
        ("1e3 + .5", "1000.5"),
        ("x^0.5", "sqrt(x)"),
        ("sqrt(x) + pi", "sqrt(x) + pi"),
        ("max(x, a, 0) + relu(x)", "Max(0, a, x) + Max(0, x)"),
        ("ln(x) arctan(x)", "log(x)*atan(x)"),
        ("-2 x^2 a", "-2*a*x**2"),
        ("a exp(-x) b", "a*b*exp(-x)"),
    ],
)
def test_expressions(text, expected):
    names = {name: symbols(name) for name in "abcx"}
    # sympy's own reader as the reference: the text stands in this file
    assert sympy.simplify(read(text) - sympy.parse_expr(expected, local_dict=names)) == 0


@pytest.mark.parametrize(
    "text, line, column, message",
    [
        ("x' = 1/2 x", 1, 10, "can mean two things"),
        ("x' = x 2", 1, 8, "needs \\*"),
        ("x' = sin x", 1, 6, r"sin\(x\)"),
        ("x' = x^2y; y = 3", 1, 9, "exponent"),
        ("x' = -x^2y; y = 3", 1, 10, "exponent"),
        ("x' = sin^2(x)", 1, 6, "argument in brackets"),
        ("x' = foo(x)", 1, 6, "no known function"),
        ("x' = x\ny' = w_EX y; w_EE = 2", 2, 6, "did you mean w_EE"),
        ("x' = ((x)", 1, 6, "never closed"),
        ("x' = x)", 1, 7, "never opened"),
        ("x' = f(x, 1); f(y) = y", 1, 6, "takes 1 argument, got 2"),
        ("x' = f(x); f(y) = f(y)", 1, 19, "calls itself"),
        ("x' = f(x); f(y) = g(y); g(y) = f(y)", 1, 32, "calls itself"),
        ("a = b, b = a; x' = a x", 1, 12, "defined by itself"),
        ("x' = x = 3", 1, 8, "second ="),
        ("x' = ", 1, 5, "the line ends"),
        ("x' = x; x' = 2", 1, 9, "has an equation already"),
        ("x' = x; x = 2", 1, 9, "has an equation already"),
        ("x' = y'; y' = x", 1, 6, "left of = only"),
        ("x' = t", 1, 6, "may not depend on the time"),
        ("x' = 2e3 + e3; e3 = 4", 1, 6, "write it with a"),
        ("x' = a(x); a = 2", 1, 6, "write a \\*"),
        ("x' = x + 1/0", 1, 11, "division by zero"),
        ("x' = log(0) x", 1, 6, "no finite real number"),
        ("x' = (-8)^(1/3)", 1, 10, "no finite real number"),
        ("0 x' = x", 1, 3, "division by zero"),
        ("input I = 3; x' = x", 1, 9, "a name with a value is a parameter"),
        ("x' = [x]", 1, 6, "round brackets"),
        ("x' = x \N{MINUS SIGN} 2", 1, 8, "type - for minus"),
        ("x' = \N{GREEK SMALL LETTER ALPHA} x", 1, 6, "U\\+03B1"),
        ("x' = __import__('os').system('true')", 1, 17, "not understood"),
        ("x' = lambda: x", 1, 12, "not understood"),
        ("x + 1", 1, 1, "no = in this statement"),
        ("f(x x) = 2; x' = x", 1, 2, "names separated by commas"),
        ("x', = 3", 1, 1, "no = in this"),
        ("# nothing", 1, 1, "no equation"),
    ],
)
def test_errors_point_at_their_place(text, line, column, message):
    with pytest.raises(InputError, match=message) as caught:
        System.from_text(text)
    head, shown, caret = str(caught.value).splitlines()
    assert head.startswith(f"line {line}, column {column}: ")
    assert len(caret) - 4 == column and caret.endswith("^") and shown.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "x' = 9^9^9^9",
        "x' = (9^300)^300",
        "x' = exp(exp(exp(10)))",
        "x' = f(5); f(y) = max(exp(exp(exp(exp(y)))), 3)",
        "x' = " + "(" * 5000 + "x" + ")" * 5000,
        "x' = " + "-" * 1900 + "x",
        "x' = " + "x^" * 900 + "x",
        "x' = " + "1" * 50,
        "x' = " + "f(" * 16 + "x" + ")" * 16 + "; f(y) = sin(y) + cos(y)",
        "x' = a0; a16 = x + sin(x); " + "; ".join(f"a{i} = a{i + 1} a{i + 1} + x" for i in range(16)),
        "x' = " + "x + " * 30000 + "x",
        "x" * 100 + "' = 1",
    ],
)  # fmt: skip
def test_texts_that_would_explode_are_refused(text):
    with pytest.raises(InputError):
        System.from_text(text)


@pytest.mark.parametrize("value", [None, 3, b"x' = x", ["x' = x"]])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(InputError, match="expected text"):
        System.from_text(value)


def _random_tree(rng, depth):
    """A text, and the same as a function of x."""
    kind = rng.integers(7) if depth else rng.integers(2)
    if kind == 0:
        number = int(rng.integers(1, 9))
        return str(number), lambda x: float(number)
    if kind == 1:
        return "x", lambda x: x
    (one, f), (two, g) = _random_tree(rng, depth - 1), _random_tree(rng, depth - 1)
    if kind == 2:
        return f"({one}) + ({two})", lambda x: f(x) + g(x)
    if kind == 3:
        return f"({one}) - ({two})", lambda x: f(x) - g(x)
    if kind == 4:
        sign = rng.choice(["*", "", " * "])
        return f"({one}){sign}({two})", lambda x: f(x) * g(x)
    if kind == 5:
        return f"({one}) / (2 + ({two})^2)", lambda x: f(x) / (2 + g(x) ** 2)
    return f"tanh({one})", lambda x: math.tanh(f(x))


def test_random_expressions_mean_what_they_say():
    rng = np.random.default_rng(5)
    x = symbols("x")
    for _ in range(120):
        text, function = _random_tree(rng, 4)
        value = read(text).subs(x, sympy.Float(0.37, 17))
        assert float(value) == pytest.approx(function(0.37), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "1/x",
        "x^-2",
        "-1/x",
        "1/(1 + x)",
        "(x + 1)/(x - 3)",
        "1/(1 + exp(-a (x - b)))",
        "(-x + 1/(1 + exp(-x)))/c",
        "-(x + a) (x - b)/(c (1 + x^2))",
        "x^2/(x^2 + b^2) - x/a",
        "a exp(-x) (b + x)^2/sqrt(1 + x^2)",
        "(x - a + b x^2 - c x^3 + x^4 - 7 x^5)/(a + b x^2 + c x^4 + x^6)",
        "2 (x - a + b x^2 - c x^3 + x^4 - 7 x^5) tanh(x) (x + 1)^3/c",
    ],
)
@pytest.mark.parametrize("environment", ["align", "cases"])
def test_typed_equations_are_printed_as_they_were_typed(text, environment):
    names = {"x": 0.37, "a": 2.0, "b": 3.0, "c": 5.0}
    system = System.from_text(f"x' = {text}", parameters={name: names[name] for name in "abc"})
    expected = float(system.equations[0].subs({symbols(name): value for name, value in names.items()}))
    for values in (False, True):
        (printed,) = latex_reader.equations(
            to_latex(system, values=values, digits=17, environment=environment)
        ).values()
        assert latex_reader.value(printed, names) == pytest.approx(expected, rel=1e-12)


def test_random_expressions_are_printed_as_they_were_typed():
    rng = np.random.default_rng(6)
    for _ in range(80):
        text, function = _random_tree(rng, 4)
        (printed,) = latex_reader.equations(to_latex(System.from_text(f"x' = {text}"), digits=17)).values()
        assert latex_reader.value(printed, {"x": 0.37}) == pytest.approx(function(0.37), rel=1e-9, abs=1e-9)


def test_random_words_are_read_or_refused():
    rng = np.random.default_rng(6)
    words = (
        "x y a S x' dx/dt dy/dt = = + - * / ^ ** ( ) , ; 2 0.5 1e3 sin exp max input output # ' \\".split()
    )
    words += ["\n", "\x00", "\u00e9", "parameter", "x' = ", "a = 2", "S(x) = "]
    good = 0
    for _ in range(4000):
        text = "".join(
            rng.choice(words) + " " * int(rng.integers(2)) for _ in range(int(rng.integers(1, 25)))
        )
        try:
            System.from_text(f"{text}\n y' = -y" if rng.random() < 0.5 else text)
            good += 1
        except InputError as error:
            assert str(error).isascii()
    assert good > 20


def test_damaged_systems_are_read_or_refused():
    rng = np.random.default_rng(7)
    for text in (WILSON_COWAN, FITZHUGH_NAGUMO):
        for _ in range(150):
            letters = list(text)
            for _ in range(int(rng.integers(1, 4))):
                at = int(rng.integers(len(letters)))
                letters[at : at + int(rng.integers(0, 3))] = chr(int(rng.integers(32, 127)))
            try:
                System.from_text("".join(letters))
            except InputError:
                continue
