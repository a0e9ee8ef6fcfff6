"""The one training loop: every stage brings a model and a `Task`, the loop does the rest.

Schedule, clipping, accumulation, mixed precision, evaluation and samples are here; beside it are
`settings.py` (what can be chosen), `optimizers.py`, `saving.py` (state, resume, the best
parameters), `log.py`, and `parallel.py`, which knows how several processes under torchrun share the
work.

A run is a folder. `log.jsonl` has one JSON object per line; `state.safetensors` is everything
needed to go on as if nothing had happened: parameters, optimiser state, counters. Data order and
dropout need no state, since both are functions of (seed, step). Ctrl-C or SIGTERM finishes the
step, saves and returns; the same command with --resume goes on.
"""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from gpt2_scratch.model import GPT2
from train.loop.log import Log, Snapshots
from train.loop.optimizers import make_optimizers
from train.loop.parallel import (
    agree,
    computes_in_bfloat16,
    gather,
    join_processes,
    no_sync,
    shard,
    total,
    whole,
)
from train.loop.saving import BEST_FILE, STATE_FILE, Best, load_state, save_state
from train.loop.settings import Progress, Settings, learning_rate_factor

Batch = tuple[Tensor, ...]


class Task(Protocol):
    """What a training stage supplies. Steps count optimiser updates from 0."""

    def batch(self, index: int, rank: int, world_size: int) -> Batch:
        """The micro-batch with this number: the same tensors for the same number, always."""

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean loss of a batch, in nats: a scalar."""

    def tokens(self, batch: Batch) -> int:
        """How many tokens the model reads for this batch; the budget and the log count them."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Held-out figures by name."""

    def samples(self, model: nn.Module) -> list[str]:
        """A few texts that show what the model can do by now; may be empty."""


def train(
    model: nn.Module,
    task: Task,
    settings: Settings,
    run_folder: Path,
    resume: bool = False,
    description: dict[str, Any] | None = None,
    snapshots: Snapshots | None = None,
) -> Progress:
    """Train `model` until the budget is used up or the user interrupts.

    run_folder   gets log.jsonl and state.safetensors
    resume       go on from run_folder's state; an error if there is none
    description  written into the log's first line: the command, the data, the config
    snapshots    what else goes into the log, and when

    Returns the counters; compare `fraction(settings)` with 1 to see whether the run is complete.
    If it is, `model` is trained: in every process, or with `settings.shard` in the first.
    Raises ValueError when the loss stops being a number or there is nothing to resume.
    """
    if settings.tokens is None and settings.minutes is None:
        raise ValueError("Give the run a budget: --minutes or --tokens.")
    run = _Run(model, task, settings, run_folder, resume, snapshots)
    progress = run.progress
    if not resume:
        about = {"dtype": str(run.dtype), "cores": torch.get_num_threads(), **(description or {})}
        run.write(step=0, settings=asdict(settings), **about)
        if snapshots and snapshots.due(-1, 0):
            run.take_snapshot()
    last_save = time.monotonic()
    stop = 0.0
    with interruptible() as interrupted, progress_bar(settings, progress, run.is_main) as bar:
        while (fraction := progress.fraction(settings)) < 1.0 and not stop:
            started, tokens_before = time.monotonic(), progress.tokens
            update = run.update(fraction)
            elapsed = time.monotonic() - started
            save_is_due = time.monotonic() - last_save > settings.save_every_seconds
            slowest, stop, save = agree(run.world_size, elapsed, interrupted(), save_is_due)
            progress.seconds += slowest

            speed = (progress.tokens - tokens_before) / elapsed
            bar.update(progress.fraction(settings) - fraction)
            bar.set_postfix_str(f"loss {update.loss:.3f}, {speed:,.0f} tokens/s")
            if progress.step % settings.log_every == 0:
                run.write_update(update, speed)
            if snapshots and snapshots.due(tokens_before, progress.tokens):
                run.take_snapshot()
            every = settings.evaluate_every
            if every and progress.step % every == 0 and progress.fraction(settings) < 1.0:
                run.evaluate()
            if save:
                run.save()
                last_save = time.monotonic()
    run.save()
    if progress.fraction(settings) >= 1.0:
        run.finish()
    elif run.is_main:
        tqdm.write(f"Stopped at step {progress.step}, saved; --resume goes on from here.")
    model.eval()
    return progress


