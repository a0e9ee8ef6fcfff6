"""The training loop, Muon and the held-out figures, on models that train in milliseconds."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import assert_same_logits
from safetensors.torch import load_file
from torch import Tensor, nn

from gpt2_scratch.checkpoints import format
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2
from train.figures.held_out import held_out
from train.loop import loop
from train.loop.growth import grow
from train.loop.log import Log, Snapshots
from train.loop.losses import language_model_loss
from train.loop.muon import Muon, orthogonalise
from train.loop.optimizers import make_optimizers
from train.loop.parallel import computes_in_bfloat16
from train.loop.saving import load_state, save_state
from train.loop.settings import (
    Progress,
    Settings,
    add_settings_arguments,
    learning_rate_factor,
    parse_count,
    settings_from,
)
from train.packing import PackedSource, SplitStatistics, TokenMixture

CONFIG = GPT2Config(vocab_size=23, block_size=12, n_layer=2, n_head=2, n_embd=16)
SETTINGS = Settings(dtype="float32", log_every=1, evaluate_every=1000)
STEP_TOKENS = 4 * 12  # of one batch of `Counting`


@dataclass
class Counting:
    """A task that can be learnt: sequences that count up by 1, 2 or 3, modulo the vocabulary.

    before  called with the number of each batch before it is made
    """

    rows: int = 4
    before: Callable[[int], object] = lambda index: None
    evaluations: list[bool] = field(default_factory=list)  # was the model in training mode?

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        self.before(index)
        first = (index * world_size + rank) * self.rows
        start = torch.arange(first, first + self.rows)[:, None]
        ids = (7 * start + (start % 3 + 1) * torch.arange(13)) % CONFIG.vocab_size  # (rows, 13)
        return ids[:, :-1], ids[:, 1:]

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        return language_model_loss(model, *batch)

    def tokens(self, batch: loop.Batch) -> int:
        return batch[0].numel()

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        self.evaluations.append(model.training or torch.is_grad_enabled())
        return {"loss": float(self.loss(model, self.batch(9999, 0, 1)))}

    def samples(self, model: nn.Module) -> list[str]:
        return ["1 2 3"]


def make_model(dropout: float = 0.0, seed: int = 0, config: GPT2Config = CONFIG) -> GPT2:
    config = replace(config, dropout=dropout)
    return GPT2(config).init_weights(torch.Generator().manual_seed(seed))


def steps(count: int) -> int:
    """A budget in tokens that `count` steps of `Counting` use up."""
    return count * STEP_TOKENS


def read_log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def losses(folder: Path) -> list[tuple[int, int, float]]:
    lines = [line for line in read_log(folder) if "loss" in line]
    return [(line["step"], line["tokens"], line["loss"]) for line in lines]


def interrupt_at(step: int, number: signal.Signals = signal.SIGINT) -> Callable[[int], None]:
    def before(index: int) -> None:
        if index == step:
            signal.raise_signal(number)

    return before


def assert_equal_parameters(a: nn.Module, b: nn.Module) -> None:
    for (name, left), (_, right) in zip(a.named_parameters(), b.named_parameters(), strict=True):
        assert torch.equal(left, right), name


# --- settings and schedule ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("progress", "warmup", "decay", "expected"),
    [
        (0.0, 0.1, 0.5, 0.0),
        (0.05, 0.1, 0.5, 0.5),
        (0.1, 0.1, 0.5, 1.0),
        (0.5, 0.1, 0.5, 1.0),
        (0.75, 0.1, 0.5, 0.5),
        (1.0, 0.1, 0.5, 0.0),
        (0.0, 0.0, 0.5, 1.0),
        (0.99, 0.1, 0.0, 1.0),
        (0.5, 0.8, 0.8, 0.625),  # both slopes at once: the lower one
    ],
)
def test_schedule(progress: float, warmup: float, decay: float, expected: float) -> None:
    assert learning_rate_factor(progress, warmup, decay) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "count"),
    [("20M", 20_000_000), ("1.5k", 1500), ("10B", 10_000_000_000), ("123", 123), ("2m", 2_000_000)],
)
def test_counts(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "M", "many", "1e400", "nan", "5T"])
def test_counts_that_are_none(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a count such as 20M"):
        parse_count(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "sgd"}, "must be muon or adamw"),
        ({"dtype": "float16"}, "must be auto, float32 or bfloat16"),
        ({"tokens": 0}, "budget must be above zero"),
        ({"minutes": -1.0}, "budget must be above zero"),
        ({"minutes": math.nan}, "budget must be above zero"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**changes)


def test_options_become_settings() -> None:
    defaults = Settings(learning_rate=1e-4, tokens=5)
    parser = argparse.ArgumentParser()
    add_settings_arguments(parser, defaults)
    assert settings_from(parser.parse_args([]), defaults) == defaults
    given = "--tokens 2k --minutes 1.5 --optimizer adamw --clip 0.5 --compile"
    assert settings_from(parser.parse_args(given.split()), defaults) == replace(
        defaults, tokens=2000, minutes=1.5, optimizer="adamw", clip=0.5, compile=True
    )


def test_what_the_processor_has_decides_the_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    if torch.backends.cpu.get_cpu_capability() == "AVX2":
        assert not computes_in_bfloat16(cpu)
    for vectors, tiles in itertools.product((False, True), repeat=2):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=vectors: has)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda has=tiles: has)
        assert computes_in_bfloat16(cpu) == (vectors or tiles)
    assert computes_in_bfloat16(torch.device("cuda"))


# --- optimisers --------------------------------------------------------------------------------


def groups_by_name(model: nn.Module, settings: Settings) -> dict[str, tuple[str, float]]:
    """Parameter name -> (class of its optimiser, weight decay); each stands in one group only."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, tuple[str, float]] = {}
    for optimizer in make_optimizers(model, settings):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                assert names[id(parameter)] not in found
                found[names[id(parameter)]] = type(optimizer).__name__, group["weight_decay"]
    return found


