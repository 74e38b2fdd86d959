import numpy as np
import pytest

from tasks.checks import as_array, check_count, check_number, check_rng, choose
from tasks.errors import InputError, OutcomeError, Status

VALUES = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "given",
    [
        VALUES.astype(int),
        VALUES.astype(np.float32),
        VALUES.astype(">f8"),
        np.asfortranarray(VALUES),
        VALUES.tolist(),
        np.repeat(VALUES, 2, axis=1)[:, ::2],
    ],
    ids=["int", "float32", "big-endian", "fortran", "list", "strided"],
)
def test_every_real_array_becomes_the_same_copy(given):
    array = as_array("m", given)
    np.testing.assert_array_equal(array, VALUES)
    assert array.dtype == np.float64 and array.flags.c_contiguous and not array.flags.writeable


def test_memory_maps_and_read_only_arrays_are_accepted(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    np.testing.assert_array_equal(as_array("m", np.load(tmp_path / "a.npy", mmap_mode="r")), VALUES)
    frozen = VALUES.copy()
    frozen.setflags(write=False)
    np.testing.assert_array_equal(as_array("m", frozen), VALUES)


def test_the_callers_array_is_copied_and_stays_writable():
    mine = VALUES.copy()
    taken = as_array("m", mine)
    mine[0, 0] = 99.0
    assert taken[0, 0] == 0.0 and mine.flags.writeable


@pytest.mark.parametrize("bad", [VALUES.astype(complex), VALUES > 1, VALUES.astype(object), np.array(["a"])])
def test_other_kinds_are_refused_by_name(bad):
    with pytest.raises(InputError, match="m: expected real numbers, got dtype"):
        as_array("m", bad)


def test_ragged_rows_are_refused():
    with pytest.raises(InputError, match="rows of equal length"):
        as_array("m", [[1.0], [1.0, 2.0]])


def test_a_transposed_matrix_gets_the_right_hint():
    with pytest.raises(
        InputError, match=r"m: expected \(N, R\) = \(128, 2\), got \(2, 128\); did you mean m.T\?"
    ):
        as_array("m", np.zeros((2, 128)), (128, 2), "(N, R)")


def test_non_finite_entries_are_counted_and_located():
    bad = VALUES.copy()
    bad[1, 2], bad[2, 0] = np.nan, np.inf
    with pytest.raises(
        InputError, match=r"w: 2 of 12 entries are not finite, the first at index \(1, 2\): nan"
    ):
        as_array("w", bad)


def test_large_finite_entries_are_not_mistaken_for_infinity():
    assert as_array("m", [1e308, 1e308]).shape == (2,)


@pytest.mark.parametrize("bad", [True, "1", None, float("nan"), float("inf"), 1j])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(InputError, match="dt:"):
        check_number("dt", bad)


def test_bounds_are_checked():
    assert check_number("x", np.float32(0.5), above=0, maximum=0.5) == 0.5
    for bounds in ({"minimum": 1}, {"above": 0.5}, {"maximum": 0}, {"below": 0.5}):
        with pytest.raises(InputError, match="x: must be"):
            check_number("x", 0.5, **bounds)
    with pytest.raises(InputError, match=">= 0"):
        check_number("x", -1e-9, minimum=0.0)


@pytest.mark.parametrize("bad", [0, -1, 1.0, True, "3"])
def test_counts(bad):
    with pytest.raises(InputError, match="n: expected a whole number >= 1"):
        check_count("n", bad)


@pytest.mark.parametrize("bad", [None, -1, 0.5, True, np.random])
def test_an_unseeded_rng_is_refused(bad):
    with pytest.raises(InputError, match="rng: pass"):
        check_rng(bad)


def test_choices_are_listed():
    with pytest.raises(InputError, match="'tanh', 'erf'"):
        choose("phi", "sigmoid", ("tanh", "erf"))


def test_a_status_is_a_sentence_and_strict_raises_it():
    assert all(status.value[0].isupper() and status.value.endswith(".") for status in Status)
    Status.DIVERGED.check(strict=False)
    Status.CONVERGED.check(strict=True)
    with pytest.raises(OutcomeError, match="epoch 3") as caught:
        Status.DIVERGED.check(strict=True, message="epoch 3: the loss is NaN")
    assert caught.value.status is Status.DIVERGED