@dataclass(frozen=True)
class Update:
    """One step of the optimisers: the mean loss of its batches in nats, the part of the peak
    learning rate that it was made with, and the norm of the gradient before clipping."""

    loss: float
    learning_rate: float
    gradient_norm: float


class _Run:
    """A model that learns, with all that changes beside it: optimisers, counters, log, the best."""

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        settings: Settings,
        folder: Path,
        resume: bool,
        snapshots: Snapshots | None,
    ) -> None:
        self.model, self.task, self.settings, self.snapshots = model, task, settings, snapshots
        self.rank, self.world_size, self.device = join_processes()
        self.is_main = self.rank == 0
        folder.mkdir(parents=True, exist_ok=True)
        torch.set_flush_denormal(True)  # vanishing gradients must not slow the processor down
        model.train()
        for module in model.modules():
            if isinstance(module, GPT2):
                module.gradient_checkpointing = settings.gradient_checkpointing
        is_sharded = settings.shard and self.world_size > 1
        self.learner = shard(model, self.rank, self.device) if is_sharded else model.to(self.device)
        self.optimizers = make_optimizers(self.learner, settings)
        self.state_path, self.progress = folder / STATE_FILE, Progress()
        if resume:
            if not self.state_path.exists():
                raise ValueError(f"There is nothing to resume in {folder}; leave --resume out.")
            self.progress = load_state(self.state_path, self.learner, self.optimizers)
        self.dtype = _dtype(settings, self.device)
        is_replicated = self.world_size > 1 and not is_sharded
        self.wrapped = DistributedDataParallel(self.learner) if is_replicated else self.learner
        self.loss: Callable[[nn.Module, Batch], Tensor] = task.loss
        if settings.compile:
            self.loss = torch.compile(task.loss, dynamic=False)
        kept_up_to = self.progress.step if resume else None
        self._log = Log(folder / "log.jsonl", kept_up_to) if self.is_main else None
        self.best = Best(folder / BEST_FILE, settings.keep_best, resume)

    def update(self, fraction: float) -> Update:
        """Read the micro-batches of one step and learn from them; `fraction` of the budget is used.

        Raises ValueError if the loss or its gradient is no number: the parameters stay as they are.
        """
        settings, progress = self.settings, self.progress
        seed_dropout(settings.seed, progress.step, self.rank)
        factor = learning_rate_factor(fraction, settings.warmup, settings.decay)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
        loss, tokens = self._accumulate_gradients()
        clipped = nn.utils.clip_grad_norm_(self.learner.parameters(), settings.clip)
        norm = float(whole(clipped))
        if not math.isfinite(loss + norm):
            raise ValueError(
                f"At step {progress.step} the loss became {loss} and the norm of its "
                f"gradient {norm}; lower the learning rate (the last good state, if one "
                f"was saved, is in {self.state_path})."
            )
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.tokens += tokens
        return Update(loss, factor, norm)

    def _accumulate_gradients(self) -> tuple[float, int]:
        """(mean loss, tokens) of this step's micro-batches, in all processes together."""
        settings, device = self.settings, self.device
        loss_sum, tokens = 0.0, 0.0
        for micro in range(settings.accumulation):
            number = self.progress.step * settings.accumulation + micro
            batch = tuple(t.to(device) for t in self.task.batch(number, self.rank, self.world_size))
            is_last = micro == settings.accumulation - 1
            with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
                loss = self.loss(self.wrapped, batch) / settings.accumulation
            with contextlib.nullcontext() if is_last else no_sync(self.wrapped):
                loss.backward()
            loss_sum += loss.item()
            tokens += self.task.tokens(batch)
        loss_sum, tokens = total(self.world_size, loss_sum / self.world_size, tokens)
        return loss_sum, int(tokens)

    def evaluate(self) -> None:
        """Figures and samples, into the log and onto the screen."""
        task = self.task
        seen = self._look(lambda m: {"validation": task.evaluate(m), "samples": task.samples(m)})
        if not seen:
            return
        if self.settings.keep_best:
            self.best.offer(self.model, self.progress.step, seen["validation"])
        shown = "  ".join(f"{name} {value:.4f}" for name, value in seen["validation"].items())
        tqdm.write(f"step {self.progress.step}  {shown}")
        for sample in seen["samples"]:
            tqdm.write(f"  | {sample!r}")

    def take_snapshot(self) -> None:
        """What a snapshot is of this model, into the log."""
        assert self.snapshots is not None
        take = self.snapshots.take
        self._look(lambda m: {"snapshot": take(m)})

    def _look(self, what: Callable[[nn.Module], dict[str, Any]]) -> dict[str, Any]:
        """Look at the model as it is, in evaluation mode, and write down what is seen; {} in other
        processes than the first."""
        model = self.model
        gather(self.learner, model)
        if not self.is_main:
            return {}
        home = next(model.parameters()).device  # another one than `device` while it is sharded
        model.to(self.device).eval()
        with torch.no_grad():
            seen = what(model)
        model.to(home).train()
        self.write(step=self.progress.step, tokens=self.progress.tokens, **seen)
        return seen

    def write(self, **values: Any) -> None:
        """A line of the log, by the first process."""
        if self._log:
            self._log.write(**values)

    def write_update(self, update: Update, tokens_per_second: float) -> None:
        """A line of the log about one step."""
        self.write(
            step=self.progress.step,
            tokens=self.progress.tokens,
            seconds=round(self.progress.seconds, 1),
            loss=round(update.loss, 5),
            learning_rate=update.learning_rate,
            gradient_norm=round(update.gradient_norm, 4),
            tokens_per_second=round(tokens_per_second),
        )

    def save(self) -> None:
        """All that is needed to go on."""
        save_state(self.state_path, self.learner, self.optimizers, self.progress)

    def finish(self) -> None:
        """The last look, and with `keep_best` the parameters that did best."""
        self.evaluate()
        if self.snapshots:
            self.take_snapshot()
        if self.is_main and self.settings.keep_best and self.best.step != self.progress.step:
            self.best.restore(self.model)
            self.write(
                step=self.progress.step,
                tokens=self.progress.tokens,
                validation=self.best.figures,
                kept_step=self.best.step,
            )
            tqdm.write(f"Kept the parameters of step {self.best.step}, the best on held-out data.")


def _dtype(settings: Settings, device: torch.device) -> torch.dtype:
    """Of matrix products: what the settings say, or what the device computes fastest in."""
    if settings.dtype == "auto":
        return torch.bfloat16 if computes_in_bfloat16(device) else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[settings.dtype]


def progress_bar(settings: Settings, progress: Progress, is_main: bool) -> tqdm:
    """A bar over the budget, with the time left."""
    shape = "{percentage:5.1f}%|{bar:20}| {elapsed}<{remaining} {postfix}"
    initial = progress.fraction(settings)
    return tqdm(total=1.0, initial=initial, bar_format=shape, disable=not is_main, mininterval=1.0)


def seed_dropout(seed: int, step: int, rank: int) -> None:
    """Make a step's dropout a function of these three, as its batch is: a run owns its process."""
    mixed = np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)
    torch.manual_seed(int(mixed[0]))


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a question the loop can ask between two steps.

    A second Ctrl-C ends the program at once.
    """
    received: list[int] = []

    def remember(number: int, frame: object) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, previous[signal.SIGINT])

    previous: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, remember)
    try:
        yield lambda: bool(received)
    finally:
        for restored, handler in previous.items():
            signal.signal(restored, handler)
