"""dynsys: from a trained recurrent network to its equations and its dynamics.

Every name of the main flow can be imported from here, those of `tasks` and `rnn` included; nothing is
loaded before it is used.

Examples
--------
>>> import dynsys
>>> dynsys.get_task("rdm").steps(800)
40
"""

import lazy_loader

import rnn
import tasks

__version__ = "0.1.0"

_FROM_BELOW = {name: package for package in (tasks, rnn) for name in package.__all__}

_own, _, _own_names = lazy_loader.attach(
    __name__,
    submod_attrs={
        "populations": ["Populations", "fit_populations", "inactivate", "redraw", "retrain", "scale_gain",
                        "select_populations"],
        "symbolic": ["System", "mean_field", "to_latex"],
        "analysis": [
            "BifurcationCurve", "BifurcationDiagram", "Branch", "Certificate", "CountMap", "Field",
            "FixedPoint", "FixedPoints", "PhasePortrait", "as_map", "attractor_graph", "bifurcation_diagram",
            "certify", "circuit_graph", "compile_field", "continue_branch", "continue_curve", "count_map",
            "find_attractors", "find_cycles", "find_fixed_points", "finite_size_error", "integrate",
            "load_result", "phase_portrait", "phase_portraits", "reduced_field", "run_circuit", "save_result",
            "state_machine",
        ],
        "report": ["Analysis", "analyse", "write_report"],
    },
)  # fmt: skip

__all__ = sorted([*_own_names, *_FROM_BELOW])


def __getattr__(name):
    return getattr(_FROM_BELOW[name], name) if name in _FROM_BELOW else _own(name)


def __dir__():
    return list(__all__)
