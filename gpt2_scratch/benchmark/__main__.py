"""`python -m gpt2_scratch.benchmark WHAT`; --help has options. WHAT is one of

    decode   tokens/s of one greedy text: a prompt of 32 tokens is read, then new ones are written
    prefill  milliseconds until the first token after a long prompt
    serve    many texts at a time through the engine: all their tokens/s, and the first token's wait
    turns    milliseconds until the first token of each turn of a conversation that grows
    probe    milliseconds of a step in each mode, what a clock would choose and what the app takes
    load     clients of `python app.py` through HTTP, with requests of all kinds

Each contestant of `decode` and `prefill` has a process of its own, and the rounds are in turns, so
that a machine that changes its speed is as unfair to all; figures are medians. A decode step reads
all weights once: beside tokens/s stands the GB/s that it means, and how much that is of what this
machine's memory gave in the same rounds.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median, quantiles
from typing import Any

import torch

from gpt2_scratch.benchmark.contestants import GREEDY, Contestant, names
from gpt2_scratch.benchmark.load import load
from gpt2_scratch.benchmark.models import config_of, random_or_trained
from gpt2_scratch.benchmark.probe import probe
from gpt2_scratch.benchmark.race import in_processes, interleaved, machine
from gpt2_scratch.config import PRESETS
from gpt2_scratch.engine.engine import Engine
from gpt2_scratch.engine.native import NativeGPT2, choose_mode, is_available, library
from gpt2_scratch.engine.quantization import MODES
from gpt2_scratch.engine.rows import RowModel, TorchRows
from gpt2_scratch.model import GPT2

PROMPT_TOKENS = 32
READ_FLOATS = 2**26  # 256 MB, far more than any cache
STREAMS = (1, 2, 4, 8)
QUEUED = 32
TURN_TOKENS = 64

Row = dict[str, Any]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prompt_ids(length: int, vocab_size: int) -> list[int]:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, vocab_size, (length,), generator=generator).tolist()


def bandwidth(threads: int) -> float | None:
    """GB/s of memory read in order, the best of a few; None without the compiled kernels."""
    if not is_available():
        return None
    memory = torch.ones(READ_FLOATS)
    pointer, count = ctypes.c_void_p(memory.data_ptr()), ctypes.c_int64(READ_FLOATS)
    best = min(seconds(lambda: library().gpt2_read(pointer, count, threads)) for _ in range(5))
    return 4 * READ_FLOATS / best / 1e9


def decode(arguments: argparse.Namespace) -> list[Row]:
    """Tokens/s, prompt included."""
    ids = prompt_ids(PROMPT_TOKENS, config_of(arguments.model).vocab_size)
    with entrants(arguments) as contestants:
        memory = bandwidth(arguments.threads)
        times = interleaved(contestants, ids, arguments.tokens, arguments.rounds)
        memory = max(memory or 0.0, bandwidth(arguments.threads) or 0.0) or None
    rows = []
    for each in contestants:
        rates = sorted(arguments.tokens / taken for taken in times[each.name])
        rate = median(rates)
        read = rate * each.weight_bytes / 1e9
        row: Row = {"": each.name, "tokens/s": rate, "range": f"{rates[0]:.0f} to {rates[-1]:.0f}"}
        row["GB/s"] = read
        row["of memory's"] = None if memory is None else f"{read / memory:.0%}"
        rows.append(row)
    compare(rows, "tokens/s")
    return [*rows, {"": "memory, read in order", "GB/s": memory}]


def prefill(arguments: argparse.Namespace) -> list[Row]:
    """Milliseconds from a long prompt to the first token."""
    config = config_of(arguments.model)
    length = min(512, config.block_size - 1)
    with entrants(arguments) as contestants:
        times = interleaved(contestants, prompt_ids(length, config.vocab_size), 1, arguments.rounds)
    rows: list[Row] = []
    for each in contestants:
        taken = sorted(1000 * seconds for seconds in times[each.name])
        row: Row = {"": each.name, "prompt": length, "ms": median(taken)}
        row["range"] = f"{taken[0]:.0f} to {taken[-1]:.0f}"
        rows.append(row | {"tokens/s": length / row["ms"] * 1000})
    compare(rows, "tokens/s")
    return rows


def compare(rows: list[Row], column: str) -> None:
    """Add how many times as fast each is as each peer."""
    for peer in [row for row in rows if not row[""].startswith(("model.py", "compiled"))]:
        for row in rows:
            row[f"x {peer['']}"] = row[column] / peer[column]


def entrants(arguments: argparse.Namespace) -> AbstractContextManager[list[Contestant]]:
    """Who races, each in a process of its own."""
    print(machine(arguments.threads), file=sys.stderr)
    return in_processes(names(arguments.peers), arguments.model, arguments.threads)


def serve(arguments: argparse.Namespace) -> list[Row]:
    """Streams through one engine, each of which reads all of its prompt."""
    model = random_or_trained(arguments.model)
    engine = Engine(served(model, arguments.mode), reuse=False)
    found: list[Row] = []
    alone = 0.0
    for streams in (*STREAMS, STREAMS[-1] + QUEUED):
        results = [at_once(engine, streams, arguments.tokens) for _ in range(arguments.rounds)]
        rate = median(rate for rate, _ in results)
        waits = sorted(wait for _, waits in results for wait in waits)
        alone = alone or rate
        found.append(
            {
                "streams": streams,
                "in the batch": min(streams, STREAMS[-1]),
                "tokens/s": rate,
                "x one stream": rate / alone,
                "first token ms, p50": 1000 * median(waits),
                "p95": 1000 * quantiles([*waits, waits[-1]], n=20)[-1],
            }
        )
    engine.close()
    return found


def served(model: GPT2, mode: str | None) -> RowModel:
    """What the app computes with: by the compiled kernels, in the mode that it would choose."""
    if not is_available():
        return TorchRows(model)
    mode = mode or choose_mode(model)
    print(f"compiled kernels, {mode}", file=sys.stderr)
    return NativeGPT2(model, mode)


def turns(arguments: argparse.Namespace) -> list[Row]:
    """A conversation: each prompt is the one before and TURN_TOKENS more.

    Once with an engine that remembers what it has read and once with one that does not.
    """
    model = random_or_trained(arguments.model)
    rows_model = served(model, arguments.mode)
    asked = prompt_ids(model.config.block_size, model.config.vocab_size)
    lengths = range(TURN_TOKENS, model.config.block_size, TURN_TOKENS)
    waits: dict[tuple[bool, int], list[float]] = {}
    for _ in range(arguments.rounds):
        for reuse in (True, False):
            engine = Engine(rows_model, slots=1, reuse=reuse)
            for length in lengths:
                start = time.perf_counter()
                steps = engine.generate_tokens(asked[:length], GREEDY, 1)
                next(steps)
                waits.setdefault((reuse, length), []).append(time.perf_counter() - start)
            engine.close()
    found: list[Row] = []
    for length in lengths:
        with_reuse, without = (1000 * median(waits[reuse, length]) for reuse in (True, False))
        row: Row = {"turn": len(found) + 1, "tokens": length, "remembering, ms": with_reuse}
        found.append(row | {"reading all, ms": without, "x": without / with_reuse})
    return found


def at_once(engine: Engine, streams: int, new: int) -> tuple[float, list[float]]:
    """Tokens/s of all streams together, and the seconds that each waited for its first token."""
    waits: list[float] = []

    def one(number: int) -> None:
        ids = prompt_ids(PROMPT_TOKENS + number, engine.config.vocab_size)
        start = time.perf_counter()
        steps = engine.generate_tokens(ids, GREEDY, new)
        next(steps)
        waits.append(time.perf_counter() - start)
        list(steps)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(streams)]

    def all_of_them() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return streams * new / seconds(all_of_them), waits


def modes(arguments: argparse.Namespace) -> list[Row]:
    """The modes by the clock, and by the rule that takes its place."""
    if not is_available():
        raise ValueError("This is measured on the compiled kernels, and there is no C++ compiler.")
    return probe(random_or_trained(arguments.model), arguments.rounds)


MEASURES = {
    "decode": decode,
    "prefill": prefill,
    "serve": serve,
    "turns": turns,
    "probe": modes,
}


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table; numbers with three digits."""
    columns = list(dict.fromkeys(key for row in rows for key in row))

    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
        return "" if value is None else str(value)

    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(row.get(column)) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpt2_scratch.benchmark", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=(*MEASURES, "load"))
    parser.add_argument(
        "--model",
        default="nano",
        help=f"a shape with random weights ({', '.join(PRESETS)}), or a checkpoint: base, a path",
    )
    parser.add_argument("--peers", action="store_true", help="other programs as well")
    parser.add_argument("--tokens", type=int, default=128, help="new tokens of each text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--mode", choices=MODES, help="of serve and turns")
    parser.add_argument("--clients", type=int, default=16, help="of load")
    parser.add_argument("--minutes", type=float, default=1.0, help="of load")
    parser.add_argument("--json", action="store_true", help="JSON, not a table")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    arguments = parse(argv)
    torch.set_num_threads(arguments.threads)
    try:
        if arguments.what == "load":
            rows = load(arguments.model, arguments.clients, 60 * arguments.minutes)
        else:
            rows = MEASURES[arguments.what](arguments)
    except ValueError as error:
        sys.exit(str(error))
    print(json.dumps(rows, indent=2) if arguments.json else table(rows))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
