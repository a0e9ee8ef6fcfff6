"""Packing: text -> token shards on disk -> random fixed-length batches.

    python -m train.packing                          # everything, a few minutes
    python -m train.packing --sources fairytales sgd

Each source and split becomes one file of uint16 token ids, every document followed by
`<|endoftext|>`, which training reads through a memory map: no run waits for the tokenizer, and
ten processes share one copy in memory. The key of a pack, part of its file names, covers the
tokenizer, the source's sha256 and the rules of this project, so a stale pack is never found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.data.download import put_in_place
from train.datasets import (
    CORPUS,
    Instruction,
    cache_folder,
    documents,
    fetch,
    load_instructions,
    sha256_in_use,
    split_of,
)

# The instruction data as documents: the one source that is not a corpus file.
INSTRUCT = "instruct"
SOURCES: tuple[str, ...] = (*(dataset.name for dataset in CORPUS), INSTRUCT)
SPLITS = ("train", "validation")

# Probability that a training window comes from a source: the file says why. The old shares are
# those of the first base model, mostly old books: to compare figures with it.
_SHARES: dict[str, dict[str, float]] = tomllib.loads(
    Path(__file__).with_name("data").joinpath("mixture.toml").read_text(encoding="utf-8")
)
MIXTURE, OLD_MIXTURE = _SHARES["mixture"], _SHARES["old_mixture"]

_RULES_VERSION = 2  # raise it when normalise_text, split_of or the layout of a pack changes
_BATCH_CHARACTERS = 1_000_000  # text per encode_batch call


class PackingError(ValueError):
    """Tokens cannot be packed or drawn as asked; the message is one sentence."""


@dataclass(frozen=True)
class SplitStatistics:
    """What one split of a source holds; `bytes` is of its UTF-8 text without `<|endoftext|>`."""

    tokens: int
    bytes: int
    documents: int


@dataclass(frozen=True)
class PackedSource:
    """The token shards of one source: `<stem>.train.bin`, `<stem>.validation.bin`, `<stem>.json`.

    `statistics` has one entry per split.
    """

    name: str
    stem: Path
    statistics: Mapping[str, SplitStatistics]

    def tokens(self, split: str) -> np.ndarray:
        """The token ids of a split, a read-only uint16 array (tokens,) that maps the file."""
        if self.statistics[split].tokens == 0:  # an empty file cannot be mapped
            return np.empty(0, dtype=np.uint16)
        return np.memmap(_with_suffix(self.stem, f".{split}.bin"), dtype=np.uint16, mode="r")


def _with_suffix(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


# --- text -> shards ----------------------------------------------------------------------------


def tokenizer_sha256(tokenizer: Tokenizer) -> str:
    """sha256 of the vocabulary: equal tokenizers share packs, whatever their name or file."""
    digest = hashlib.sha256()
    for token_id in range(tokenizer.vocab_size):
        token = tokenizer.token_bytes(token_id)
        digest.update(len(token).to_bytes(4, "big") + token)
    return digest.hexdigest()


def token_byte_lengths(tokenizer: Tokenizer) -> torch.Tensor:
    """How many bytes of text each token stands for, int64 (vocab_size,); 0 for `<|endoftext|>`.

    The bytes of a window are the sum over its targets, so that bits per byte can be computed for
    any part of the held-out text.
    """
    lengths = [len(tokenizer.token_bytes(token_id)) for token_id in range(tokenizer.vocab_size)]
    lengths[tokenizer.eot_id] = 0
    return torch.tensor(lengths, dtype=torch.int64)


def pack(
    tokenizer: Tokenizer,
    sources: Iterable[str] = SOURCES,
    folder: Path | None = None,
) -> dict[str, PackedSource]:
    """Pack the sources that are not packed yet; return all of them by name.

    Args:
        tokenizer: at most 65,536 entries, so that an id fits into uint16.
        sources: names out of SOURCES, or "the-verdict".
        folder: where the shards go; default `tokens` in the cache folder.

    Raises PackingError for a tokenizer that is too large, DatasetError for missing data.
    """
    if tokenizer.vocab_size > 1 << 16:
        raise PackingError(
            f"The vocabulary {tokenizer.name!r} has {tokenizer.vocab_size:,} entries, and packed "
            "tokens hold at most 65,536: use a smaller one."
        )
    folder = folder or cache_folder() / "tokens"
    vocabulary = tokenizer_sha256(tokenizer)
    packed = {}
    for name in sources:
        sha256 = sha256_in_use("sft" if name == INSTRUCT else name)
        stem = folder / f"{name}-{pack_key(str(_RULES_VERSION), vocabulary, sha256)}"
        if not (source := read_pack(name, stem)):
            about = {"source": name, "dataset_sha256": sha256}
            with tqdm(desc=f"packing {name}", unit="B", unit_scale=True) as bar:
                write_pack(tokenizer, stem, _encoded_documents(tokenizer, name), about, bar)
            source = read_pack(name, stem)
            assert source is not None
        packed[name] = source
    return packed


def pack_key(*parts: str) -> str:
    """What a pack depends on, as 16 digits of its file names."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def write_pack(
    tokenizer: Tokenizer,
    stem: Path,
    encoded: Iterable[tuple[str, list[int], int]],
    about: Mapping[str, str],
    bar: tqdm | None = None,
) -> None:
    """Write both shards and, last, the index, each under its final name only when it is whole.

    encoded  (split, token ids, bytes of text) of each document
    about    what the index shall say of the source
    bar      told the bytes of each document
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    counts = {split: {"tokens": 0, "bytes": 0, "documents": 0} for split in SPLITS}
    # Two processes that pack the same source at once write apart: see `put_in_place`.
    unfinished = {split: _with_suffix(stem, f".{split}.bin.{os.getpid()}.tmp") for split in SPLITS}
    files = {split: path.open("wb") for split, path in unfinished.items()}
    try:
        for split, ids, size in encoded:
            np.asarray(ids, dtype=np.uint16).tofile(files[split])
            counts[split]["tokens"] += len(ids)
            counts[split]["bytes"] += size
            counts[split]["documents"] += 1
            if bar is not None:
                bar.update(size)
        for split, file in files.items():
            file.close()
            os.replace(unfinished[split], _with_suffix(stem, f".{split}.bin"))
    finally:
        for split, file in files.items():
            file.close()
            unfinished[split].unlink(missing_ok=True)
    index = {
        **about,
        "tokenizer": tokenizer.name,
        "tokenizer_sha256": tokenizer_sha256(tokenizer),
        "splits": counts,
    }
    put_in_place((json.dumps(index, indent=2) + "\n").encode(), _with_suffix(stem, ".json"))


def read_pack(name: str, stem: Path) -> PackedSource | None:
    """The source whose shards `write_pack` finished at `stem`, or None."""
    index = _with_suffix(stem, ".json")
    if not index.is_file():  # the index is written last: where it is, the shards are whole
        return None
    statistics = json.loads(index.read_text(encoding="utf-8"))["splits"]
    return PackedSource(
        name, stem, {split: SplitStatistics(**statistics[split]) for split in SPLITS}
    )


def _encoded_documents(tokenizer: Tokenizer, name: str) -> Iterator[tuple[str, list[int], int]]:
    """(split, token ids with `<|endoftext|>` at the end, bytes of text) of each document."""
    if name == INSTRUCT:
        for split in SPLITS:
            tasks = map(plain_text, load_instructions("sft", split))
            for _, ids, size in encode_texts(tokenizer, tasks):
                yield split, ids, size
        return
    fetch(name)  # a missing file is reported before any work
    for text, ids, size in encode_texts(tokenizer, documents(name)):
        yield split_of(text), ids, size


def plain_text(task: Instruction) -> str:
    """A task and its answer as people write them: the words of the chat template stay out."""
    question = "\n".join(part for part in (task.instruction, task.input) if part)
    return f"{question}\n\n{task.output}"


def encode_texts(
    tokenizer: Tokenizer, texts: Iterable[str]
) -> Iterator[tuple[str, list[int], int]]:
    """(text, token ids with `<|endoftext|>` at the end, bytes of text) of each text."""
    for batch in _batches_of_text(texts):
        for text, ids in zip(batch, tokenizer.encode_batch(batch), strict=True):
            yield text, [*ids, tokenizer.eot_id], len(text.encode("utf-8"))


def _batches_of_text(texts: Iterable[str]) -> Iterator[list[str]]:
    """Lists of texts with about _BATCH_CHARACTERS characters together."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


