"""Data sets: fetch and verify a file, read it, normalise its text, split it.

    python -m train.datasets --list                    # what exists, with size and licence
    python -m train.datasets --download sms-spam sft   # fetch (or find) and verify

A file is looked for in the folder that GPT2_SCRATCH_DATA names (a mirror with the folders
corpus/, spam/ and instruct/), then in the cache, then in the dataset repository of the Hub that
GPT2_SCRATCH_DATA_REPO names, and is otherwise downloaded from its public address into the cache.
What no address serves, `python -m train.build_data` builds there. Whatever way a file comes, its
sha256 is checked before it is read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import os
import random
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from gpt2_scratch.vocabulary.text import normalise_text
from train.data.catalogue import CORPUS, DATASETS, Dataset
from train.data.data_manifest import (
    MANIFEST,
    add_to_manifest,
    parse_data_manifest,
    read_data_manifest,
)
from train.data.download import DatasetError, download_part, file_sha256, put_in_place

DATA_VARIABLE = "GPT2_SCRATCH_DATA"  # a folder that mirrors the data sets
REPOSITORY_VARIABLE = "GPT2_SCRATCH_DATA_REPO"  # USER/NAME[@REVISION] of a dataset on the Hub
CACHE_VARIABLE = "GPT2_SCRATCH_CACHE"  # instead of ~/.cache/gpt2_scratch

DOCUMENT_SEPARATOR = "<|endoftext|>"
VALIDATION_SHARE = 0.01  # of the documents of each corpus file
SFT_VALIDATION_LINES = 1_500


# --- finding, downloading and verifying a file ------------------------------------------------


def cache_folder() -> Path:
    """Where downloads and token shards are kept; nothing is created by asking."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gpt2_scratch"


def get_dataset(name: str) -> Dataset:
    """The catalogue's entry of this name; DatasetError if there is none."""
    _check_choice("data set", name, DATASETS)
    return DATASETS[name]


def fetch(dataset: Dataset | str, progress: bool = True) -> Path:
    """Path of the verified file: from the mirror, from the cache, or fetched into the cache.

    Raises DatasetError if the file is damaged, cannot be downloaded, or is served nowhere.
    """
    if isinstance(dataset, str):
        dataset = get_dataset(dataset)
    if found := _find(dataset):
        path, expected = found
        status = path.stat()
        if _sha256(path, status.st_size, status.st_mtime_ns) != expected:
            raise DatasetError(
                f"{path} is not the {dataset.name} file that this project was made with "
                "(its sha256 differs): delete it, or replace it with the right one."
            )
        return path
    cached = cache_folder() / "data" / dataset.filename
    if dataset.url is None:
        kind = "sft" if dataset.filename.startswith("instruct/") else "corpus"
        raise DatasetError(
            f"{dataset.filename} is not served by any public address, since it was cleaned from "
            f"{_origins(dataset)}: build it with `python -m train.build_data {kind}`, or set "
            f"{DATA_VARIABLE} to a folder that holds it."
        )
    _download(dataset, cached, progress)
    return cached


def available(dataset: Dataset) -> Path | None:
    """Path of the file, not verified; None if it would have to be downloaded or built."""
    found = _find(dataset)
    return found[0] if found else None


def sha256_in_use(name: str) -> str:
    """What the file that `fetch` gives hashes to, without reading it: the catalogue's hash, or
    another one if the file was rebuilt or comes from the Hub."""
    dataset = get_dataset(name)
    found = _find(dataset)
    return found[1] if found else dataset.sha256


def _find(dataset: Dataset) -> tuple[Path, str] | None:
    """The file in one of the folders, or out of the Hub, and the sha256 that it must have."""
    mirror = os.environ.get(DATA_VARIABLE)
    for folder in (*([Path(mirror).expanduser()] if mirror else []), cache_folder() / "data"):
        path = folder / dataset.filename
        if path.is_file():
            entry = read_data_manifest(folder).get(dataset.name)
            return path, entry["sha256"] if entry else dataset.sha256
    return _find(dataset) if _take_from_hub(dataset) else None


def _take_from_hub(dataset: Dataset) -> bool:
    """Copy the file from the Hub repository that REPOSITORY_VARIABLE names into the cache, if it
    has it.

    The repository is one that `python -m train.publish --dataset` made: its manifest says what
    each file hashes to.
    """
    repository = os.environ.get(REPOSITORY_VARIABLE)
    if not repository:
        return False
    from gpt2_scratch.checkpoints import hub
    from gpt2_scratch.checkpoints.errors import CheckpointError

    named = hub.REPOSITORY.fullmatch(repository)
    if named is None:
        raise DatasetError(f"{REPOSITORY_VARIABLE} must be USER/NAME, and is {repository!r}.")
    name, revision = named[1], named[2] or "main"
    try:
        manifest = parse_data_manifest(hub.fetch(name, MANIFEST, revision, kind="dataset"))
        if dataset.name not in manifest:
            return False
        entry = manifest[dataset.name]
        path = hub.fetch(
            name, entry["file"], revision, size=entry["bytes"], sha256=entry["sha256"],
            kind="dataset",
        )  # fmt: skip
    except CheckpointError as error:
        raise DatasetError(str(error)) from error
    put_in_place(path, cache_folder() / "data" / dataset.filename)
    add_to_manifest(cache_folder() / "data", dataset.name, entry)
    return True


