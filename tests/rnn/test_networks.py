import dataclasses

import numpy as np
import pytest

from rnn import FullRankRNN, LowRankRNN, loadings
from rnn.connectivity import factors, loading_names
from tasks import InputError, get_task


def parts(units=6, rank=2, inputs=3, outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "m": rng.standard_normal((units, rank)),
        "n": rng.standard_normal((units, rank)),
        "I": rng.standard_normal((units, inputs)),
        "w": rng.standard_normal((units, outputs)),
    }


def full(net):
    return net.m @ net.n.T / net.units


def test_one_dimensional_vectors_mean_rank_one():
    rng = np.random.default_rng(0)
    m, n, I, w = rng.standard_normal((4, 6))
    net = LowRankRNN(m, n, list(I), w)
    assert (net.units, net.rank, net.input_count, net.output_count) == (6, 1, 1, 1)
    assert net.hash == LowRankRNN(m[:, None], n[:, None], I[:, None], w[:, None]).hash


@pytest.mark.parametrize("change", [np.float32, ">f8", int, np.asfortranarray])
def test_any_real_array_gives_the_same_network(change):
    exact = {name: np.round(8 * a) for name, a in parts().items()}
    turned = {
        name: change(a) if change is np.asfortranarray else a.astype(change) for name, a in exact.items()
    }
    assert LowRankRNN(**turned).hash == LowRankRNN(**exact).hash


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"n": np.zeros((2, 6))}, r"n: expected \(N, R\) = \(6, 2\), got \(2, 6\); did you mean n.T"),
        ({"I": np.zeros((3, 6))}, r"I: expected \(N, S\) = \(6, any\), got \(3, 6\); did you mean I.T"),
        ({"w": np.full((6, 1), np.nan)}, "w: 6 of 6 entries are not finite"),
        ({"m": np.full((6, 2), np.inf)}, r"m: 12 of 12 entries are not finite, the first at index \(0, 0\)"),
        ({"m": np.zeros((6, 2), complex)}, "m: expected real numbers"),
        ({"m": [[1.0], [1.0, 2.0]]}, "m: cannot be read as an array"),
        ({"h0": np.zeros(5)}, r"h0: expected \(N,\) = \(6,\)"),
        ({"phi": "sigmoid"}, "phi: got 'sigmoid'; choose one of"),
        ({"alpha": 2.0}, "alpha: must be < 2"),
        ({"alpha": 0}, "alpha: must be > 0"),
        ({"noise_std": -0.1}, "noise_std: must be >= 0"),
    ],
)
def test_bad_networks_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        LowRankRNN(**{**parts(), **changes})


def test_bad_full_rank_networks_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"J: expected \(N, N\), got \(6, 2\); for m and n use LowRankRNN"):
        FullRankRNN(np.zeros((6, 2)), np.zeros(6), np.zeros(6))
    with pytest.raises(InputError, match="J: 1 of 16 entries is not finite"):
        FullRankRNN(np.where(np.eye(4) * [1, 0, 0, 0], np.nan, 0), rng.random(4), rng.random(4))


def test_networks_are_frozen_and_do_not_share_memory():
    given = parts()
    net = LowRankRNN(**given)
    given["m"][0, 0] = 99.0
    assert net.m[0, 0] != 99.0
    with pytest.raises(ValueError, match="read-only"):
        net.m[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.alpha = 0.1


def test_the_hash_sees_every_part():
    net = LowRankRNN(**parts())
    hashes = {net.hash}
    for changes in (
        {"phi": "erf"},
        {"alpha": 0.1},
        {"noise_std": 0.1},
        {"h0": np.ones(6)},
        {"w": parts()["w"] + 1e-16 + 1e-9},
    ):
        hashes.add(dataclasses.replace(net, **changes).hash)
    assert len(hashes) == 6


def test_random_networks_are_drawn_for_tasks():
    for draw in (lambda: LowRankRNN.random(8, 1, "rdm", rng=0), lambda: FullRankRNN.random(8, None, rng=0)):
        with pytest.raises(InputError, match="task: expected a Task such as get_task"):
            draw()


def test_random_networks_have_the_recipes_spread():
    net = LowRankRNN.random(20000, 2, get_task("rdm"), rng=3)
    for name, std in (("m", 1), ("n", 1), ("I", 1), ("w", 4)):
        assert getattr(net, name).std() == pytest.approx(std, rel=0.03)
    assert net.alpha == get_task("rdm").alpha


def test_factors_hold_the_one_over_n():
    net = LowRankRNN(**parts())
    left, right = factors(net)
    np.testing.assert_allclose(left[:2].T @ right[:2], full(net), rtol=1e-14)
    np.testing.assert_allclose(right[2:] * net.units, net.w.T)
    assert factors(net, np.float32)[0].dtype == np.float32


def test_names_carry_an_index_only_when_there_are_several():
    assert loading_names(1, 1, 1) == ("m", "n", "I", "w")
    assert loading_names(1, 2, 0) == ("m", "n", "I1", "I2")


def test_the_canonical_gauge_is_the_same_network():
    net = LowRankRNN(**parts(units=40))
    canonical = loadings(net, "canonical")
    m, n = canonical.m, canonical.n
    np.testing.assert_allclose(m @ n.T / 40, full(net), atol=1e-13)
    np.testing.assert_allclose(m.T @ m, 40 * np.eye(2), atol=1e-12)
    np.testing.assert_allclose(m, net.m @ canonical.gauge, atol=1e-12)
    np.testing.assert_allclose(n, net.n @ np.linalg.inv(canonical.gauge).T, atol=1e-12)
    strengths = np.linalg.norm(n, axis=0)
    assert strengths[0] >= strengths[1] and (net.w[:, 0] @ m >= 0).all()


def test_the_canonical_gauge_does_not_depend_on_the_stored_one():
    net = LowRankRNN(**parts(units=40))
    A = np.array([[2.0, 1.0], [-1.0, 0.3]])
    other = LowRankRNN(net.m @ A, net.n @ np.linalg.inv(A).T, net.I, net.w)
    np.testing.assert_allclose(
        loadings(other, "canonical").values, loadings(net, "canonical").values, atol=1e-11
    )


@pytest.mark.parametrize("case", ["duplicate", "zero"])
def test_a_network_of_smaller_rank_has_no_canonical_gauge(case):
    given = parts(units=30)
    given["m"] = given["m"][:, [0, 0]] if case == "duplicate" else np.zeros_like(given["m"])
    net = LowRankRNN(**given)
    assert loadings(net).values.shape == (30, 8)
    with pytest.raises(InputError, match="numerical rank [01], below R = 2"):
        loadings(net, "canonical")


def test_loadings_are_for_low_rank_networks():
    with pytest.raises(InputError, match="truncate it first"):
        loadings(FullRankRNN(np.eye(3), np.zeros(3), np.zeros(3)))


def test_the_overlap_matrix_is_the_small_side_of_j():
    net = LowRankRNN(**parts(units=30))
    ours = np.linalg.eigvals(loadings(net).overlaps)
    theirs = np.linalg.eigvals(full(net))
    np.testing.assert_allclose(
        np.sort_complex(ours), np.sort_complex(theirs[np.argsort(-abs(theirs))[:2]]), atol=1e-12
    )
