"""Low-rank and full-rank recurrent networks: data, simulation, training and files.

Examples
--------
>>> import rnn, tasks
>>> rnn.LowRankRNN.random(64, 1, tasks.get_task("rdm"), rng=0).units
64
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "activations": ["phi"],
        "approximation": ["truncate"],
        "checkpoints": ["Checkpoint", "load_checkpoint"],
        "connectivity": ["Loadings", "factors", "loading_names", "loadings"],
        "curriculum": ["Stage", "train_stages"],
        "ensemble": ["train_many"],
        "examples": ["example_names", "example_record", "load_example"],
        "networks": ["FullRankRNN", "LowRankRNN"],
        "optimizers": ["SGD", "Adam"],
        "pytorch": ["read_state_dict"],
        "recipes": ["Recipe", "recipe", "train_recipe"],
        "schedules": ["ConstantRate", "CosineRate", "ExponentialRate", "StepRate"],
        "simulation": ["Trajectory", "simulate"],
        "state_dicts": ["network_from_state_dict"],
        "storage": ["load_network", "read_header", "save_network"],
        "training": ["EpochRecord", "TrainConfig", "TrainResult", "train"],
    },
)
