"""Training in stages: parameters and settings change, full rank becomes low rank, any moment is resumed."""

from dataclasses import replace

import numpy as np
import pytest

import rnn.curriculum
from rnn.approximation import truncate
from rnn.curriculum import Stage, train_stages
from rnn.networks import FullRankRNN, LowRankRNN
from rnn.recipes import Recipe, train_recipe
from rnn.training import TrainConfig, train
from tasks import get_task
from tasks.errors import InputError, Status

TASK = get_task("dms", stimulus1=100.0, stimulus2=100.0, response=200.0)
QUICK = TrainConfig(epochs=2, batches_per_epoch=2, batch_size=6)
FULL = replace(QUICK, train=("J", "I_gain", "w_gain"), learning_rate=1e-3)
STAGES = (
    Stage(FULL, {"delay_min": 100.0, "delay_max": 100.0}, full_rank=True),
    Stage(replace(QUICK, epochs=3, clip=0.1), {"delay_min": 100.0, "delay_max": 200.0}),
    Stage(replace(QUICK, learning_rate=1e-3, batch_size=8), {"delay_min": 100.0, "delay_max": 400.0}),
)


def start():
    return FullRankRNN.random(20, TASK, rng=0, noise_std=0.05)


def test_stages_are_trainings_one_after_the_other():
    result = train_stages(start(), TASK, STAGES, rng=1, rank=2)
    rng = np.random.default_rng(1)
    one = train(start(), replace(TASK, delay_min=100.0, delay_max=100.0), FULL, rng)
    low = truncate(one.net, 2)
    two = train(low, replace(TASK, delay_min=100.0, delay_max=200.0), STAGES[1].config, rng)
    three = train(two.net, replace(TASK, delay_min=100.0, delay_max=400.0), STAGES[2].config, rng)
    assert result.net.hash == three.net.hash
    assert result.initial.hash == start().hash == result.source["network"]
    assert np.array_equal(result.losses, [*one.losses, *two.losses, *three.losses])
    assert [(r.stage, r.epoch) for r in result.history] == [
        (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2),
    ]  # fmt: skip


def test_an_interrupt_between_two_stages_keeps_the_first(tmp_path, monkeypatch):
    def interrupted(net, rank):
        raise KeyboardInterrupt

    path, whole = tmp_path / "checkpoint.npz", train_stages(start(), TASK, STAGES, rng=1, rank=2)
    with monkeypatch.context() as patch:
        patch.setattr(rnn.curriculum, "truncate", interrupted)
        part = train_stages(start(), TASK, STAGES, 1, 2, checkpoint=path)
    assert part.status is Status.INTERRUPTED and len(part.history) == 2
    assert part.message.startswith("Interrupted before stage 2 of 3 began. Stage 1 of 3.")
    assert train_stages(None, TASK, STAGES, 99, 2, resume=path).net.hash == whole.net.hash


@pytest.mark.parametrize("last", [1, 2, 3, 5, 7])
def test_a_resumed_curriculum_ends_in_the_same_bytes(last, tmp_path):
    path, seen = tmp_path / "checkpoint.npz", []

    def interrupt(record):
        seen.append(record)
        if len(seen) == last:
            raise KeyboardInterrupt

    part = train_stages(start(), TASK, STAGES, 1, 2, interrupt, checkpoint=path)
    assert part.status is Status.INTERRUPTED and len(part.history) == last
    rest = train_stages(None, TASK, STAGES, 99, 2, checkpoint=path, resume=path)
    whole = train_stages(start(), TASK, STAGES, rng=1, rank=2)
    assert rest.net.hash == whole.net.hash
    assert np.array_equal(rest.losses, whole.losses)
    assert rest.initial.hash == whole.initial.hash == start().hash
    assert rest.source == whole.source


def test_the_first_network_is_kept_whatever_comes_after(tmp_path):
    """Resumed in the second stage and in the third, from a file each time; J_0 comes through."""
    path, halves = tmp_path / "checkpoint.npz", []
    for _ in range(3):
        seen = []

        def interrupt(record, seen=seen):
            seen.append(record)
            if len(seen) == 3:
                raise KeyboardInterrupt

        resume = path if halves else None
        halves.append(train_stages(None if halves else start(), TASK, STAGES, 1, 2, interrupt, path, resume))
    assert [len(part.history) for part in halves] == [3, 6, 7]
    assert all(np.array_equal(part.initial.J, start().J) for part in halves)
    assert isinstance(halves[-1].net, LowRankRNN)


@pytest.mark.slow
def test_a_stage_that_diverges_is_the_last():
    wild = replace(QUICK, learning_rate=1e30)
    net = LowRankRNN.random(20, 2, TASK, rng=0, phi="relu")
    result = train_stages(net, TASK, [Stage(wild), Stage(QUICK)], rng=1)
    assert result.status is Status.DIVERGED
    assert {record.stage for record in result.history} <= {1}


def test_stages_that_make_no_sense_are_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    low = LowRankRNN.random(20, 2, TASK, rng=0)
    with pytest.raises(InputError, match="expected one Stage"):
        train_stages(low, TASK, [], rng=1)
    with pytest.raises(InputError, match="expected a TrainConfig"):
        Stage("fast")
    with pytest.raises(InputError, match="parameters: expected a mapping"):
        Stage(QUICK, "delay_max")
    with pytest.raises(InputError, match="choose one of 'dt'"):
        train_stages(low, TASK, [Stage(QUICK, {"delay": 3.0})], rng=1)
    with pytest.raises(InputError, match="stage 1 trains a full-rank network"):
        train_stages(low, TASK, STAGES, rng=1)
    with pytest.raises(InputError, match="rank: give the rank"):
        train_stages(start(), TASK, STAGES, rng=1)
    train_stages(low, TASK, STAGES[1:], rng=1, checkpoint=path)
    with pytest.raises(InputError, match="in 2 stages, not 3"):
        train_stages(None, TASK, STAGES, rng=1, resume=path)
    with pytest.raises(InputError, match="other values of delay_max"):
        train_stages(None, TASK, STAGES[1:2] * 2, rng=1, resume=path)


def test_a_recipe_is_resumed_with_its_own_sizes(tmp_path):
    path = tmp_path / "checkpoint.npz"
    plan = Recipe(16, 1, 0.05, TrainConfig(epochs=2, batches_per_epoch=2, batch_size=4))
    whole = train_recipe("rdm", rng=3, plan=plan)
    train_recipe("rdm", rng=3, plan=replace(plan, config=replace(plan.config, epochs=1)), checkpoint=path)
    assert train_recipe("rdm", rng=3, plan=plan, resume=path).net.hash == whole.net.hash
    for changed, word in (({"units": 17}, "units = 16, not 17"), ({"rank": 2}, "rank = 1, not 2")):
        with pytest.raises(InputError, match=word):
            train_recipe("rdm", rng=3, plan=replace(plan, **changed), resume=path)
    full = train_recipe("rdm", rng=3, plan=plan, full_rank=True)
    assert isinstance(full.net, FullRankRNN) and not np.array_equal(full.net.J, full.initial.J)
