"""LaTeX: what is printed, that it compiles and converts to MathML, and that numbers come back."""

import re
import shutil
import subprocess

import latex_reader
import math_core
import numpy as np
import pytest
import sympy

from dynsys.populations.fit import Populations, fit_populations
from dynsys.symbolic.brackets import EXPECTATIONS
from dynsys.symbolic.latex import equation_strings, symbol_rows, to_latex
from dynsys.symbolic.meanfield import mean_field
from dynsys.symbolic.system import System
from dynsys.symbolic.typeset import lines
from rnn.connectivity import loadings
from rnn.networks import LowRankRNN
from tasks.errors import InputError


def draw(count, rank, inputs, outputs, means="free", phi="tanh"):
    rng = np.random.default_rng(7)
    width = 2 * rank + inputs + outputs
    factor = rng.standard_normal((count, width, width)) / np.sqrt(width)
    centres = rng.standard_normal((count, width)) if means == "free" else np.zeros((count, width))
    return Populations(
        rng.dirichlet(5 * np.ones(count)), centres, factor @ factor.transpose(0, 2, 1), rank, inputs, outputs,
        phi=phi, means_kind=means,
    )  # fmt: skip


def rank_one(means="zero"):
    net = LowRankRNN(*np.random.default_rng(0).standard_normal((4, 100, 1)))
    return mean_field(fit_populations(loadings(net), means=means))


def own():
    names = sympy.symbols("lambda I_syn my_long_name x_ g")
    a, b, c, d, e = names
    f = a * sympy.exp(-b) / (1 + c) - sympy.tanh(d) ** 2 * sympy.sqrt(sympy.Abs(b)) + sympy.Max(a, e, 0)
    g = sympy.erf(a) + sympy.log(2 + sympy.cos(c)) / 3 + sympy.Heaviside(a) - sympy.sign(b) * 1.5e-7
    return System([f, g], names[:2], ["my_long_name"], {"x_": 0.25, "g": None}, outputs=[a * b])


XI = np.arange(-9, 9, 1e-3)  # the trapezoid rule converges geometrically here
SYSTEMS = {
    "rank one, zero means": rank_one,
    "rank one, free means": lambda: rank_one("free").with_values(gain=1.25),
    "erf": lambda: mean_field(draw(1, 2, 2, 1, phi="erf"), noise=0.1),
    "relu, zero means": lambda: mean_field(draw(1, 2, 1, 1, "zero", "relu")),
    "linear": lambda: mean_field(draw(1, 1, 1, 1, phi="linear")),
    "three populations": lambda: mean_field(draw(3, 2, 4, 2)),
    "no input": lambda: mean_field(draw(2, 1, 0, 0, "zero")),
    "own equations": own,
}


def test_rank_one_reads_as_in_the_paper():
    text = to_latex(rank_one(), environment="align*")
    assert text.splitlines()[1:4] == [
        r"\tau \frac{d\kappa}{dt} &= - \kappa + \tilde{\sigma}_{mn} \kappa + \tilde{\sigma}_{nI} v \\",
        r"\tau \frac{dv}{dt} &= - v + u \\",
        r"z &= \tilde{\sigma}_{mw} \kappa + \tilde{\sigma}_{Iw} v \\",
    ]
    assert r"\tilde{\sigma}_{mn} &= \sigma_{mn} \langle\phi'\rangle \\" in text
    assert r"\Delta &= \sigma_{mm} \kappa^{2} + 2 \sigma_{mI} \kappa v + \sigma_{II} v^{2} \\" in text


def test_gain_and_noise_show_only_when_they_matter():
    system = rank_one()
    assert r"- \kappa + \tilde{\sigma}_{mn} \kappa" in to_latex(system) and "noise" not in to_latex(system)
    changed = to_latex(system.with_values(gain=2.0, noise=0.1))
    assert (
        r"- \kappa + g \bigl(\tilde{\sigma}_{mn} \kappa" in changed
        and r"+ \Delta_{\mathrm{noise}}" in changed
    )


