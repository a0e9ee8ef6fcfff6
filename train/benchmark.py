"""Training speed: this package's loop beside that of nanoGPT, on the same model and batches.

    python -m train.benchmark --preset nano --rows 16
    python -m train.benchmark --preset gpt2 --rows 32 --window 1024 --steps 20   # on a GPU

Each contestant runs in a process of its own, so that none has to share memory, threads or compiled
code with another; rounds alternate between them, since machines change their speed. Figures are
medians over the steps of all rounds, with the fastest and the slowest step beside them.

Ours is the real loop, `loop.train`. The others do what nanoGPT's train.py
(https://github.com/karpathy/nanoGPT) does: AdamW, clipping, and a model that is compiled or not;
on a GPU with fused AdamW and products in bfloat16, on a processor in float32. On a GPU the last
column says which part of its arithmetic the model used (model FLOP/s utilisation; Chowdhery et al.
2022, appendix B, https://arxiv.org/abs/2204.02311).
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2
from train.loop import loop
from train.loop.losses import language_model_loss
from train.loop.parallel import join_processes
from train.loop.settings import Settings

Step = Callable[[Tensor, Tensor], object]
# Dense bfloat16 products of a card, by a word of its name, in floating-point operations a second.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
# Our loop by what is special about its settings, and nanoGPT's by whether it is compiled.
CONTESTANTS: dict[str, Settings | bool] = {
    "ours: Muon, compiled": Settings(optimizer="muon", compile=True),
    "ours: AdamW, compiled": Settings(optimizer="adamw", compile=True),
    "ours: Muon": Settings(optimizer="muon", compile=False),
    "nanoGPT's loop, compiled": True,
    "nanoGPT's loop": False,
}
PEERS = ("nanoGPT's loop, compiled", "nanoGPT's loop")


def nanogpt_step(model: GPT2, compiled: bool) -> Step:
    """One update as nanoGPT makes it; the model moves to where training would run it."""
    device = join_processes()[2]
    on_gpu = device.type == "cuda"
    model = model.to(device).train()
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [
        {"params": decayed, "weight_decay": 0.1},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95), fused=on_gpu)
    runner: Callable[..., Tensor] = torch.compile(model) if compiled else model

    def step(x: Tensor, y: Tensor) -> float:
        x, y = x.to(device), y.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=on_gpu):
            logits = runner(x, all_positions=True)  # (B, T) -> (B, T, V)
            # (B, T, V) -> (B*T, V) and (B, T) -> (B*T,)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()  # waits for a GPU

    return step


def flops_per_token(config: GPT2Config, window: int) -> int:
    """Floating-point operations of one training step per token, forwards and backwards: six for
    each parameter that is multiplied, and the attention's two products over the window."""
    per_block = 12 * config.n_embd**2  # c_attn, c_proj and the two matrices of the MLP
    matrices = config.n_layer * per_block + config.vocab_size * config.n_embd
    return 6 * matrices + 12 * config.n_layer * config.n_embd * window


def peak_of_this_card() -> float | None:
    """What the GPU could do at best, in floating-point operations a second; None if unknown."""
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name()
    return next((peak for word, peak in PEAKS.items() if word in name), None)


@dataclass
class Stopwatch:
    """A task of random tokens for `loop.train` that notes how long each of its steps takes."""

    shape: tuple[int, int]  # (B, T)
    vocab_size: int
    seconds: list[float] = field(default_factory=list)
    handed_over: float = 0.0

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # a step is over when the GPU is done with it
        if index:
            self.seconds.append(time.perf_counter() - self.handed_over)
        generator = torch.Generator().manual_seed(index)
        rows, window = self.shape
        tokens = torch.randint(self.vocab_size, (rows, window + 1), generator=generator)
        self.handed_over = time.perf_counter()
        return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()  # (B, T + 1) -> (B, T)

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        return language_model_loss(model, *batch)

    def tokens(self, batch: loop.Batch) -> int:
        return batch[0].numel()

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {}

    def samples(self, model: nn.Module) -> list[str]:
        return []


def seconds_of(name: str, config: GPT2Config, shape: tuple[int, int], steps: int) -> list[float]:
    """How long each of `steps` updates of one of CONTESTANTS takes, the first ones included."""
    contestant = CONTESTANTS[name]
    model = GPT2(config).init_weights(torch.Generator().manual_seed(0))
    task = Stopwatch(shape, config.vocab_size)
    if isinstance(contestant, Settings):
        total = shape[0] * shape[1] * (steps + 1)  # the last step's end is not seen
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            loop.train(model, task, replace(contestant, tokens=total), Path(folder))
    else:
        step = nanogpt_step(model, compiled=contestant)
        for index in range(steps + 1):
            step(*task.batch(index, 0, 1))
    return task.seconds


def race(
    names: Sequence[str],
    config: GPT2Config,
    shape: tuple[int, int],
    steps: int,
    warmup: int,
    rounds: int,
) -> dict[str, list[float]]:
    """Seconds of each contestant's steps, `warmup` of each process left out: they compile."""
    seconds: dict[str, list[float]] = {name: [] for name in names}
    spawn = multiprocessing.get_context("spawn")
    for _ in range(rounds):
        for name in names:
            with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as process:
                taken = process.submit(seconds_of, name, config, shape, warmup + steps).result()
            seconds[name] += taken[warmup:]
    return seconds


def main(argv: list[str] | None = None) -> int:
    """Print tokens per second of training, ours beside nanoGPT's loop."""
    parser = argparse.ArgumentParser(prog="python -m train.benchmark", description=main.__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="nano")
    parser.add_argument("--rows", type=int, default=8, help="texts in a batch")
    parser.add_argument("--window", type=int, default=256, help="tokens of each")
    parser.add_argument("--steps", type=int, default=5, help="that count, in each round")
    parser.add_argument("--warmup", type=int, default=2, help="steps before these")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args(argv)
    config, shape = PRESETS[arguments.preset], (arguments.rows, arguments.window)
    names = [name for name in CONTESTANTS if arguments.compile or "compiled" not in name]
    counts = (arguments.steps, arguments.warmup, arguments.rounds)
    seconds = race(names, config, shape, *counts)
    peak, per_token = peak_of_this_card(), flops_per_token(config, arguments.window)
    last = " of the card's arithmetic |" if peak else ""
    print(f"| | tokens/s | of nanoGPT's loop, compiled | of nanoGPT's loop | range |{last}")
    print("|---|---|---|---|---|" + ("---|" if peak else ""))
    tokens = shape[0] * shape[1]
    rates = {name: tokens / median(taken) for name, taken in seconds.items()}
    for name, rate in sorted(rates.items(), key=lambda item: item[1]):
        ratios = [f"{rate / rates[peer]:.2f}" if peer in rates else "" for peer in PEERS]
        span = f"{tokens / max(seconds[name]):,.0f} to {tokens / min(seconds[name]):,.0f}"
        used = f" {rate * per_token / peak:.1%} |" if peak else ""
        print(f"| {name} | {rate:,.0f} | {' | '.join(ratios)} | {span} |{used}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
