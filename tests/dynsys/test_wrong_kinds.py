"""Every stage refuses the result of another stage, and says which function makes what it needs."""

import numpy as np
import pytest

import dynsys
from dynsys.analysis import bifurcation_sensitivity
from dynsys.plotting import (
    plot_bifurcation,
    plot_error_bars,
    plot_flow,
    plot_paths,
    plot_portrait,
    plot_potential,
    plot_two_parameters,
)
from rnn import LowRankRNN
from tasks import InputError, get_task

M, N, INPUT = np.random.default_rng(0).standard_normal((3, 30))
NET = LowRankRNN(M, 1.5 * M + N, INPUT, M)
POPULATIONS = dynsys.fit_populations(dynsys.loadings(NET))

FIELD = dynsys.reduced_field(NET)
DIAGRAM = dynsys.bifurcation_diagram(FIELD, "gain", (0, 2))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: dynsys.fit_populations(NET), r"expected Loadings, got LowRankRNN; .*loadings\(net\)"),
        (lambda: dynsys.redraw(NET, 10, rng=0), "populations: expected Populations, got LowRankRNN"),
        (lambda: dynsys.mean_field(dynsys.loadings(NET)), "expected Populations, got Loadings; see"),
        (lambda: dynsys.compile_field(POPULATIONS), "system: expected a System, got Populations"),
        (lambda: dynsys.to_latex(POPULATIONS), "system: expected a System, got Populations"),
        (lambda: dynsys.find_fixed_points(NET), r"field: expected Field, got LowRankRNN; see reduced_field"),
        (lambda: dynsys.find_fixed_points(dynsys.mean_field(POPULATIONS)), "got System; .*compile_field"),
        (lambda: dynsys.phase_portrait(NET), "field: expected Field"),
        (lambda: dynsys.continue_branch(NET, [0.0], "gain", (0, 2)), "field: expected Field"),
        (lambda: dynsys.bifurcation_diagram(NET, "gain", (0, 2)), "field: expected Field"),
        (lambda: dynsys.run_circuit(NET, None), "field: expected Field"),
        (
            lambda: dynsys.run_circuit(dynsys.reduced_field(NET), get_task("rdm")),
            r"trials: expected Trials, got RandomDots; .*task\.trials",
        ),
        (
            lambda: dynsys.finite_size_error(NET, dynsys.reduced_field(NET), [0.0], 100),
            "populations: expected Populations",
        ),
        (lambda: dynsys.finite_size_error(POPULATIONS, NET, [0.0], 100), "field: expected Field"),
        (lambda: dynsys.analyse(NET, "rdm", rng=0), r"task: expected Task, got str; .*get_task\(name\)"),
        (lambda: dynsys.analyse(NET, rng=0, gain_span=2), "gain_span: expected"),
        (lambda: plot_bifurcation(NET), "BifurcationDiagram or Branch or CycleBranch, got LowRankRNN"),
        (lambda: plot_two_parameters(NET), r"expected TwoParameterDiagram, .*two_parameter_diagram\("),
        (lambda: plot_portrait(NET), r"expected PhasePortrait, .*phase_portrait\("),
        (lambda: plot_flow(NET), r"expected PhasePortrait, .*phase_portrait\("),
        (lambda: plot_potential(NET), r"expected PhasePortrait, .*phase_portrait\("),
        (lambda: plot_error_bars(NET, []), "diagram: expected BifurcationDiagram"),
        (lambda: plot_error_bars(DIAGRAM, [NET]), "expected BifurcationSensitivity, got LowRankRNN"),
        (lambda: plot_paths(NET, None, None), "diagram: expected BifurcationDiagram"),
        (lambda: plot_bifurcation(DIAGRAM, ax="left"), "ax: expected Axes, got str"),
        (
            lambda: bifurcation_sensitivity(FIELD, DIAGRAM.special_points[0], errors=[1, 2]),
            "errors: expected Populations, .*got list",
        ),
        (lambda: dynsys.write_report(NET, "nowhere"), "expected Analysis, got LowRankRNN; .*analyse"),
    ],
)  # fmt: skip
def test_wrong_kinds_are_refused_with_what_makes_the_right_one(call, words):
    with pytest.raises(InputError, match=words):
        call()


@pytest.mark.parametrize("change", [{"sigma_mm": -1.0}, {"noise": -1.0}])
def test_a_negative_variance_is_named_as_the_likely_cause(change):
    field = dynsys.compile_field(dynsys.mean_field(POPULATIONS), **change)
    with pytest.raises(InputError, match="not finite everywhere.*a negative variance.*'noise'"):
        dynsys.find_fixed_points(field)