def _origins(dataset: Dataset) -> str:
    if len(dataset.origin) > 3:
        return f"{len(dataset.origin)} repositories (listed in train/data/catalogue.toml)"
    return " and ".join(f"github.com/{origin}" for origin in dataset.origin)


@cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """sha256 of a file; size and time are part of the key, so a file is hashed once per state."""
    return file_sha256(path)


def _download(dataset: Dataset, target: Path, progress: bool) -> None:
    """Download, verify, and only then give the file its name, so that a name means "complete"."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    assert dataset.url is not None
    otherwise = f"set {DATA_VARIABLE} to a folder that holds {dataset.filename}"
    download_part(dataset.url, part, name=dataset.name, otherwise=otherwise, progress=progress)
    file = part if dataset.member is None else _extract(dataset, part)
    if file_sha256(file) != dataset.sha256:
        file.unlink()
        part.unlink(missing_ok=True)
        raise DatasetError(
            f"{dataset.url} served something else than the {dataset.name} file that this project "
            "was made with (its sha256 differs), so the download was thrown away."
        )
    os.replace(file, target)
    part.unlink(missing_ok=True)


def _extract(dataset: Dataset, archive: Path) -> Path:
    """The zip archive's one member of interest, written beside the archive."""
    assert dataset.member is not None
    try:
        with zipfile.ZipFile(archive) as zipped, zipped.open(dataset.member) as member:
            data = member.read(dataset.size + 1)  # never unpack more than the file can have
    except (zipfile.BadZipFile, KeyError) as error:
        archive.unlink()
        raise DatasetError(
            f"{dataset.url} did not serve a zip archive with {dataset.member}, so the download "
            "was thrown away: try again later."
        ) from error
    path = archive.with_name(Path(dataset.member).name + ".unpacked")
    path.write_bytes(data)
    return path


# --- the pretraining corpus --------------------------------------------------------------------


def documents(name: str) -> Iterator[str]:
    """The normalised, non-empty documents of one corpus file, in file order.

    The file is streamed: memory holds one document at a time.
    """
    dataset = get_dataset(name)
    if not dataset.filename.startswith("corpus/"):
        raise DatasetError(
            f"{name!r} is not a corpus; choose from {', '.join(d.name for d in CORPUS)}."
        )
    path = fetch(dataset)
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        groups = groupby(file, key=lambda line: line.rstrip("\n") == DOCUMENT_SEPARATOR)
        for is_separator, lines in groups:
            if not is_separator and (document := normalise_text("".join(lines))):
                yield document


def split_of(document: str) -> str:
    """ "train" or "validation" (about 1%), decided by the sha256 of the document alone.

    Neither the order of the documents nor what else is in the corpus can move a document across,
    and equal documents of two sources land on the same side.
    """
    digest = hashlib.sha256(document.encode("utf-8")).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64  # uniform in [0, 1)
    return "validation" if position < VALIDATION_SHARE else "train"


def corpus_documents(name: str, split: str) -> Iterator[str]:
    """The documents of one corpus file that belong to `split` ("train" or "validation")."""
    _check_choice("split", split, ("train", "validation"))
    return (document for document in documents(name) if split_of(document) == split)


