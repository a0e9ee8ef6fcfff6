"""BLiMP: which of two sentences is English? Warstadt et al. 2020, https://arxiv.org/abs/1912.00582.

    python -m train.evaluate blimp --model base
    python -m train.evaluate blimp --model base --limit 6700    # a quick look, 100 pairs of each

67 paradigms of 1,000 minimal pairs such as "Many girls insulted themselves." and "Many girls
insulted herself.". A pair is right if the good sentence is the more probable one, from its first
word to its full stop, after the end-of-text token; guessing gets 0.5 right.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.build_data.archives import Archive, fetch_archive
from train.data.catalogue import BENCHMARKS
from train.data.data_manifest import add_to_manifest, describe_file
from train.data.download import DatasetError, put_in_place
from train.datasets import available, cache_folder, fetch
from train.figures.scoring import log_likelihoods

BLIMP = BENCHMARKS["blimp"]
# Of the text inside: another version of lzma may pack it into other bytes.
TEXT_SHA256 = "6f4da4e9901da73b8ee123bc4c10d5c8f7a8f6c7d80bc598a6f0a4d462f4bfac"


@dataclass(frozen=True)
class Pair:
    """A good sentence and a bad one.

    paradigm  the rule that made both; field and term say what of grammar it is about
    """

    paradigm: str
    field: str
    term: str
    good: str
    bad: str


def blimp_file() -> Path:
    """Path of the verified pairs: found as any data set is, or made from the authors' repository.

    Raises DatasetError in one sentence.
    """
    if available(BLIMP) is None:
        _build(cache_folder() / "data")
    return fetch(BLIMP)


def _build(folder: Path) -> None:
    """One file of the repository's 67, with what is needed of each pair."""
    [origin] = BLIMP.origin
    text = _text_of(Archive(fetch_archive(cache_folder() / "archives", origin)))
    if hashlib.sha256(text).hexdigest() != TEXT_SHA256:
        raise DatasetError(f"The pairs in {origin} are not those this project was made with.")
    put_in_place(lzma.compress(text, preset=9), folder / BLIMP.filename)
    add_to_manifest(folder, BLIMP.name, describe_file(folder, BLIMP, text.count(b"\n")))


def _text_of(archive: Archive) -> bytes:
    """A line for each pair, sorted by paradigm; the order within one stays."""
    kept = {"UID": "uid", "field": "field", "linguistics_term": "term",
            "sentence_good": "good", "sentence_bad": "bad"}  # fmt: skip
    paths = archive.paths(r"data/.+\.jsonl")
    pairs = [json.loads(line) for path in paths for line in archive.text(path).splitlines()]
    records = [{ours: pair[theirs] for theirs, ours in kept.items()} for pair in pairs]
    records.sort(key=lambda record: record["uid"])
    return "".join(json.dumps(record) + "\n" for record in records).encode("utf-8")


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file as `blimp_file` has it, packed or not, in its order.

    Field and term are the paper's, which counts s-selection among argument structure.
    """
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [
            Pair(
                record["uid"],
                record["field"].replace("/", "_"),
                record["term"].replace("s-selection", "argument_structure"),
                record["good"],
                record["bad"],
            )
            for record in map(json.loads, file)
        ]


def some_of(pairs: Sequence[Pair], limit: int | None) -> list[Pair]:
    """So many pairs, from all paradigms alike, drawn at random; all of them for None."""
    if limit is None:
        return list(pairs)
    drawn: Counter[str] = Counter()
    numbered = []
    for pair in random.Random(0).sample(pairs, len(pairs)):
        numbered.append((drawn[pair.paradigm], pair))  # it is the n-th of its paradigm
        drawn[pair.paradigm] += 1
    numbered.sort(key=lambda item: item[0])
    return [pair for _, pair in numbered[:limit]]


def blimp_accuracy(model: GPT2, tokenizer: Tokenizer, pairs: Sequence[Pair]) -> dict[str, Any]:
    """{"n", "accuracy", "fields", "terms"}: the part of the pairs that is right, in [0, 1].

    "fields" (morphology, ...) and "terms" (anaphor_agreement, ...) have "n" and "accuracy" each.
    Raises ValueError if there is no pair, or a sentence longer than the model's window.
    """
    if not pairs:
        raise ValueError("There is no pair of sentences to compare.")
    texts = [
        [tokenizer.eot_id, *tokenizer.encode_typed(sentence)]
        for pair in pairs
        for sentence in (pair.good, pair.bad)
    ]
    totals = log_likelihoods(model, texts)
    right = [good > bad for good, bad in zip(totals[::2], totals[1::2], strict=True)]
    return {
        **_share(right),
        "fields": _shares(zip((pair.field for pair in pairs), right, strict=True)),
        "terms": _shares(zip((pair.term for pair in pairs), right, strict=True)),
    }


def blimp(model: GPT2, tokenizer: Tokenizer, path: Path, limit: int | None) -> dict[str, float]:
    """`blimp_accuracy` of `some_of` a file's pairs, as one row of figures per field and term."""
    figures = blimp_accuracy(model, tokenizer, some_of(read_pairs(path), limit))
    rows = {**figures["fields"], **figures["terms"]}
    return {
        "n": figures["n"],
        "accuracy": figures["accuracy"],
        **{name: row["accuracy"] for name, row in rows.items()},
    }


def _shares(verdicts: Iterable[tuple[str, bool]]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[bool]] = {}
    for name, verdict in verdicts:
        groups.setdefault(name, []).append(verdict)
    return {name: _share(groups[name]) for name in sorted(groups)}


def _share(verdicts: Sequence[bool]) -> dict[str, float]:
    return {"n": len(verdicts), "accuracy": sum(verdicts) / len(verdicts)}
