"""Maps of proved numbers of fixed points: every cell against exact counts and against a proof of its own."""

import numpy as np
import problems
import pytest

from dynsys.analysis import certify, compile_field, count_map, count_maps, reduced_field
from dynsys.symbolic import System, mean_field
from tasks.errors import InputError


@pytest.fixture(scope="module")
def cusp():
    return compile_field(System.from_text("x' = mu + lam x - x^3; mu = 0, lam = 0"))


def test_every_cell_of_a_cusp_has_the_number_that_its_discriminant_says(cusp):
    """x^3 = lam x + mu has 3 roots where 4 lam^3 > 27 mu^2, and a double one where both are equal."""
    lam, mu = np.linspace(-4, 4, 129), np.linspace(-3, 3, 49)
    counts = count_map(cusp, ("lam", lam), ("mu", mu), box=[[-3, 3]]).counts
    inside = 4 * lam**3 - 27 * mu[:, None] ** 2  # exact: all of them are small dyadic fractions
    np.testing.assert_array_equal(counts[inside > 0], 3)
    np.testing.assert_array_equal(counts[inside < 0], 1)
    # (3, -2), (3, 2), (3/4, -1/4), (3/4, 1/4): a double root; (0, 0): a triple one
    assert (inside == 0).sum() == 5 and (counts[inside == 0] == count_maps.UNKNOWN).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (33, 1), (5, 64)])
def test_maps_of_any_shape_are_parts_of_the_large_one(cusp, shape):
    lam, mu = np.linspace(-4, 4, 129)[: shape[1]], np.linspace(-3, 3, 49)[-shape[0] :]
    counts = count_map(cusp, ("mu", mu), ("lam", lam), box=[[-3, 3]], threads=1).counts
    inside = 4 * lam[:, None] ** 3 - 27 * mu**2
    assert counts.shape == shape[::-1]
    np.testing.assert_array_equal(counts, np.where(inside > 0, 3, 1))


def test_a_root_that_leaves_through_a_face_is_counted_on_one_side_and_unknown_on_it():
    """x = a + b, exactly; the box ends at -1 and 1."""
    field = compile_field(System.from_text("x' = a + b - x; a = 0, b = 0"))
    a, b = np.linspace(-2, 2, 129), np.linspace(-0.5, 0.5, 33)
    counts = count_map(field, ("a", a), ("b", b), box=[[-1, 1]]).counts
    place = np.abs(a + b[:, None])
    np.testing.assert_array_equal(counts, np.where(place < 1, 1, np.where(place > 1, 0, count_maps.UNKNOWN)))


def test_parameters_out_of_order_and_repeated(cusp):
    rng = np.random.default_rng(0)
    lam, mu = rng.permutation(np.linspace(-4, 4, 40)), np.repeat([1.0, -0.3, 1.0], 5)
    counts = count_map(cusp, ("lam", lam), ("mu", mu), box=[[-3, 3]]).counts
    np.testing.assert_array_equal(counts, np.where(4 * lam**3 - 27 * mu[:, None] ** 2 > 0, 3, 1))


@pytest.mark.slow
def test_each_cell_of_a_mean_field_agrees_with_its_own_proof():
    """Trapping boxes that differ from cell to cell; three points from gain sigma_mn = 1 on (THEORY 4)."""
    field = compile_field(mean_field(problems.rank_one_populations(1.5, sigma_mI=0.4)))
    gains, inputs = np.linspace(0.2, 1.3, 23), np.linspace(0.0, 1.0, 9)
    counts = count_map(field, ("gain", gains), ("v", inputs)).counts
    np.testing.assert_array_equal(counts[0], np.where(1.5 * gains > 1, 3, 1))
    for i, v in enumerate(inputs):
        for j, gain in enumerate(gains):
            assert counts[i, j] == certify(field.with_values(gain=gain), v).proved


def test_finite_networks_are_counted_cell_by_cell():
    field = reduced_field(problems.random_network(3, 2))
    gains, inputs = np.linspace(0.5, 2.0, 5), np.linspace(-0.5, 0.5, 3)
    counts = count_map(field, ("gain", gains), (field.inputs[0], inputs)).counts
    for i, v in enumerate(inputs):
        for j, gain in enumerate(gains):
            assert counts[i, j] == certify(field.with_values(gain=gain), {field.inputs[0]: v}).proved


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, across, along, box",
    [
        ("x' = -x + tanh(a x - y); y' = -y + tanh(x + b y); a = 1, b = 1", ("a", 0, 4), ("b", 0, 4), 1.1),
        ("x' = x^2 - y^2 - a; y' = 2 x y - b; a = 0, b = 0", ("a", -1, 1), ("b", -1, 1), 2.0),
        ("x' = sin(a x) - y; y' = cos(b y) - x; a = 1, b = 1", ("a", 0.5, 6), ("b", 0.5, 6), 1.3),
    ],
)
def test_random_cells_agree_with_their_own_proofs(text, across, along, box):
    field, rng = compile_field(System.from_text(text)), np.random.default_rng(1)
    limits = [[-box, box]] * 2
    one, two = np.linspace(*across[1:], 150), np.linspace(*along[1:], 90)
    counts = count_map(field, (across[0], one), (along[0], two), box=limits).counts
    assert (counts >= 0).mean() > 0.99
    for i, j in zip(rng.integers(0, 90, 300), rng.integers(0, 150, 300)):
        own = certify(field.with_values(**{across[0]: one[j], along[0]: two[i]}), box=limits, budget=4000)
        if own.complete:
            assert counts[i, j] in (own.proved, count_maps.UNKNOWN)
        else:
            assert counts[i, j] == count_maps.UNKNOWN or counts[i, j] >= own.proved


def test_a_budget_that_is_too_small_leaves_cells_unknown(cusp):
    axes = ("lam", np.linspace(2, 4, 40)), ("mu", np.linspace(0, 1, 40))
    few = count_map(cusp, *axes, box=[[-3, 3]], budget=1).counts
    every = count_map(cusp, *axes, box=[[-3, 3]]).counts
    assert ((few == every) | (few == count_maps.UNKNOWN)).all() and (every >= 0).all()


def test_what_cannot_be_counted_is_refused(cusp):
    with pytest.raises(InputError, match="proof needs a field of compile_field"):
        count_map(problems.cusp(), ("mu", [0.0]), ("lam", [1.0]), box=[[-1, 1]])
    with pytest.raises(InputError, match="reversed or empty"):
        count_map(cusp, ("mu", [0.0]), ("lam", [1.0]), box=[[1, 1]])
    with pytest.raises(InputError, match="finite"):
        count_map(cusp, ("mu", [np.nan]), ("lam", [1.0]), box=[[-1, 1]])