def _check_choice(what: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise DatasetError(f"There is no {what} {value!r}; choose from {', '.join(choices)}.")


# --- SMS spam ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """One SMS: label "ham" or "spam", its text, and the 0-based line where it starts."""

    label: str
    text: str
    line: int


def spam_split(protocol: str) -> dict[str, list[Message]]:
    """The messages of "train", "validation" and "test" (70/10/20) under a protocol.

    "full_dedup": of the messages that are equal after folding case and white space only the
    first stays; the natural mix of 13% spam is kept in each part. Use this one.
    "book": the balanced sample of "Build a Large Language Model (From Scratch)", chapter 6,
    reproduced exactly to compare with figures published for it. It does not drop repeats: 40 of
    its 300 test messages also stand in its training part.
    """
    _check_choice("protocol", protocol, ("full_dedup", "book"))
    path = fetch("sms-spam")
    return _split_full_dedup(read_messages(path)) if protocol == "full_dedup" else _split_book(path)


def read_messages(path: Path) -> list[Message]:
    """The messages of a file with lines "label, tab, text", as the SMS Spam Collection has them. A
    double quote is a character like any other: no quoting is read into them."""
    messages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n")):
        label, _, text = line.partition("\t")
        messages.append(Message(label, text, number))
    return messages


def folded(text: str) -> str:
    """What is equal of two copies of one message: letter case and white space do not count."""
    return " ".join(text.casefold().split())


def _split_full_dedup(messages: list[Message]) -> dict[str, list[Message]]:
    first_copies: dict[str, Message] = {}
    for message in messages:
        first_copies.setdefault(folded(message.text), message)
    parts: dict[str, list[Message]] = {"train": [], "validation": [], "test": []}
    for label in ("ham", "spam"):  # split each label alone, so that every part has the same mix
        kept = [message for message in first_copies.values() if message.label == label]
        random.Random(20240607).shuffle(kept)
        train, validation = round(0.7 * len(kept)), round(0.1 * len(kept))
        parts["train"] += kept[:train]
        parts["validation"] += kept[train : train + validation]
        parts["test"] += kept[train + validation :]
    return {name: sorted(part, key=lambda m: m.line) for name, part in parts.items()}


def _split_book(path: Path) -> dict[str, list[Message]]:
    import pandas as pd  # only this protocol needs it

    # The default quoting is the book's: it merges the lines between two stray double quotes.
    # keep_default_na=False changes no row, but leaves a message such as "nan" a string.
    table = pd.read_csv(path, sep="\t", header=None, names=["label", "text"], keep_default_na=False)
    lines = table["text"].str.count("\n") + 1  # physical lines that each row takes up
    table["line"] = lines.cumsum() - lines
    spam = table[table["label"] == "spam"]
    ham = table[table["label"] == "ham"].sample(len(spam), random_state=123)
    shuffled = pd.concat([ham, spam]).sample(frac=1, random_state=123)
    messages = [Message(*row) for row in shuffled.itertuples(index=False, name=None)]
    train, validation = int(len(messages) * 0.7), int(len(messages) * 0.1)
    return {
        "train": messages[:train],
        "validation": messages[train : train + validation],
        "test": messages[train + validation :],
    }


# --- instructions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instruction:
    """One task with its answer; `input` may be empty, `source` says where the task comes from."""

    instruction: str
    input: str
    output: str
    source: str


def load_instructions(name: str, split: str) -> list[Instruction]:
    """The tasks of one data set and split, normalised, in file order.

    "sft": the last 1,500 lines are "validation", the rest is "train".
    "book": 85% "train", then 10% "test", then 5% "validation", as in the book's chapter 7.
    """
    _check_choice("instruction data set", name, ("sft", "book"))
    if name == "sft":
        _check_choice("split of sft", split, ("train", "validation"))
        tasks = _sft(fetch("sft"))
        cut = len(tasks) - SFT_VALIDATION_LINES
        return tasks[:cut] if split == "train" else tasks[cut:]
    records = json.loads(fetch("instruction-data").read_text(encoding="utf-8"))
    return _instructions(_book_part(records, split), name)


@lru_cache(maxsize=1)  # training asks for both parts, and more than once
def _sft(path: Path) -> list[Instruction]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return _instructions((json.loads(line) for line in file), "sft")


def _instructions(records: Iterable[dict[str, str]], source: str) -> list[Instruction]:
    """Normalised tasks; `source` is that of a record which does not state its own."""
    return [
        Instruction(
            normalise_text(record["instruction"]),
            normalise_text(record["input"]),
            normalise_text(record["output"]),
            record.get("source", source),
        )
        for record in records
    ]


def load_preferences(split: str) -> list[tuple[Instruction, Instruction]]:
    """The tasks of "book" once more, in the same order and split the same way: each with the answer
    that was chosen, and with the rejected one."""
    path = fetch("instruction-data-with-preference")
    records = _book_part(json.loads(path.read_text(encoding="utf-8")), split)
    chosen, rejected = (
        _instructions((record | {"output": record[answer]} for record in records), "book")
        for answer in ("chosen", "rejected")
    )
    return list(zip(chosen, rejected, strict=True))


def _book_part(records: list[dict[str, str]], split: str) -> list[dict[str, str]]:
    """85% "train", then 10% "test", then 5% "validation"."""
    _check_choice("split of book", split, ("train", "test", "validation"))
    train, test = int(len(records) * 0.85), int(len(records) * 0.1)
    bounds = {
        "train": (0, train),
        "test": (train, train + test),
        "validation": (train + test, len(records)),
    }
    return records[slice(*bounds[split])]


def main(argv: list[str] | None = None) -> int:
    """List the data sets, or fetch and verify some of them."""
    parser = argparse.ArgumentParser(prog="python -m train.datasets", description=main.__doc__)
    parser.add_argument("--list", action="store_true", help="list all data sets (the default)")
    parser.add_argument(
        "--download", nargs="+", metavar="NAME", help='names from the list, or "all"'
    )
    arguments = parser.parse_args(argv)
    if arguments.list or not arguments.download:
        for dataset in DATASETS.values():
            how = "download" if dataset.url else "train.build_data"
            size = f"{dataset.size / 1e6:.1f} MB"
            print(f"{dataset.name:34}{size:>9}  {how:24}{dataset.licence}")
    names = arguments.download or []
    failures = 0
    for name in DATASETS if names == ["all"] else names:
        try:
            print(f"{name}: verified {fetch(name)}")
        except DatasetError as error:
            failures += 1
            print(f"{name}: {error}")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
