from itertools import pairwise

import numpy as np
import pytest

from dynsys.plotting import (
    new_figure,
    plot_dwell_times,
    plot_escape,
    plot_inputs,
    plot_psychometric_matrix,
    plot_reaches,
    plot_trial,
)
from dynsys.plotting.tasks import REACH, ROW
from rnn import load_example, simulate
from tasks import InputError, dwell_law, escape_law, get_task, psychometric_matrix, task_names


@pytest.mark.parametrize("name", task_names())
def test_every_channel_has_a_row_and_every_epoch_its_name(name):
    trials = get_task(name).trials(2, rng=0)
    ax = plot_trial(trials, 1, ax=new_figure()[1])
    assert [t.get_text() for t in ax.get_yticklabels()] == [*trials.input_names, *trials.output_names][::-1]
    assert set(trials.epochs) <= {text.get_text() for text in ax.texts}
    assert ax.get_xlim() == (0, trials.dt * trials.steps)


def test_the_rows_hold_the_inputs_and_the_targets_where_they_count():
    trials = get_task("romo").trials(3, rng=1)
    ax = plot_trial(trials, 2, outputs=0.5 * trials.targets, ax=new_figure()[1])
    (stairs,) = [patch for patch in ax.patches if hasattr(patch, "get_data")]
    drawn = stairs.get_data().values - ROW
    np.testing.assert_allclose(drawn / drawn.max(), trials.inputs[2, :, 0] / trials.inputs[2].max())
    target, output = (line for line in ax.lines if line.get_label() in ("target", "output"))
    counted = trials.mask[2, :, 0] > 0
    np.testing.assert_array_equal(np.isfinite(target.get_ydata()), counted)
    np.testing.assert_allclose(output.get_ydata()[counted], 0.5 * target.get_ydata()[counted])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["target", "output"]


def test_a_target_of_a_single_step_gets_a_dot():
    ax = plot_trial(get_task("rdm").trials(1, rng=0), ax=new_figure()[1])
    assert any(line.get_marker() == "o" and len(line.get_xdata()) == 1 for line in ax.lines)


def test_a_trial_that_is_not_there():
    with pytest.raises(InputError, match="there are 2 trials, numbered from 0; got 2"):
        plot_trial(get_task("rdm").trials(2, rng=0), 2)


def test_what_does_not_belong_to_the_trials_is_refused():
    trials, reach = get_task("rdm").trials(2, rng=0), get_task("reach").trials(2, rng=0)
    run = simulate(load_example("reach"), reach)
    for draw in (
        lambda: plot_trial(trials, 0, trials.targets[:, :5]),
        lambda: plot_trial(trials, 0, run),
        lambda: plot_reaches(reach, run.scored[:, :5]),
        lambda: plot_reaches(trials, trials.targets),
    ):
        with pytest.raises(InputError, match="(outputs|positions): expected"):
            draw()
    with pytest.raises(InputError, match="laws: expected DwellLaw, got list"):
        plot_dwell_times([1.0, 2.0], new_figure()[1])


def test_the_matrix_is_drawn_as_it_is():
    trials = get_task("context").trials(400, rng=0)
    matrix = psychometric_matrix(trials.targets, trials, "coherence A", "coherence B")
    ax = plot_psychometric_matrix(matrix, new_figure()[1])
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix.probability)
    assert ax.get_xticklabels()[0].get_text() == "\u22120.4"


def test_in_closed_loop_the_rows_show_what_was_sensed():
    trials = get_task("reach").trials(2, rng=0)
    run = simulate(load_example("reach"), trials)
    ax = plot_trial(trials, 1, outputs=run, ax=new_figure()[1])
    rows = [patch.get_data().values for patch in ax.patches if hasattr(patch, "get_data")]
    inputs = trials.inputs[1].copy()
    inputs[1:] += run.plant[1, :-1] @ trials.plant.C.T
    drawn = (rows[3] - ROW * (len(trials.input_names) + 1 - 3)) / REACH * np.abs(inputs).max()
    np.testing.assert_allclose(drawn, inputs[:, 3], atol=1e-12)
    outputs = [line for line in ax.lines if line.get_label() == "output"]
    drawn = (outputs[0].get_ydata() - ROW) / REACH * np.abs(trials.targets[1]).max()
    np.testing.assert_allclose(drawn, run.scored[1, :, 0], atol=1e-12)


def test_reaches_end_where_they_end():
    trials = get_task("reach", directions=8).trials(20, rng=0)
    ax = plot_reaches(trials, 0.5 * trials.targets, new_figure()[1])
    ends = next(line for line in ax.lines if line.get_label() == "end of the reach")
    np.testing.assert_array_equal(np.array(ends.get_data()).T, 0.5 * trials.targets[:, -1])


def test_dwell_times_step_down_to_nothing(rng):
    law = dwell_law(100.0 + rng.exponential(500.0, 200))
    ax = plot_dwell_times({"weak": law, "strong": law}, new_figure()[1])
    weak = next(line for line in ax.lines if line.get_label() == "weak")
    assert weak.get_ydata()[0] == 1.0 and weak.get_ydata()[-1] == 0.0
    np.testing.assert_array_equal(weak.get_xdata()[1:], law.times / 1000)
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == ["weak", "strong"]
    plot_dwell_times({}, new_figure()[1])


def test_the_rates_lie_where_they_were_measured(rng):
    noise = np.array([0.2, 0.3, 0.4])
    law = escape_law(noise, [dwell_law(rng.exponential(np.exp(0.2 / s**2), 99)) for s in noise])
    ax = plot_escape(law, new_figure()[1])
    fit, measured = ax.lines
    np.testing.assert_allclose(measured.get_xdata(), noise**-2)
    np.testing.assert_allclose(measured.get_ydata(), 1000 * law.rates)
    slope = np.diff(np.log(fit.get_ydata())) / np.diff(fit.get_xdata())
    assert slope[0] == pytest.approx(-law.barrier)


def test_a_large_matrix_has_few_labels():
    trials = get_task("romo").trials(3000, rng=0)
    ax = plot_psychometric_matrix(psychometric_matrix(trials.targets, trials, "f1", "f2"), new_figure()[1])
    assert [label.get_text() for label in ax.get_xticklabels()] == [str(f) for f in range(10, 35, 3)]


def test_epochs_are_shaded_where_all_trials_are_in_them_and_no_name_covers_another():
    trials = get_task("dms").trials(8, rng=0)
    ax = plot_inputs(trials, ax=new_figure()[1])
    assert "stimulus2" not in [text.get_text() for text in ax.texts]  # at another time in each trial
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.x0)
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    shaded = [patch.get_x() + patch.get_width() for patch in ax.patches]
    assert max(shaded) <= trials.dt * trials.epochs["delay"][:, 1].min()
