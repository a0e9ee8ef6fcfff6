"""What fine-tuning needs: the memory and the time of a step, for a model of any of our shapes.

    python -m train.memory --model gpt2-medium
    python -m train.memory --model gpt2 --rows 8 --window 512 --ways full "LoRA"

Memory and time do not depend on what the numbers are: the weights are random and so are the tokens,
and nothing is downloaded. Each way runs in a fresh process, so that what one has touched does not
count for the next.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2
from train import loop
from train.stage import with_adapters

RANK = 8  # of the adapters
WAYS = {  # name -> (adapters only, gradient checkpointing)
    "full": (False, False),
    "full + checkpointing": (False, True),
    "LoRA": (True, False),
    "LoRA + checkpointing": (True, True),
}


@dataclass(frozen=True)
class Cost:
    """peak_bytes: the most that the process, or on a GPU its tensors, held; seconds: of a step."""

    peak_bytes: int
    seconds: float


@dataclass(frozen=True)
class RandomTokens:
    """A task with nothing to learn: rows of random tokens."""

    config: GPT2Config
    rows: int
    window: int

    def batch(self, index: int, rank: int, world_size: int) -> loop.Batch:
        shape = (2, self.rows, self.window)
        x, y = torch.randint(self.config.vocab_size, shape)  # (2, B, T) -> two of (B, T)
        return x, y

    def loss(self, model: nn.Module, batch: loop.Batch) -> Tensor:
        return loop.language_model_loss(model, *batch)

    def tokens(self, batch: loop.Batch) -> int:
        return batch[0].numel()

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {}

    def samples(self, model: nn.Module) -> list[str]:
        return []


def measure(way: str, config: GPT2Config, rows: int, window: int, steps: int) -> Cost:
    """The cost of a run of `steps` updates, the writing of its state included; of this process.

    The time is that of the last step: the first one also makes the optimiser's state.
    """
    adapters_only, checkpointing = WAYS[way]
    task = RandomTokens(config, rows, window)
    settings = loop.Settings(
        optimizer="adamw",
        tokens=steps * rows * window,
        gradient_checkpointing=checkpointing,
        log_every=1,
    )
    model = with_adapters(GPT2(config), RANK if adapters_only else 0, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        loop.train(model, task, settings, Path(folder))
        lines = (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()
    speeds = [json.loads(line)["tokens_per_second"] for line in lines if "per_second" in line]
    return Cost(_peak_bytes(), rows * window / speeds[-1])


def _peak_bytes() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux KiB


def main(argv: list[str] | None = None) -> int:
    """Measure the memory and the time of a training step, in full and with adapters only."""
    parser = argparse.ArgumentParser(prog="python -m train.memory", description=main.__doc__)
    parser.add_argument("--model", choices=PRESETS, default="gpt2", help="the shape")
    parser.add_argument("--rows", type=int, default=4, help="examples per step")
    parser.add_argument("--window", type=int, default=256, help="tokens per example")
    parser.add_argument("--steps", type=int, default=2, help="the last one is timed")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    arguments = parser.parse_args(argv)
    config = PRESETS[arguments.model]
    if min(arguments.rows, arguments.window, arguments.steps) < 1:
        parser.exit(1, "--rows, --window and --steps must be at least 1.\n")
    if arguments.window > config.block_size:
        parser.exit(1, f"The window of {arguments.model} is {config.block_size} tokens.\n")
    print(f"{arguments.model}, {arguments.rows} x {arguments.window} tokens per step, AdamW, "
          f"adapters of rank {RANK}, {torch.get_num_threads()} threads")  # fmt: skip
    print(f"{'':22}{'peak GB':>9}{'s/step':>9}")
    for way in arguments.ways:
        # "spawn": a forked process would begin with this one's memory.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            sizes = (arguments.rows, arguments.window, arguments.steps)
            cost = fresh.submit(measure, way, config, *sizes).result()
        print(f"{way:22}{cost.peak_bytes / 1e9:>9.1f}{cost.seconds:>9.1f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
