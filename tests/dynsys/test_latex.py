"""LaTeX: what is printed, that it compiles and converts to MathML, and that numbers come back."""

import re
import shutil
import subprocess

import math_core
import numpy as np
import pytest
import sympy

from dynsys.populations.fit import Populations, fit_populations
from dynsys.symbolic.latex import equation_strings, symbol_rows, to_latex
from dynsys.symbolic.meanfield import mean_field
from dynsys.symbolic.system import System
from dynsys.symbolic.typeset import EXPECTATIONS, lines
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


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("make", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_documents_compile_and_fit_the_page(make, tmp_path):
    for i, options in enumerate(
        ({}, {"values": True, "expectation": "formula"}, {"expectation": "integral"})
    ):
        text = to_latex(make(), standalone=True, **options)
        assert text.isascii()
        (tmp_path / f"{i}.tex").write_text(text)
        ran = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{i}.tex"],
            cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-2000:]
        assert "Overfull" not in ran.stdout
        assert (tmp_path / f"{i}.pdf").stat().st_size > 1000


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


def test_refusals():
    with pytest.raises(InputError, match="expected a System"):
        to_latex("x' = x")
    for option in ({"expectation": "words"}, {"environment": "gather"}, {"digits": 0}):
        with pytest.raises(InputError):
            to_latex(rank_one(), **option)
