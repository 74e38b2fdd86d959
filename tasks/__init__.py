"""Cognitive tasks: batches of inputs and targets for recurrent networks.

Examples
--------
>>> import tasks
>>> tasks.get_task("rdm").trials(2, rng=0)
Trials(task='rdm', 2 trials of 51 steps of 20 ms, inputs ('motion',), outputs ('choice',))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adapters": ["EnvironmentTask", "FixedTrials"],
        "averages": ["ConditionAverages", "condition_averages"],
        "base": ["Task", "Trials"],
        "continuous": ["Bistable"],
        "decision": ["ContextDecision", "MultisensoryDecision", "RandomDots"],
        "errors": ["DynsysError", "FileError", "InputError", "OutcomeError", "Status"],
        "dwell": ["DwellLaw", "EscapeLaw", "dwell_law", "dwell_times", "escape_law"],
        "holding": ["held_accuracy", "segments_held", "states_held"],
        "memory": ["DelayedMatch", "FlipFlop", "WorkingMemory"],
        "metrics": [
            "PsychometricCurve", "PsychometricMatrix", "accuracy", "loss", "psychometric_curve",
            "psychometric_matrix", "r_squared",
        ],
        "plant": ["LinearPlant"],
        "readout": ["LaggedReadout", "lagged_readout"],
        "reach": ["Reach", "end_point_errors"],
        "registry": ["get_task", "task_names"],
    },
)  # fmt: skip
