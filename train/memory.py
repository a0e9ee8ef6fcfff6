"""What fine-tuning needs: the memory and the time of a step, for a model of any of our shapes.

    python -m train.memory --model gpt2-medium
    python -m train.memory --model gpt2 --rows 8 --window 512 --ways full "LoRA"

Memory and time do not depend on what the numbers are: the weights are random and so are the tokens,
and nothing is downloaded. Each way runs in a fresh process, so that what one has touched does not
count for the next.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import torch

from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2
from train.loop.losses import language_model_loss
from train.loop.optimizers import make_optimizers
from train.loop.parallel import join_processes
from train.loop.settings import Settings
from train.loop.stage import with_adapters

RANK = 8  # of the adapters
WAYS = {  # name -> (adapters only, gradient checkpointing)
    "full": (False, False),
    "full + checkpointing": (False, True),
    "LoRA": (True, False),
    "LoRA + checkpointing": (True, True),
}


@dataclass(frozen=True)
class Cost:
    """Of a process, or on a GPU of its tensors, and of its last step.

    peak_bytes         the most that was held at once
    seconds            from the start of the step to its end
    processor_seconds  what it computed, summed over the threads: other programs do not count
    """

    peak_bytes: int
    seconds: float
    processor_seconds: float


def measure(way: str, config: GPT2Config, rows: int, window: int, steps: int) -> Cost:
    """The cost of `steps` updates as `loop.train` makes them, in this process.

    Two steps show all: the first makes the optimiser's state, the second has it from its start.
    """
    adapters_only, checkpointing = WAYS[way]
    device = join_processes()[2]
    model = GPT2(config)
    model.gradient_checkpointing = checkpointing
    with_adapters(model, RANK if adapters_only else 0, seed=0).to(device).train()
    optimizers = make_optimizers(model, Settings(optimizer="adamw"))
    ids = torch.randint(config.vocab_size, (rows, window + 1), device=device)
    for _ in range(steps):
        started, computed = time.perf_counter(), time.process_time()
        language_model_loss(model, ids[:, :-1], ids[:, 1:]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - computed
    return Cost(_peak_bytes(), seconds, processor_seconds)


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
    print(f"{'':22}{'peak GB':>9}{'s/step':>9}{'processor s/step':>18}")
    for way in arguments.ways:
        # "spawn": a forked process would begin with this one's memory.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            sizes = (arguments.rows, arguments.window, arguments.steps)
            cost = fresh.submit(measure, way, config, *sizes).result()
        times = f"{cost.seconds:>9.1f}{cost.processor_seconds:>18.1f}"
        print(f"{way:22}{cost.peak_bytes / 1e9:>9.1f}{times}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