@pytest.mark.parametrize("expectation", EXPECTATIONS)
@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("make", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_every_equation_converts_to_mathml(make, values, expectation):
    system, converter = make(), math_core.LatexToMathML()
    for text in equation_strings(system, values=values, expectation=expectation):
        assert converter.convert_with_local_state(text, displaystyle=True).startswith("<math")
    for symbol, _, _, value, error in symbol_rows(system):
        for text in filter(None, (symbol, value, error)):
            converter.convert_with_local_state(text, displaystyle=False)
    converter.convert_with_local_state(system._repr_latex_().strip("$\n"), displaystyle=True)


PRINTED = [
    (name, options)
    for name in SYSTEMS
    for options in (
        {},
        {"values": True, "expectation": "formula"},
        {"expectation": "integral", "environment": "cases"},
    )
] + [
    ("three populations", {"values": True, "digits": 17, "environment": "cases"}),
    ("three populations", {"values": True, "digits": 17, "environment": "align*"}),
    ("erf", {"values": True, "digits": 1, "environment": "aligned"}),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name, options", PRINTED, ids=[f"{name} {options}" for name, options in PRINTED])
def test_documents_compile_and_fit_the_page(name, options, tmp_path):
    text = to_latex(SYSTEMS[name](), standalone=True, **options)
    assert text.isascii()
    (tmp_path / "page.tex").write_text(text)
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "Overfull" not in ran.stdout
    assert (tmp_path / "page.pdf").stat().st_size > 1000


def test_numbers_come_back():
    system = rank_one("free")
    number = r"-? ?[0-9.]+(?: \\times 10\^\{-?\d+\})?"
    texts = {line.left: line.text for line in lines(system, values=True, digits=17)}

    def read(left, symbol):
        found = re.search(rf"({number}) {re.escape(symbol)}", texts[left].split("=", 1)[1])
        return float(found[1].replace(" ", "").replace(r"\times10^{", "e").replace("}", ""))

    values = system.values
    assert read(r"\Delta", r"\kappa^{2}") == values["sigma_mm"]
    assert read(r"\Delta", r"\kappa v") == 2 * values["sigma_mI"]
    assert read(r"\mu", r"v") == values["a_I"]
    assert read("z", r"\langle\phi\rangle") == values["a_w"]
    rows = {row[1]: row[3] for row in symbol_rows(system, digits=17)}
    assert float(rows["sigma_nI"]) == values["sigma_nI"]


@pytest.mark.parametrize("environment", ["align", "align*", "aligned", "cases"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 1, 2), (3, 2, 4, 2), (2, 3, 0, 1)])
@pytest.mark.parametrize("means", ["free", "zero"])
def test_printed_equations_read_back_are_the_fitted_ones(shape, means, environment):
    populations = draw(*shape, means)
    system = mean_field(populations, noise=0.125).with_values(gain=1.5)
    printed = latex_reader.equations(to_latex(system, values=True, digits=17, environment=environment))
    rng, P, R, S = np.random.default_rng(1), *shape[:3]
    y, names = rng.standard_normal(R + S), {}
    for i, name in enumerate((*system.state_names, *system.input_names)):
        names[system.latex_of(name)] = y[i]
    names |= {"u" + (f"_{{{s + 1}}}" if S > 1 else ""): 0.0 for s in range(S)}
    inside = [*range(R), *range(2 * R, 2 * R + S)]
    drive = 0.0
    for p, (a, C) in enumerate(zip(populations.means, populations.covariances)):
        over, under = (f"^{{({p + 1})}}", f"_{{{p + 1}}}") if P > 1 else ("", "")
        mu, Delta = a[inside] @ y, y @ C[np.ix_(inside, inside)] @ y + 0.125
        if means == "free":
            assert latex_reader.value(printed[rf"\mu{over}"], names) == pytest.approx(mu, rel=1e-14)
        assert latex_reader.value(printed[rf"\Delta{over}"].rstrip(","), names) == pytest.approx(
            Delta, rel=1e-14
        )
        x, weight = mu + np.sqrt(Delta) * XI, 1e-3 / np.sqrt(2 * np.pi) * np.exp(-(XI**2) / 2)
        phi = weight @ np.tanh(x), weight @ np.cosh(x) ** -2.0
        names[rf"\langle\phi\rangle{under}"], names[rf"\langle\phi'\rangle{under}"] = phi
        drive = drive + populations.weights[p] * (a * phi[0] + C[:, inside] @ y * phi[1])
    for r, name in enumerate(system.state_names):
        left = rf"\tau \frac{{d{system.latex_of(name)}}}{{dt}}"
        assert latex_reader.value(printed[left], names) == pytest.approx(
            -y[r] + 1.5 * drive[R + r], rel=1e-12
        )
    for o, name in enumerate(system.output_names):
        expected = drive[2 * R + S + o]
        assert latex_reader.value(printed[system.latex_of(name)], names) == pytest.approx(expected, rel=1e-12)
    for name in system.input_names:
        left = rf"\tau \frac{{d{system.latex_of(name)}}}{{dt}}"
        assert latex_reader.value(printed[left], names) == -names[system.latex_of(name)]


def test_symbols_read_back_with_the_table_are_the_fitted_equations():
    system = mean_field(draw(2, 1, 1, 1), noise=0.125).with_values(gain=1.5)
    table = {row[0]: row[3] for row in symbol_rows(system, digits=17)}
    names = {symbol: latex_reader.value(text, {}) for symbol, text in table.items() if text}
    assert len(names) == len(system.parameter_names)
    names |= {r"\kappa": 0.7, "v": -0.4}
    printed = latex_reader.equations(to_latex(system, digits=17, environment="cases"))
    values = system.values
    brackets = {
        rf"\langle\phi{mark}\rangle_{{{p}}}": 0.1 * p + len(mark) for p in (1, 2) for mark in ("", "'")
    }
    names |= brackets
    for name in ("mn", "nI", "mw", "Iw"):
        left = rf"\tilde{{\sigma}}_{{{name}}}"
        names[left] = latex_reader.value(printed[left], names)
        expected = sum(
            values[f"alpha_p{p}"] * values[f"sigma_{name}_p{p}"] * brackets[rf"\langle\phi'\rangle_{{{p}}}"]
            for p in (1, 2)
        )
        assert names[left] == pytest.approx(expected, rel=1e-15)
    shift = sum(
        values[f"alpha_p{p}"] * values[f"a_n_p{p}"] * brackets[rf"\langle\phi\rangle_{{{p}}}"] for p in (1, 2)
    )
    expected = -0.7 + 1.5 * (
        names[r"\tilde{\sigma}_{mn}"] * 0.7 - names[r"\tilde{\sigma}_{nI}"] * 0.4 + shift
    )
    got = latex_reader.value(printed[r"\tau \frac{d\kappa}{dt}"], names)
    assert got == pytest.approx(expected, rel=1e-15)


def test_table_lists_every_symbol_with_value_and_error():
    system = rank_one()
    rows = {row[1]: row for row in symbol_rows(system)}
    assert set(rows) == {
        *system.state_names,
        *system.input_names,
        *system.output_names,
        *system.parameter_names,
    }
    assert rows["gain"][2] == "parameter, left out above"
    assert float(rows["sigma_mn"][4]) == pytest.approx(system.errors["sigma_mn"], rel=0.06)
    text = to_latex(system, standalone=True)
    assert r"\texttt{sigma\_mn}" in text and "standard error" in text


@pytest.mark.parametrize("name", ["lambda", "my_name", "__import__", "x1_2", "_", "I"])
def test_awkward_names_are_escaped(name):
    s = sympy.Symbol(name)
    text = to_latex(System([-s], [s]), standalone=True)
    assert rf"\texttt{{{name.replace('_', chr(92) + '_')}}}" in text
    assert math_core.LatexToMathML().convert_with_local_state(
        equation_strings(System([-s], [s]))[0], displaystyle=True
    )


def test_long_equations_are_broken():
    system = mean_field(draw(3, 2, 4, 2))
    text = to_latex(system)
    assert r" \notag \\" in text
    assert all(len(re.sub(r"\\[A-Za-z]+|[{}_^ ]", "", row)) < 140 for row in text.splitlines())


def test_cases_brace_the_equations_of_motion():
    brace, rest = to_latex(rank_one(), environment="cases").split("\\end{cases}")
    assert brace.count(r"\displaystyle") == 2 and "&" not in brace
    assert rest.count("&=") == len(lines(rank_one())) - 2
    assert "align" not in to_latex(own_motion(), environment="cases")


def own_motion():
    x, y = sympy.symbols("x y")
    return System([y, -x], [x, y])


def test_refusals():
    with pytest.raises(InputError, match="expected a System"):
        to_latex("x' = x")
    for option in ({"expectation": "words"}, {"environment": "gather"}, {"digits": 0}):
        with pytest.raises(InputError):
            to_latex(rank_one(), **option)
