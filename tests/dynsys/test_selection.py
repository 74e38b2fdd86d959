"""Mixtures chosen by whether redrawn networks do the task."""

import numpy as np
import pytest

from dynsys.populations import fit_populations, populations_of, redraw, select_populations
from dynsys.populations.mixture import fit_mixture, mixture_optima
from rnn import LowRankRNN, load_example, loadings, simulate
from tasks import InputError, get_task


@pytest.fixture(scope="module")
def context():
    return loadings(load_example("context")), get_task("context")


@pytest.fixture(scope="module")
def chosen(context):
    return select_populations(*context, (1, 2), ("free", "zero"), draws=4, trials=150, restarts=8, rng=3)


def test_candidates_are_ranked_by_what_their_redrawn_networks_do(chosen, context):
    assert np.all(np.diff(chosen.accuracies) <= 0) and len(chosen.candidates) == len(chosen.accuracies)
    counts = [one.count for one in chosen.candidates]
    assert counts.count(1) == 2 and chosen.best.count == chosen.simplest.count == 2  # one cannot
    tried = {(one.means_kind, one.source["membership"]) for one in chosen.candidates if one.count == 2}
    assert tried == {("free", "soft"), ("free", "hard"), ("zero", "soft"), ("zero", "hard")}
    # Judged again on new networks and trials, here by other seeds still.
    task, trials = context[1], context[1].trials(150, rng=77)
    nets = [redraw(chosen.best, 512, seed, exact_moments=True) for seed in range(12)]
    others = [task.accuracy(simulate(net, trials, seed).z, trials) for seed, net in enumerate(nets)]
    assert abs(np.mean(others) - chosen.accuracy) < 0.06  # 150 trials: a standard error of 0.03 each
    assert 0 < chosen.error < 0.02


def test_a_selection_shows_itself(chosen):
    assert "redrawn accuracy" in repr(chosen) and "2 populations" in repr(chosen)
    table = chosen._repr_html_()
    assert table.count("<tr>") == len(chosen.candidates) + 1 and "hard" in table


def test_the_same_seed_selects_the_same(context):
    runs = [
        select_populations(*context, np.int64(2), optima=1, draws=2, trials=60, restarts=3, rng=5)
        for _ in "ab"
    ]
    assert runs[0].accuracy == runs[1].accuracy
    np.testing.assert_array_equal(runs[0].accuracies, runs[1].accuracies)
    np.testing.assert_array_equal(runs[0].best.covariances, runs[1].best.covariances)


def test_the_optima_are_distinct_and_the_best_is_the_fit(context):
    X = context[0].values
    optima = mixture_optima(X, 2, True, 12, np.random.default_rng(0), most=5)
    likelihoods = [one.log_likelihood for one in optima]
    assert len(optima) >= 2 and np.all(np.diff(likelihoods) < 0)
    best = fit_mixture(X, 2, True, 12, np.random.default_rng(0))
    assert best.log_likelihood >= likelihoods[0] - 1e-9


def test_hard_memberships_are_those_of_the_likeliest_population(context):
    rows = context[0]
    soft, hard = (fit_populations(rows, 2, rng=0, membership=how) for how in ("soft", "hard"))
    labels = soft.responsibilities.argmax(axis=1)
    np.testing.assert_array_equal(hard.responsibilities, np.eye(2)[labels])
    for p in range(2):
        X = rows.values[labels == p]
        np.testing.assert_allclose(hard.means[p], X.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(hard.covariances[p], np.cov(X.T, ddof=0), atol=1e-12)
    assert hard.weights == pytest.approx(np.bincount(labels) / 512)
    by_labels = populations_of(rows, np.eye(2)[labels])
    np.testing.assert_array_equal(by_labels.covariances, hard.covariances)
    zero = populations_of(rows, np.eye(2)[labels], means="zero", ddof=1)
    X = rows.values[labels == 1]
    np.testing.assert_allclose(zero.covariances[1], X.T @ X / (len(X) - 1), atol=1e-12)


def test_what_makes_no_sense_is_refused(context):
    rows, task = context
    few = loadings(LowRankRNN(*np.random.default_rng(0).standard_normal((4, 20, 1))))
    alike = loadings(LowRankRNN(*np.ones((4, 20, 1))))
    dots = get_task("rdm")
    for call, words in (
        (lambda: select_populations(rows, "context", rng=0), "task: expected Task"),
        (lambda: select_populations(rows.values, task, rng=0), "loadings: expected"),
        (lambda: select_populations(rows, task, (), rng=0), "counts: give one or more"),
        (lambda: select_populations(rows, task, 0, rng=0), "counts: "),
        (lambda: select_populations(rows, task, 2.5, rng=0), "counts: "),
        (lambda: select_populations(rows, task, means="none", rng=0), "means: .*'none'"),
        (lambda: select_populations(rows, task, membership=("fuzzy",), rng=0), "membership: .*'fuzzy'"),
        (lambda: select_populations(rows, task, rng=None), "rng"),
        (lambda: select_populations(few, dots, 40, rng=0), "20 units cannot give 40"),
        (lambda: select_populations(few, dots, 1, units=3, rng=0), "units: 3 are too few for exact moments"),
        (lambda: populations_of(few, np.ones((20, 2))), "sum to 1 in each row"),
        (lambda: populations_of(few, np.eye(2)[np.zeros(20, int)]), "a population has no units"),
        (lambda: populations_of(few, np.ones((19, 1))), "responsibilities: "),
        (lambda: fit_populations(few, 2, membership="fuzzy", rng=0), "membership: .*'fuzzy'"),
        (lambda: fit_populations(alike, 2, membership="hard", rng=0), "membership: .*fit fewer populations"),
    ):
        with pytest.raises(InputError, match=words):
            call()
