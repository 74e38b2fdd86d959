"""Compiled leaves: they take checked arrays and numbers, and return arrays and codes.

Nothing here checks a shape, and compiled code writes past the end of a short buffer without a word. Enter
through the wrappers: `rnn.simulation.simulate`, `rnn.training.train`, `rnn.kernels.lowrank.gradient`.
"""
