"""Reports of other networks and tasks: two latent variables, circuits that fail, trials without inputs."""

import numpy as np
import pytest
from structure import Structure

from dynsys.report import analyse, write_report
from dynsys.report.figures import _spread
from rnn import LowRankRNN, load_example
from tasks import InputError, get_task, task_names


@pytest.mark.slow
def test_two_latent_variables(tmp_path):
    rng = np.random.default_rng(4)
    m = rng.standard_normal((200, 2))
    I, w = rng.standard_normal((2, 200, 1))
    net = LowRankRNN(m, m * [1.6, 1.3] + 0.5 * I, I, w + m[:, :1])
    found = analyse(net, get_task("rdm"), rng=0, redraws=2, test_trials=50)
    planes = found.network_dynamics.portraits + found.mean_field_dynamics.portraits
    assert len(planes) == 2 and np.array_equal(planes[0].box, planes[1].box)
    assert found.performance.r_squared["reduction"] == pytest.approx(1.0, abs=1e-12)
    text = write_report(found, tmp_path / "out").read_text()
    Structure(text)
    assert (
        "Phase plane without input" in text and "nan" not in text.split("</style>")[1].split("data:image")[0]
    )


@pytest.mark.slow
def test_a_circuit_that_fails_is_not_said_to_do_the_task(tmp_path):
    """The match-to-sample network holds two states that no single Gaussian population has."""
    found = analyse(load_example("dms-r2-n512"), get_task("dms"), rng=0, redraws=1, test_trials=60)
    text = write_report(found, tmp_path / "out").read_text()
    assert "They do not do the task" in text and "The circuit does not do the task" in text
    assert "in the network 2, in the mean field none" in text and "inputs A (v1), B (v2)" in text
    assert "R\u00b2 = \u2212" in text and "\u00b1 0." in text and "along the input v1." in text


def test_a_closed_loop_is_refused_before_the_work():
    told = []
    with pytest.raises(InputError, match="task: 'reach' is in closed loop .* leave the task out"):
        analyse(
            load_example("reach"), get_task("reach"), rng=0, progress=lambda stage, *_: told.append(stage)
        )
    assert told == ["task"]


@pytest.mark.slow
def test_a_task_whose_trials_hold_no_input_and_whose_condition_is_several_numbers(tmp_path):
    found = analyse(load_example("flipflop"), get_task("flipflop"), rng=0, redraws=1, test_trials=20)
    assert len(found.network_dynamics.fixed_points) == 1
    Structure(write_report(found, tmp_path / "out").read_text())


@pytest.mark.parametrize("name", task_names())
def test_trials_of_every_task_are_spread_over_its_conditions(name):
    trials = get_task(name).trials(12, rng=0)
    shown = _spread(trials, 5)
    assert len(set(shown.tolist())) == 5
    values = next(iter(trials.conditions.values()), np.arange(12))
    rows = {tuple(np.ravel(row)) for row in values}
    assert len({tuple(np.ravel(values[b])) for b in shown}) == min(5, len(rows))
