"""docs/names.md: every name in it exists, and every mean field has the parameters it says."""

import dataclasses
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from dynsys.populations import Populations
from dynsys.symbolic import mean_field

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "names.md").read_text()
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in TEXT.splitlines() if "|" in line
]
ROWS = [row for row in ROWS if "`" in "".join(row)]
NAMES = sorted({name for row in ROWS if len(row) == 3 for name in re.findall(r"`([^`]+)`", row[2])})
PARAMETERS = [(row[1].strip("`"), *map(int, row[2:])) for row in ROWS if len(row) == 6]


def find(dotted):
    """The object that a dotted name stands for; a field of a dataclass counts as found."""
    parts = dotted.split(".")
    place, rest = importlib.import_module(parts[0]), parts[1:]
    for i, part in enumerate(rest):
        path = ".".join(parts[: i + 2])
        if inspect.ismodule(place) and not hasattr(place, part):
            place = importlib.import_module(path)
        elif dataclasses.is_dataclass(place) and part in {field.name for field in dataclasses.fields(place)}:
            return None
        else:
            place = getattr(place, part)
    return place


def test_the_tables_are_read():
    assert len(NAMES) > 50 and len(PARAMETERS) > 10
    assert all(len(row) in (3, 6) for row in ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_exists(name):
    if " " in name or "." not in name:
        pytest.fail(f"{name!r} is not a dotted name")
    dotted, argument = re.fullmatch(r"([\w.]+?)(?:\((\w+)\))?", name).groups()
    found = find(dotted)
    if argument is not None:
        assert argument in inspect.signature(found).parameters


@pytest.mark.parametrize("name, rank, inputs, outputs, count", PARAMETERS)
def test_every_parameter_of_a_mean_field_exists(name, rank, inputs, outputs, count):
    width = 2 * rank + inputs + outputs
    covariances = np.full((count, width, width), 0.5) + np.eye(width)
    weights, means = np.full(count, 1 / count), np.ones((count, width))
    populations = Populations(weights, means, covariances, rank, inputs, outputs)
    system = mean_field(populations, noise=0.1)
    assert name in (*system.state_names, *system.input_names, *system.parameter_names)


def test_names_that_are_wrong_would_be_noticed():
    for wrong in ("rnn.LowRankRNN.M", "dynsys.nothing", "rnn.Trajectory.y"):
        with pytest.raises((AttributeError, ImportError)):
            find(wrong)
