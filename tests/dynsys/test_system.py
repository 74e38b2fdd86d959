"""`System`: any identifier is a name, anything else is refused; symbols, values, display."""

import pickle

import pytest
import sympy

from dynsys.symbolic.expectations import TanhExpectation
from dynsys.symbolic.names import check_latex, escape, latex_name
from dynsys.symbolic.system import System, jacobian, substituted
from tasks.errors import InputError

x, mu, lam = sympy.symbols("x mu lam")


def cusp(**options):
    return System([mu + lam * x - x**3], [x], parameters={"mu": 0.1, "lam": 1.0}, **options)


def test_hand_written_system():
    system = cusp()
    assert system.state_names == ("x",) and system.parameter_names == ("mu", "lam")
    assert system.values == {"mu": 0.1, "lam": 1.0}
    (slope,) = jacobian(system)
    own = {name: system.symbol(name) for name in ("x", "lam")}
    assert slope == own["lam"] - 3 * own["x"] ** 2
    assert float(substituted(slope, system).subs(own["x"], 2)) == 1.0 - 12.0
    assert repr(system) == "System(x' = lam*x + mu - x**3; parameters mu = 0.1, lam = 1)"


def test_symbols_are_matched_by_name_whatever_their_assumptions():
    first, second = sympy.Symbol("x", positive=True), sympy.Symbol("x", integer=True)
    system = System([first - second**2], ["x"])
    assert system.equations[0] == system.symbol("x") - system.symbol("x") ** 2


def test_values_are_replaced_in_a_copy():
    system = cusp()
    assert system.with_values(lam=2.0).values == {"mu": 0.1, "lam": 2.0}
    assert system.values["lam"] == 1.0
    with pytest.raises(InputError, match="'nu' is no parameter"):
        system.with_values(nu=1.0)


@pytest.mark.parametrize("name", "lambda I N S E Q O pi self import __import__ _ x0 None".split())
def test_any_identifier_is_a_name(name):
    system = System([-sympy.Symbol(name) + sympy.Symbol("p")], [name], parameters={"p": None})
    assert system.state_names == (name,) and system.symbol(name).is_Symbol
    assert name in repr(system) and system._repr_latex_().startswith("$$")
    parameter = System([-x * sympy.Symbol(name)], [x], parameters={name: 1.0})
    assert parameter.with_values(**{name: 3.0}).values == {name: 3.0}


@pytest.mark.parametrize(
    "name",
    [
        "x y",
        "50%",
        r"\input{a}",
        "<script>",
        "__import__('os')",
        "",
        "1x",
        "x-y",
        "κ",
        "x\n",
        "a" * 61,
        3,
        None,
    ],
)
@pytest.mark.parametrize("place", ["state", "inputs", "parameters", "output_names", "time_constant"])
def test_anything_else_is_refused(name, place):
    if place == "time_constant" and name is None:
        return
    options = {"state": ["y"], "inputs": [], "parameters": [], "outputs": [1], "output_names": ["z"]}
    options[place] = name if place == "time_constant" else [name]
    with pytest.raises(InputError):
        System([0], **options)
    if isinstance(name, str) and place == "state":
        with pytest.raises(InputError):
            System([sympy.Symbol(name)], [sympy.Symbol(name)])


@pytest.mark.parametrize(
    "arguments, options, words",
    [
        (([x], ["y"]), {}, "'x' is not declared"),
        (([x, x], ["x"]), {}, "2 for 1 variables x"),
        (([x], ["x", "x"]), {}, "more than one"),
        (([x], ["x"]), {"inputs": ["x"]}, "more than one"),
        (([], []), {}, "at least one state"),
        ((["x**2"], ["x"]), {}, "expected a sympy expression, got str"),
        (([sympy.gamma(x)], ["x"]), {}, "gamma.* is not supported"),
        (([sympy.I * x], ["x"]), {}, "not supported"),
        (([sympy.oo * x], ["x"]), {}, "not supported"),
        (([sympy.nan], ["x"]), {}, "not supported"),
        (([sympy.Function("f")(x)], ["x"]), {}, "not supported"),
        (([x], ["x"]), {"values": {"p": 1.0}}, "'p' is no parameter"),
        (([x], ["x"]), {"parameters": {"p": float("nan")}}, "finite"),
        (([x], ["x"]), {"parameters": {"p": "1"}}, "finite"),
        (([x], ["x"]), {"outputs": [x], "output_names": ["a", "b"]}, "expected 1 different names"),
        (([x], ["x"]), {"filtered_inputs": True}, "needs a time constant"),
        (([x], ["x"]), {"latex": {"x": r"\input{a}"}}, "not allowed"),
    ],
)
def test_refusals(arguments, options, words):
    with pytest.raises(InputError, match=words):
        System(*arguments, **options)


def test_nested_expectations_are_refused():
    inner = TanhExpectation(0, x, 1)
    assert System([inner], ["x"]).equations[0].args[0] == 0
    with pytest.raises(InputError, match="inside the mean or variance"):
        System([TanhExpectation(0, inner, 1)], ["x"])


def test_latex_names():
    named = {
        "kappa1": r"\kappa_{1}", "v": "v", "sigma_m1n2": r"\sigma_{\mathrm{m1n2}}", "g_L": "g_{L}",
        "V_Ca": "V_{Ca}", "my_name": r"\mathrm{my\_name}", "_x": r"\mathrm{\_x}",
        "gain": r"\mathrm{gain}", "lambda": r"\lambda",
        "x1_p2": "x_{1,p2}", "minf": r"\mathrm{minf}",
    }  # fmt: skip
    assert {name: latex_name(name) for name in named} == named
    assert escape(r"50% of a_b \x") == r"50\% of a\_b \textbackslash{}x"
    for bad in (r"\write18{x}", "{", "}{", "", "$", "x}"):
        with pytest.raises(InputError):
            check_latex("x", bad)


def test_system_survives_pickling():
    again = pickle.loads(pickle.dumps(cusp()))
    assert again.equations == cusp().equations