# --- shards -> batches -------------------------------------------------------------------------


class TokenMixture:
    """Random training windows from packed sources, and fixed validation windows.

    Stateless: a batch is a function of (seed, step) alone, so a resumed run sees the same data
    in the same order with nothing to save, and any number of processes draw parts of one batch.

    Args:
        packed: sources by name, from `pack`.
        weights: relative probability of each source; sources without one are never drawn from.
        seed: chooses the sequence of batches.
    """

    def __init__(
        self,
        packed: Mapping[str, PackedSource],
        weights: Mapping[str, float] = MIXTURE,
        seed: int = 0,
    ) -> None:
        self.names = [name for name in packed if weights.get(name, 0) > 0]
        if not self.names:
            raise PackingError("None of the packed sources has a positive weight in the mixture.")
        shares = np.array([weights[name] for name in self.names], dtype=np.float64)
        if not np.isfinite(shares).all():
            raise PackingError("The weights of the mixture must be finite numbers.")
        self.probabilities = shares / shares.sum()
        self.packed = dict(packed)
        self.seed = seed
        self._train = [packed[name].tokens("train") for name in self.names]

    def batch(
        self, step: int, batch_size: int, block_size: int, rank: int = 0, world_size: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs x and targets y, both int64 (batch_size, block_size); y is x one token later.

        They are cut from `training_windows` of the same arguments.
        """
        windows = self.training_windows(step, batch_size, block_size, rank, world_size)
        return _inputs_and_targets(windows)

    def training_windows(
        self, step: int, batch_size: int, block_size: int, rank: int = 0, world_size: int = 1
    ) -> np.ndarray:
        """Token ids, int64 (batch_size, block_size + 1): what a step reads, and the token after.

        `batch_size` counts the windows of one process. The batch of a step has
        world_size * batch_size windows, and rank r takes the r-th share of them: two processes
        together see exactly what one process with twice the batch size would see.

        Raises PackingError if a source is shorter than one window.
        """
        for name, tokens in zip(self.names, self._train, strict=True):
            if len(tokens) <= block_size:
                raise PackingError(
                    f"{name} has {len(tokens):,} training tokens and a window needs "
                    f"{block_size + 1:,}: take the source out of the mixture."
                )
        rng = np.random.default_rng([self.seed, step])
        total = batch_size * world_size
        choices = rng.choice(len(self.names), size=total, p=self.probabilities)
        positions = rng.random(total)  # in [0, 1), scaled to the length of the chosen source
        windows = np.empty((batch_size, block_size + 1), dtype=np.int64)
        for row in range(batch_size):
            draw = rank * batch_size + row
            tokens = self._train[choices[draw]]
            start = int(positions[draw] * (len(tokens) - block_size))
            windows[row] = tokens[start : start + block_size + 1]
        return windows

    def validation_windows(
        self, source: str, block_size: int, max_tokens: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets, both int64 (N, block_size), from the start of the held-out text.

        The same windows every time, and no target stands in two of them. N is as large as the
        held-out text and `max_tokens` (of targets) allow, and may be 0 for a tiny source.
        """
        if source not in self.packed:
            raise PackingError(
                f"{source!r} is not packed here; choose from {', '.join(self.packed)}."
            )
        tokens = self.packed[source].tokens("validation")
        count = max(0, len(tokens) - 1) // block_size
        if max_tokens is not None:
            count = min(count, max_tokens // block_size)
        starts = np.arange(count)[:, None] * block_size
        # (N, 1) + (block_size + 1,) -> (N, block_size + 1): neighbours share one token, which is
        # the last target of one window and the first input of the next
        windows = tokens[starts + np.arange(block_size + 1)].astype(np.int64)
        return _inputs_and_targets(windows)


def _inputs_and_targets(windows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, block_size + 1) -> x, y: (N, block_size) each, contiguous"""
    tensor = torch.from_numpy(windows)
    return tensor[:, :-1].contiguous(), tensor[:, 1:].contiguous()


def format_table(packed: Mapping[str, PackedSource]) -> str:
    """A table of what was packed: tokens, bytes per token, and the held-out part."""
    lines = [
        f"{'source':20}{'documents':>10}{'train tokens':>14}{'bytes/token':>13}{'held out':>11}"
    ]
    totals = np.zeros(4, dtype=np.int64)
    for name, source in packed.items():
        train, held_out = source.statistics["train"], source.statistics["validation"]
        row = [train.documents + held_out.documents, train.tokens, train.bytes, held_out.tokens]
        totals += row
        lines.append(_table_row(name, row))
    return "\n".join([*lines, _table_row("total", totals.tolist())])


def _table_row(name: str, row: Sequence[int]) -> str:
    count, tokens, size, held_out = row
    ratio = size / tokens if tokens else math.nan
    return f"{name:20}{count:>10,}{tokens:>14,}{ratio:>13.2f}{held_out:>11,}"


def main(argv: list[str] | None = None) -> int:
    """Pack text into token shards, once per tokenizer; what is packed already is left alone."""
    parser = argparse.ArgumentParser(prog="python -m train.packing", description=main.__doc__)
    parser.add_argument("--sources", nargs="+", default=SOURCES, metavar="NAME")
    parser.add_argument("--tokenizer", default="simple", help="name of a vocabulary")
    parser.add_argument("--cache", type=Path, help="folder for the shards")
    arguments = parser.parse_args(argv)
    try:
        packed = pack(Tokenizer.load(arguments.tokenizer), arguments.sources, arguments.cache)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    print(format_table(packed))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