def test_who_optimises_what() -> None:
    settings = replace(SETTINGS, weight_decay=0.1)
    found = groups_by_name(make_model(), settings)
    assert found.keys() == dict(make_model().named_parameters()).keys()
    for name, group in found.items():
        if name in ("wte.weight", "wpe.weight"):
            assert group == ("AdamW", 0.1), name
        elif name.endswith(".bias") or "ln_" in name:
            assert group == ("AdamW", 0.0), name
        else:
            assert group == ("Muon", 0.1), name
    only_adamw = groups_by_name(make_model(), replace(settings, optimizer="adamw"))
    assert only_adamw == {name: ("AdamW", decay) for name, (_, decay) in found.items()}


def test_a_head_is_adamws_and_frozen_parameters_are_nobodys() -> None:
    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = make_model()
            self.score = nn.Linear(16, 2, bias=False)

    classifier = Classifier()
    classifier.trunk.wte.requires_grad_(False)
    found = groups_by_name(classifier, SETTINGS)
    assert found["score.weight"][0] == "AdamW"
    assert found["trunk.h.1.mlp.c_fc.weight"][0] == "Muon"
    assert "trunk.wte.weight" not in found
    assert groups_by_name(classifier.score, SETTINGS).keys() == {"weight"}


@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (24, 32), (1, 5)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    matrix[0] *= 10  # one direction far larger than the others
    result = orthogonalise(matrix[None])[0]
    values = torch.linalg.svdvals(result)
    assert result.shape == shape
    assert values.min() > 0.65 and values.max() < 1.25
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    directions = (u.T @ result @ vh.T).diagonal()  # the same directions, all with length about 1
    assert directions.min() > 0.65


