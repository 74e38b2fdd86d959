"""Pictures of results: every ``plot_*(result, ax=None)`` draws into one Axes, computes nothing, returns it.

Without ``ax`` a pyplot figure is made, which a notebook shows by itself; with ``ax`` pyplot is left alone.

Examples
--------
>>> import dynsys.plotting
>>> "plot_loadings" in dir(dynsys.plotting)
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "activity": [
            "plot_accuracies", "plot_inputs", "plot_learning_curve", "plot_outputs", "plot_psychometric",
        ],
        "averages": ["plot_averages"],
        "attractor_graphs": ["plot_attractors", "plot_state_machine"],
        "states": ["plot_angles", "plot_kappa", "plot_variance_explained"],
        "bifurcation": ["plot_bifurcation"],
        "on_diagrams": ["plot_error_bars", "plot_paths"],
        "regions": ["plot_two_parameters"],
        "connectivity": ["plot_histogram", "plot_loadings", "plot_pairs"],
        "densities": ["plot_densities", "plot_density"],
        "dwell": ["plot_dwell_times", "plot_escape"],
        "graphs": ["plot_circuit"],
        "maps": ["plot_count_map"],
        "phase": ["plot_flow", "plot_potential", "plot_trajectories"],
        "phase_plane": ["plot_portrait", "plot_portraits"],
        "phase_space": ["plot_portrait_3d"],
        "moments": ["plot_correlation", "plot_covariance"],
        "style": ["new_figure", "symbol"],
        "tasks": ["plot_psychometric_matrix", "plot_reaches", "plot_trial"],
    },
)  # fmt: skip
