"""What an equation does: its fixed points, their stability, and how they change along a parameter.

Everything here takes a `Field`, whoever made it: a mean field, an exact finite-N network, or equations that a
user typed.

Examples
--------
>>> import dynsys.analysis
>>> "find_fixed_points" in dir(dynsys.analysis)
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attractor_graphs": ["attractor_graph", "state_machine"],
        "attractors": ["Attractors", "attractor_of", "find_attractors"],
        "basins": ["Basins", "find_basins"],
        "certificates": ["Certificate", "certify"],
        "bifurcation_curve": ["BifurcationCurve", "continue_curve"],
        "circuit": ["run_circuit"],
        "codimension_two_point": ["CodimensionTwoPoint"],
        "conditions": ["input_conditions", "phase_portraits", "resting_condition"],
        "continuation": ["Branch", "continue_branch"],
        "count_maps": ["CountMap", "count_map"],
        "cycle_branch": ["CycleBranch"],
        "cycle_continuation": ["continue_cycles"],
        "cycle_point": ["CyclePoint"],
        "cycle_search": ["find_cycles"],
        "cycles": ["Cycle", "LimitCycles"],
        "diagram": ["BifurcationDiagram", "bifurcation_diagram"],
        "escapes": ["EscapeRate", "escape_rate"],
        "field": ["compile_field", "reduced_field"],
        "finite_size": ["finite_size_error"],
        "fixed_points": ["Continuum", "FixedPoint", "FixedPoints", "find_fixed_points"],
        "flow": ["Flow", "integrate"],
        "graphs": ["circuit_graph"],
        "lift": ["LiftedPoint", "find_network_points", "lift"],
        "maps": ["as_map"],
        "manifolds": ["Manifold", "invariant_manifolds"],
        "special_point": ["SpecialPoint"],
        "nullclines": ["Nullcline", "find_nullclines"],
        "planes": ["Plane", "make_plane"],
        "portrait": ["PhasePortrait", "phase_portrait"],
        "result_file": ["load_result", "save_result"],
        "robustness": ["BasinDistance", "basin_distances"],
        "sensitivity": [
            "BifurcationSensitivity",
            "Sensitivity",
            "bifurcation_sensitivity",
            "fixed_point_sensitivity",
        ],
        "slow_points": ["SlowPoint", "find_slow_points"],
        "transitions": ["Transition", "pulse_transitions"],
        "two_parameters": ["TwoParameterDiagram", "two_parameter_diagram"],
        "vector_field": ["Field", "FieldFunctions"],
    },
)