@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (24, 24)])
def test_orthogonalise_is_the_iteration_of_the_muon_post(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    matrix[:, 0] = matrix[:, 1]  # a direction without any length
    x = matrix / matrix.norm()
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    other = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    ours = orthogonalise(torch.stack([other, matrix]))  # each of several on its own
    torch.testing.assert_close(ours[1], x, rtol=1e-3, atol=1e-4)
    assert (ours[0] - ours[1]).norm() > 1


def test_orthogonalise_ignores_scale_and_orientation() -> None:
    matrices = torch.randn(2, 8, 12, generator=torch.Generator().manual_seed(0))
    expected = orthogonalise(matrices)
    torch.testing.assert_close(orthogonalise(1e-4 * matrices), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(orthogonalise(matrices.mT), expected.mT, rtol=1e-4, atol=1e-5)
    assert torch.equal(orthogonalise(torch.zeros(1, 3, 4)), torch.zeros(1, 3, 4))


def run_optimizer(make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]) -> list[Tensor]:
    """How far eight fixed gradients take four matrices."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(16, 48), (64, 16), (20, 20), (16, 48)]  # two of one shape
    starts = [torch.randn(shape, generator=generator) for shape in shapes]
    parameters = [nn.Parameter(start.clone()) for start in starts]
    optimizer = make(parameters)
    for _ in range(8):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
    return [p.detach() - start for p, start in zip(parameters, starts, strict=True)]


def test_muon_equals_pytorchs_within_bfloat16() -> None:
    options: dict[str, Any] = {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}
    ours = run_optimizer(lambda p: Muon(p, **options))
    theirs = run_optimizer(lambda p: torch.optim.Muon(p, **options, adjust_lr_fn="original"))
    plain = run_optimizer(lambda p: torch.optim.Muon(p, **options, nesterov=False))
    for a, b, c in zip(ours, theirs, plain, strict=True):
        assert (a - b).norm() / b.norm() < 0.02
        assert (a - c).norm() / c.norm() > 0.05  # what a wrong formula would look like


def test_muon_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    start, gradient = (torch.randn(32, 8, generator=generator) for _ in range(2))
    parameter, idle = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizer = Muon([parameter, idle], lr=0.1, momentum=0.5, weight_decay=0.2)
    parameter.grad = gradient
    optimizer.step()
    # sqrt(32 / 8) = 2; the first momentum is a multiple of the gradient, which changes nothing
    expected = start * (1 - 0.1 * 0.2) - 0.1 * 2 * orthogonalise(gradient[None])[0]
    torch.testing.assert_close(parameter.detach(), expected)
    assert torch.equal(idle, start)  # without a gradient it is left alone, decay included


def test_muon_takes_matrices_only() -> None:
    with pytest.raises(ValueError, match=r"^Muon takes matrices, not a parameter of shape \(3,\)"):
        Muon([nn.Parameter(torch.ones(3))])


# --- a run -------------------------------------------------------------------------------------


def test_a_run_learns_and_logs(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tokens=steps(60), evaluate_every=25)
    model, task = make_model(), Counting()
    progress = loop.train(model, task, settings, tmp_path, description={"data": "made up"})
    assert (progress.step, progress.tokens) == (60, steps(60))
    assert progress.fraction(settings) == 1.0
    assert not model.training
    first, *lines = read_log(tmp_path)
    assert first["step"] == 0 and first["data"] == "made up"
    assert first["settings"]["tokens"] == steps(60) and first["dtype"] == "torch.float32"
    logged = losses(tmp_path)
    assert [(step, tokens) for step, tokens, _ in logged] == [(n, steps(n)) for n in range(1, 61)]
    assert logged[0][2] == pytest.approx(math.log(CONFIG.vocab_size), abs=0.2)
    assert logged[-1][2] < logged[0][2] - 0.5
    evaluated = [line for line in lines if "validation" in line]
    assert [line["step"] for line in evaluated] == [25, 50, 60]
    assert evaluated[-1]["validation"]["loss"] < evaluated[0]["validation"]["loss"]
    assert evaluated[-1]["samples"] == ["1 2 3"]
    assert task.evaluations == [False] * 3  # evaluation mode, no gradients
    rates = {line["step"]: line["learning_rate"] for line in lines if "learning_rate" in line}
    assert rates[31] == learning_rate_factor(30 / 60, settings.warmup, settings.decay)


def test_snapshots_are_taken_at_their_moments_and_once(tmp_path: Path) -> None:
    """Also when the run is stopped behind one and resumed; the model is in evaluation mode."""
    settings = replace(SETTINGS, tokens=steps(8))
    modes = []

    def take(model: nn.Module) -> dict[str, Any]:
        modes.append(model.training or torch.is_grad_enabled())
        return {"weight": float(next(model.parameters()).detach().sum())}

    snapshots = Snapshots((0, steps(2), steps(4) + 1), take)
    stopped = Counting(before=interrupt_at(2))
    loop.train(make_model(), stopped, settings, tmp_path, snapshots=snapshots)
    model = make_model()
    loop.train(model, Counting(), settings, tmp_path, resume=True, snapshots=snapshots)
    taken = [line for line in read_log(tmp_path) if "snapshot" in line]
    assert [(line["step"], line["tokens"]) for line in taken] == [
        (step, steps(step)) for step in (0, 2, 5, 8)
    ]
    assert taken[0]["snapshot"]["weight"] == float(next(make_model().parameters()).detach().sum())
    assert taken[-1]["snapshot"]["weight"] == float(next(model.parameters()).detach().sum())
    assert modes == [False] * 4


def test_the_logged_gradient_norm_is_that_before_clipping(tmp_path: Path) -> None:
    model, task = make_model(), Counting()
    task.loss(model, task.batch(0, 0, 1)).backward()
    norm = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()
    loop.train(make_model(), task, replace(SETTINGS, tokens=1, clip=1e-3), tmp_path)
    assert read_log(tmp_path)[1]["gradient_norm"] == pytest.approx(float(norm), rel=1e-3)


def test_clipping_limits_the_gradient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []

    def step(optimizer: torch.optim.AdamW) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norms.append(torch.cat([p.grad.flatten() for p in parameters]).norm())

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    settings = replace(SETTINGS, tokens=1, clip=1e-3, optimizer="adamw")
    loop.train(make_model(), Counting(), settings, tmp_path)
    assert float(norms[0]) == pytest.approx(1e-3, rel=1e-2)


def test_bfloat16_trains_too(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tokens=steps(5))
    loop.train(make_model(), Counting(), settings, tmp_path / "a")
    model = make_model()
    loop.train(model, Counting(), replace(settings, dtype="bfloat16"), tmp_path / "b")
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    exact, rounded = losses(tmp_path / "a"), losses(tmp_path / "b")
    assert exact != rounded
    for (_, _, a), (_, _, b) in zip(exact, rounded, strict=True):
        assert a == pytest.approx(b, abs=0.05)


def test_accumulated_halves_equal_the_whole(tmp_path: Path) -> None:
    whole, halves = make_model(), make_model()
    settings = replace(SETTINGS, tokens=steps(8))
    loop.train(whole, Counting(rows=4), settings, tmp_path / "whole")
    settings = replace(settings, accumulation=2)
    loop.train(halves, Counting(rows=2), settings, tmp_path / "halves")
    for a, b in zip(losses(tmp_path / "whole"), losses(tmp_path / "halves"), strict=True):
        assert a == pytest.approx(b, abs=1e-4)
    idx = torch.arange(12)[None]
    torch.testing.assert_close(
        whole(idx, all_positions=True), halves(idx, all_positions=True), rtol=0, atol=1e-3
    )


# --- budgets -----------------------------------------------------------------------------------


def test_a_run_needs_a_budget(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Give the run a budget: --minutes or --tokens.$"):
        loop.train(make_model(), Counting(), SETTINGS, tmp_path)


def test_the_step_that_uses_up_the_tokens_is_the_last(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tokens=steps(3) + 1)
    assert loop.train(make_model(), Counting(), settings, tmp_path).step == 4


@pytest.mark.parametrize(
    ("minutes", "tokens", "expected"), [(0.1, None, 6), (0.1, steps(3), 3), (0.1, steps(99), 6)]
)
def test_the_first_budget_that_is_used_up_ends_the_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: float,
    tokens: int | None,
    expected: int,
) -> None:
    ticks = itertools.count()  # a clock on which each step takes one second
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    settings = replace(SETTINGS, minutes=minutes, tokens=tokens)
    progress = loop.train(make_model(), Counting(), settings, tmp_path)
    assert progress.step == expected
    assert progress.seconds == expected


# --- saving, interrupting, resuming ------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, dropout: float, optimizer: str
) -> None:
    settings = replace(SETTINGS, tokens=steps(20), optimizer=optimizer)
    straight = make_model(dropout)
    loop.train(straight, Counting(), settings, tmp_path / "straight")

    interrupted = make_model(dropout)
    stop = Counting(before=interrupt_at(9))
    progress = loop.train(interrupted, stop, settings, tmp_path / "parts")
    assert progress.step == 10  # the step is finished first
    assert progress.fraction(settings) == 0.5

    torch.manual_seed(123)  # a new process would start elsewhere, too
    resumed = make_model(dropout, seed=77)
    progress = loop.train(resumed, Counting(), settings, tmp_path / "parts", resume=True)
    assert (progress.step, progress.tokens) == (20, steps(20))
    assert_equal_parameters(straight, resumed)
    assert losses(tmp_path / "straight") == losses(tmp_path / "parts")


@dataclass
class Worsening(Counting):
    """Held-out figures that are best at the second evaluation."""

    figures: list[float] = field(default_factory=lambda: [3.0, 1.0, 2.0, 4.0])

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"error": self.figures.pop(0)}


def fail_at(step: int) -> Callable[[int], None]:
    def before(index: int) -> None:
        if index == step:
            raise RuntimeError("stop here")

    return before


KEEPING = replace(SETTINGS, tokens=steps(8), evaluate_every=2, keep_best="error")


def test_the_best_parameters_are_kept(tmp_path: Path) -> None:
    model, other = make_model(), make_model()
    loop.train(model, Worsening(), KEEPING, tmp_path / "best")
    log = [line for line in read_log(tmp_path / "best") if "validation" in line]
    assert [line["validation"]["error"] for line in log] == [3.0, 1.0, 2.0, 4.0, 1.0]
    assert (log[-1]["kept_step"], log[-1]["step"]) == (4, 8)
    # The same run, stopped by an error of its fifth batch: the schedule is that of eight.
    with pytest.raises(RuntimeError, match="stop here"):
        loop.train(
            other, Counting(before=fail_at(4)), replace(KEEPING, keep_best=""), tmp_path / "four"
        )
    assert_equal_parameters(model, other)


def test_the_last_parameters_stay_when_they_are_the_best(tmp_path: Path) -> None:
    loop.train(make_model(), Worsening(figures=[4.0, 3.0, 2.0, 1.0]), KEEPING, tmp_path)
    log = [line for line in read_log(tmp_path) if "validation" in line]
    assert [line["validation"]["error"] for line in log] == [4.0, 3.0, 2.0, 1.0]


def test_the_best_parameters_survive_an_interruption(tmp_path: Path) -> None:
    whole, parts = make_model(), make_model()
    loop.train(whole, Worsening(), KEEPING, tmp_path / "whole")
    loop.train(parts, Worsening(before=interrupt_at(4)), KEEPING, tmp_path / "parts")
    rest = Worsening(figures=[2.0, 4.0])
    loop.train(parts, rest, KEEPING, tmp_path / "parts", resume=True)
    assert_equal_parameters(whole, parts)


def test_dropout_differs_from_step_to_step_and_from_run_to_run(tmp_path: Path) -> None:
    class SameBatch(Counting):
        def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
            return super().batch(0, rank, world_size)

    settings = replace(SETTINGS, tokens=steps(3), learning_rate=1e-12, optimizer="adamw")
    for seed in (0, 1):
        loop.train(
            make_model(dropout=0.5), SameBatch(), replace(settings, seed=seed), tmp_path / str(seed)
        )
    seen = [loss for seed in "01" for _, _, loss in losses(tmp_path / seed)]
    assert len(set(seen)) == 6


def test_sigterm_saves_as_well(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tokens=steps(20))
    task = Counting(before=interrupt_at(4, signal.SIGTERM))
    assert loop.train(make_model(), task, settings, tmp_path).step == 5
    assert load_state(tmp_path / "state.safetensors", *model_and_optimizers()).step == 5


def test_a_second_interrupt_ends_the_program_and_handlers_come_back() -> None:
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    before = signal.default_int_handler, signal.getsignal(signal.SIGTERM)
    try:
        with loop.interruptible() as interrupted:
            assert not interrupted()
            signal.raise_signal(signal.SIGINT)
            assert interrupted()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    finally:
        signal.signal(signal.SIGINT, usual)


def model_and_optimizers(
    settings: Settings = SETTINGS, config: GPT2Config = CONFIG
) -> tuple[GPT2, list[torch.optim.Optimizer]]:
    model = make_model(config=config)
    return model, make_optimizers(model, settings)


def test_nothing_to_resume(tmp_path: Path) -> None:
    settings = replace(SETTINGS, tokens=1)
    with pytest.raises(ValueError, match=r"^There is nothing to resume in .*; leave --resume out"):
        loop.train(make_model(), Counting(), settings, tmp_path / "new", resume=True)


@pytest.mark.parametrize(
    ("settings", "config"),
    [
        (SETTINGS, replace(CONFIG, n_layer=3)),
        (SETTINGS, replace(CONFIG, n_embd=32)),
        (replace(SETTINGS, optimizer="adamw"), CONFIG),
    ],
    ids=["deeper", "wider", "another-optimizer"],
)
def test_the_state_of_another_run_is_refused(
    tmp_path: Path, settings: Settings, config: GPT2Config
) -> None:
    run = replace(SETTINGS, tokens=steps(2))
    loop.train(make_model(), Counting(), run, tmp_path)
    with pytest.raises(ValueError, match="saved by a run with another model or optimizer; "):
        load_state(tmp_path / "state.safetensors", *model_and_optimizers(settings, config))


def test_a_save_that_fails_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.safetensors"
    model, optimizers = model_and_optimizers()
    save_state(path, model, optimizers, Progress(step=3, tokens=5, seconds=0.25))

    def full_disk(tensors: object, target: Path, metadata: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(format, "save_file", full_disk)
    with pytest.raises(ValueError, match="No space left"):
        save_state(path, model, optimizers, Progress(step=4))
    assert load_state(path, *model_and_optimizers()) == Progress(step=3, tokens=5, seconds=0.25)


def test_resume_drops_log_lines_after_the_saved_step(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, resumed_step=None)
    for step in range(6):
        log.write(step=step)
    with path.open("a") as file:
        file.write('{"step": 1, "lo')  # the power failed while this line was written
    log = Log(path, resumed_step=3)
    log.write(step=4, again=True)
    assert [(line["step"], "again" in line) for line in read_log(tmp_path)] == [
        (0, False), (1, False), (2, False), (3, False), (4, True),
    ]  # fmt: skip
    Log(path, resumed_step=None)
    assert path.read_text() == ""  # a new run starts a new log


@pytest.mark.parametrize("fault", ["loss", "gradient"])
def test_a_run_that_diverges_stops_and_keeps_the_last_good_state(
    tmp_path: Path, fault: str
) -> None:
    class Diverging(Counting):
        def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
            loss = super().loss(model, batch)
            if int(batch[0][0, 0]) != int(self.batch(5, 0, 1)[0][0, 0]):
                return loss
            if fault == "loss":
                return loss * math.nan
            return loss + (0 * loss).sqrt()  # finite, but its derivative 1 / (2 sqrt 0) is not

    settings = replace(SETTINGS, tokens=steps(20), save_every_seconds=-1.0)
    model = make_model()
    with pytest.raises(ValueError, match=r"^At step 5 the loss became .*; lower the learning rate"):
        loop.train(model, Diverging(), settings, tmp_path)
    restored, optimizers = model_and_optimizers()
    assert load_state(tmp_path / "state.safetensors", restored, optimizers).step == 5
    assert all(torch.isfinite(parameter).all() for parameter in restored.parameters())
    assert_equal_parameters(restored, model)  # the bad step was not taken


# --- several processes -------------------------------------------------------------------------

TWO_PROCESSES = """
import shutil
import sys
from dataclasses import replace
from pathlib import Path
import torch.distributed as dist
from safetensors.torch import save_file
from test_loop import SETTINGS, Counting, interrupt_at, make_model, steps
from train.loop import loop
from train.loop.parallel import join_processes, shard

folder = Path(sys.argv[1])
rank, world_size, device = join_processes()
assert world_size == 2
part = sum(p.to_local().numel() for p in shard(make_model(), rank, device).parameters())
assert part < 0.55 * make_model().num_parameters(), part  # an odd row goes to the first


class Ragged(Counting):
    # As if the batches of one process were longer: both must count what both have read.
    def tokens(self, batch: loop.Batch) -> int:
        return (10, 14)[rank]


for name in ("ddp", "fsdp"):
    run = folder / name
    settings = replace(SETTINGS, tokens=steps(8), accumulation=2, clip=0.5, shard=name == "fsdp")
    # One process is interrupted and the other is not: they must still stop at the same step.
    task = Ragged(rows=1, before=interrupt_at(7) if rank == 1 else lambda index: None)
    progress = loop.train(make_model(seed=rank), task, settings, run)
    assert progress.step == 4, progress
    if rank == 0:
        shutil.copytree(run, folder / f"{name}-stopped")
    dist.barrier()  # until the first process has saved
    model = make_model(seed=5)
    progress = loop.train(model, Ragged(rows=1), settings, run, resume=True)
    assert (progress.step, progress.tokens) == (8, steps(8)), progress
    if rank == 0 or name == "ddp":
        save_file(model.state_dict(), folder / f"{name}-{rank}.safetensors")
# What one process began, two go on with, each with a part of it.
settings = replace(settings, gradient_checkpointing=True)
model = make_model(seed=5)
loop.train(model, Ragged(rows=1), settings, folder / "alone-stopped", resume=True)
if rank == 0:
    save_file(model.state_dict(), folder / "alone-continued.safetensors")
dist.barrier()
dist.destroy_process_group()
"""


def start_processes(command: list[str], count: int) -> list[subprocess.Popen[str]]:
    """What torchrun does, by its documented variables, without the seconds that it takes."""
    tests = Path(__file__).resolve().parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{tests}:{tests.parent}:{tests.parents[1]}"}
    return [
        subprocess.Popen(
            command,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]


@pytest.mark.slow
def test_two_processes_equal_one_with_twice_the_batch(tmp_path: Path) -> None:
    """Whether each keeps the whole model (DDP) or a part (FSDP), and across stops in between."""
    settings = replace(SETTINGS, tokens=steps(8), accumulation=2, clip=0.5)
    alone = make_model(seed=0)  # the weights of the first process are everybody's
    loop.train(alone, Counting(rows=2), settings, tmp_path / "alone")
    stopping = Counting(rows=2, before=interrupt_at(7))
    loop.train(make_model(seed=0), stopping, settings, tmp_path / "alone-stopped")

    script = tmp_path / "two_processes.py"
    script.write_text(TWO_PROCESSES)
    processes = start_processes([sys.executable, str(script), str(tmp_path)], count=2)
    try:
        for process in processes:
            output, _ = process.communicate(timeout=600)
            assert process.returncode == 0, output[-4000:]
    finally:
        for process in processes:
            process.kill()

    idx = torch.arange(12)[None]

    def assert_equal_to_alone(model: GPT2) -> None:
        found, expected = model(idx, all_positions=True), alone(idx, all_positions=True)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)

    def saved(name: str) -> GPT2:
        model = make_model(seed=6)
        model.load_state_dict(load_file(tmp_path / f"{name}.safetensors"))
        return model

    assert_equal_parameters(saved("ddp-0"), saved("ddp-1"))
    for name in ("ddp-0", "fsdp-0", "alone-continued"):
        assert_equal_to_alone(saved(name))
    expected, logged = losses(tmp_path / "alone"), read_log(tmp_path / "alone")
    expected_norms = [line["gradient_norm"] for line in logged if "loss" in line]
    for run in ("ddp", "fsdp", "alone-stopped"):
        found = losses(tmp_path / run)
        assert [step for step, _, _ in found] == list(range(1, 9))
        for one, other in zip(found, expected, strict=True):
            assert one[2] == pytest.approx(other[2], abs=1e-3)  # the mean over both processes
        norms = [line["gradient_norm"] for line in read_log(tmp_path / run) if "loss" in line]
        assert norms == pytest.approx(expected_norms, rel=1e-2)
        assert max(norms) > settings.clip  # they have been clipped
    # What two processes began, one with twice the batch goes on with: the data are the same.
    for run in ("ddp-stopped", "fsdp-stopped"):
        rest = make_model(seed=7)
        loop.train(rest, Counting(rows=2), settings, tmp_path / run, resume=True)
        assert_equal_to_alone(rest)


# --- loss, growth ------------------------------------------------------------------------------


def test_loss_is_the_mean_over_targets_that_count() -> None:
    model = make_model().requires_grad_(False)
    x, y = Counting().batch(0, 0, 1)
    y = y.clone()
    y[:, :5] = -100  # a prompt, say
    log_probabilities = model(x, all_positions=True).log_softmax(dim=-1)
    picked = log_probabilities[:, 5:].gather(-1, y[:, 5:, None])  # (B, 7, V) -> (B, 7, 1)
    assert float(language_model_loss(model, x, y)) == pytest.approx(-float(picked.mean()), rel=1e-5)


def test_growing_by_nothing_changes_nothing() -> None:
    source = make_model(seed=1)
    grown = grow(source, make_model(seed=2))
    idx = torch.arange(12)[None]
    assert_same_logits(grown(idx, all_positions=True), source(idx, all_positions=True))
    grown.wte.weight.data += 1.0
    assert not torch.equal(grown.wte.weight, source.wte.weight)  # a copy, not the same tensor


def test_growing_repeats_blocks_and_tiles_positions() -> None:
    source = make_model(seed=1)
    target = make_model(seed=2, config=replace(CONFIG, n_layer=6, block_size=24))
    assert grow(source, target) is target
    assert torch.equal(target.wpe.weight, torch.cat([source.wpe.weight, source.wpe.weight]))
    assert torch.equal(target.wte.weight, source.wte.weight)
    for layer in range(6):
        assert_equal_parameters(target.h[layer], source.h[layer % 2])
    assert_equal_parameters(target.ln_f, source.ln_f)


@pytest.mark.parametrize(
    "change",
    [
        {"n_embd": 32},
        {"n_head": 4},
        {"vocab_size": 24},
        {"n_layer": 3},
        {"n_layer": 1},
        {"block_size": 18},
    ],
)
def test_growth_that_is_none(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"^A model grows by whole copies of its 2 layers and 12 "):
        grow(make_model(), make_model(config=replace(CONFIG, **change)))


# --- held-out figures --------------------------------------------------------------------------

BYTE_LENGTHS = torch.arange(23) % 5  # token i stands for i % 5 bytes


def make_mixture(folder: Path, held_out_tokens: dict[str, int], **weights: float) -> TokenMixture:
    """Packed sources whose token ids are made up; sizes of the held-out part as given."""
    packed = {}
    for seed, (name, count) in enumerate(held_out_tokens.items()):
        rng = np.random.default_rng(seed)
        statistics = {}
        for split, size in (("train", 50), ("validation", count)):
            tokens = rng.integers(0, CONFIG.vocab_size, size).astype(np.uint16)
            tokens.tofile(folder / f"{name}.{split}.bin")
            statistics[split] = SplitStatistics(tokens=size, bytes=0, documents=1)
        packed[name] = PackedSource(name, folder / name, statistics)
    return TokenMixture(packed, weights or dict.fromkeys(packed, 1.0))


def uniform_model(block_size: int = 12) -> GPT2:
    """Every token equally likely, everywhere: the loss is log V whatever the text."""
    model = GPT2(replace(CONFIG, block_size=block_size)).eval()
    nn.init.zeros_(model.wte.weight)
    return model


def test_bits_per_byte_of_a_uniform_model(tmp_path: Path) -> None:
    mixture = make_mixture(tmp_path, {"a": 61, "b": 200}, a=3.0, b=1.0)
    figures = held_out(uniform_model(), mixture, BYTE_LENGTHS, tokens_per_source=100)
    assert figures.keys() == {"a", "b", "mixture"}
    rate = {}  # bytes per token
    # windows of 12 targets: as many as fit into the text and into 100
    for name, windows in (("a", 5), ("b", 8)):
        ids = torch.from_numpy(mixture.packed[name].tokens("validation")[1:].astype(np.int64))
        targets = ids[: windows * 12]
        assert figures[name]["tokens"] == len(targets)
        assert figures[name]["loss"] == pytest.approx(math.log(23), rel=1e-5)
        assert figures[name]["perplexity"] == pytest.approx(23, rel=1e-4)
        rate[name] = float(BYTE_LENGTHS[targets].float().mean())
        expected = math.log2(23) * len(targets) / int(BYTE_LENGTHS[targets].sum())
        assert figures[name]["bits_per_byte"] == pytest.approx(expected, rel=1e-5)
    mixed = figures["mixture"]
    assert mixed["tokens"] == 60 + 96
    assert mixed["loss"] == pytest.approx(math.log(23), rel=1e-5)
    expected = math.log2(23) / (0.75 * rate["a"] + 0.25 * rate["b"])
    assert mixed["bits_per_byte"] == pytest.approx(expected, rel=1e-5)


def test_the_mixture_weighs_sources_as_training_does(tmp_path: Path) -> None:
    mixture = make_mixture(tmp_path, {"a": 61, "b": 200}, a=3.0, b=1.0)
    figures = held_out(make_model().eval(), mixture, BYTE_LENGTHS, tokens_per_source=100)
    a, b = figures["a"]["loss"], figures["b"]["loss"]
    assert a != pytest.approx(b, rel=1e-5)
    assert figures["mixture"]["loss"] == pytest.approx(0.75 * a + 0.25 * b, rel=1e-6)


def test_a_source_without_held_out_text_is_left_out_of_the_mean(tmp_path: Path) -> None:
    mixture = make_mixture(tmp_path, {"a": 61, "small": 0}, a=1.0, small=1.0)
    figures = held_out(uniform_model(), mixture, BYTE_LENGTHS, tokens_per_source=100)
    assert figures.keys() == {"a", "mixture"}
    assert figures["mixture"]["loss"] == pytest.approx(math.log(23), rel=1e-5)
    assert figures["mixture"]["bits_per_byte"] == pytest.approx(figures["a"]["bits_per_byte"])


def test_no_held_out_text_at_all_is_an_error(tmp_path: Path) -> None:
    mixture = make_mixture(tmp_path, {"small": 12})
    with pytest.raises(ValueError, match=r"^No source has held-out text as long as a window"):
        held_out(uniform_model(), mixture, BYTE_LENGTHS, tokens_per_source=100)


def test_held_out_text_shorter_than_a_window_is_read_in_shorter_ones(tmp_path: Path) -> None:
    mixture = make_mixture(tmp_path, {"a": 70})
    figures = held_out(uniform_model(block_size=128), mixture, BYTE_LENGTHS, tokens_per_source=128)
    assert figures["a"]["tokens"] == 64


def test_batches_of_windows_do_not_change_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = make_mixture(tmp_path, {"a": 400})
    model = make_model().eval()
    whole = held_out(model, mixture, BYTE_LENGTHS, tokens_per_source=400)
    monkeypatch.setattr("train.figures.held_out.MICRO_BATCH_TOKENS", 30)
    parts = held_out(model, mixture, BYTE_LENGTHS, tokens_per_source=400)
    assert parts["a"] == pytest.approx(whole["a"], rel=1e-5)
