"""Corpora too large for one file: parquet files of the Hugging Face Hub -> token shards on disk.

    python -m train.web_corpus fineweb-edu-10B --tokenizer gpt2 --workers 8
    python -m train.pretrain --preset gpt2 --corpus fineweb-edu-10B --tokens 10B

Each file becomes one source in the layout of `packing.py`, so that training draws from it as from
any other. A file is downloaded while those before it are tokenised, each by a process of its own;
what is finished is never done again, so a stopped command goes on with the next file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from gpt2_scratch.checkpoints import hub
from gpt2_scratch.vocabulary.text import normalise_text
from gpt2_scratch.vocabulary.tokenizer import RANK_FILES, Tokenizer
from train.datasets import cache_folder, split_of
from train.packing import (
    PackedSource,
    PackingError,
    encode_texts,
    format_table,
    pack_key,
    read_pack,
    tokenizer_sha256,
    write_pack,
)

_ROWS = 500  # documents per read: memory holds these and not the file


@dataclass(frozen=True)
class WebCorpus:
    """A pinned commit of a dataset repository of the Hub, and its parquet files in order."""

    name: str
    repository: str
    revision: str
    files: tuple[str, ...]
    licence: str
    column: str = "text"

    def origin(self) -> str:
        return f"{self.repository}@{self.revision}"


FINEWEB_EDU = WebCorpus(
    name="fineweb-edu-10B",  # 9.7M documents, 28.5 GB compressed, 10 billion tokens
    repository="HuggingFaceFW/fineweb-edu",
    revision="87f09149ef4734204d70ed1d046ddc9ca3f2b8f9",
    files=tuple(f"sample/10BT/{number:03}_00000.parquet" for number in range(14)),
    licence="ODC-By 1.0",
)
WEB_CORPORA = {FINEWEB_EDU.name: FINEWEB_EDU}


def pack_web_corpus(
    corpus: WebCorpus,
    tokenizer: Tokenizer,
    *,
    files: int | None = None,
    workers: int = 1,
    folder: Path | None = None,
) -> dict[str, PackedSource]:
    """Pack the files that are not packed yet; return all of them, one source per file.

    files    only the first so many
    workers  processes that tokenise; 1 works in this one
    folder   where the shards go; default `tokens` in the cache folder

    Raises CheckpointError when the Hub cannot be reached, PackingError for a file without the text
    column, ValueError for a number below 1.
    """
    if workers < 1 or (files is not None and files < 1):
        raise ValueError("--workers and --files must be at least 1.")
    folder = folder or cache_folder() / "tokens"
    vocabulary, names = tokenizer_sha256(tokenizer), corpus.files[:files]
    keys = {name: (vocabulary, corpus.origin(), name, corpus.column) for name in names}
    stems = {name: folder / f"{corpus.name}-{pack_key(*key)}" for name, key in keys.items()}
    waiting = [name for name in names if read_pack(corpus.name, stems[name]) is None]
    done = len(names) - len(waiting)
    with tqdm(total=len(names), initial=done, desc=corpus.name, unit="file") as bar:
        if workers == 1:
            for name in waiting:
                _pack_file(corpus, tokenizer, _fetch(corpus, name), stems[name])
                bar.update()
        elif waiting:
            _pack_in_processes(corpus, tokenizer, {n: stems[n] for n in waiting}, workers, bar)
    packed = {}
    for name in names:
        number = f"{corpus.name}.{corpus.files.index(name):03}"
        source = read_pack(number, stems[name])
        assert source is not None  # it was written just now
        packed[number] = source
    return packed


def shares(packed: dict[str, PackedSource]) -> dict[str, float]:
    """Each file's part of a mixture: by its tokens, so that every token is as likely."""
    return {name: float(source.statistics["train"].tokens) for name, source in packed.items()}


def _fetch(corpus: WebCorpus, name: str) -> Path:
    return hub.fetch(corpus.repository, name, corpus.revision, kind="dataset")


def _pack_in_processes(
    corpus: WebCorpus, tokenizer: Tokenizer, stems: dict[str, Path], workers: int, bar: tqdm
) -> None:
    # "spawn": a process that torch has threads in must not be forked.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running: list[Future[None]] = []
        for name, stem in stems.items():
            path = _fetch(corpus, name)  # the transfer, while the processes compute
            future = pool.submit(_pack_file_by_name, corpus, tokenizer.name, path, stem)
            future.add_done_callback(lambda _: bar.update())
            running.append(future)
        for future in running:
            future.result()  # raises what the process raised


def _pack_file_by_name(corpus: WebCorpus, tokenizer: str, path: Path, stem: Path) -> None:
    """In a process of its own, which loads its own vocabulary."""
    _pack_file(corpus, Tokenizer.load(tokenizer), path, stem)


def _pack_file(corpus: WebCorpus, tokenizer: Tokenizer, path: Path, stem: Path) -> None:
    about = {"source": corpus.origin(), "file": path.name, "licence": corpus.licence}
    write_pack(tokenizer, stem, _encoded(corpus, tokenizer, path), about)


def _encoded(
    corpus: WebCorpus, tokenizer: Tokenizer, path: Path
) -> Iterator[tuple[str, list[int], int]]:
    """(split, token ids with `<|endoftext|>` at the end, bytes of text) of each document."""
    texts = read_texts(path, corpus.column)
    if tokenizer.folds:
        texts = map(normalise_text, texts)
    for text, ids, size in encode_texts(tokenizer, filter(None, texts)):
        yield split_of(text), ids, size


def read_texts(path: Path, column: str) -> Iterator[str]:
    """The texts of a parquet file, some hundred read at a time. PackingError if it has none."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise PackingError(
            "Parquet files are read through pyarrow; run `pip install pyarrow`."
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                raise PackingError(f"{path} has no column {column!r}: it is another data set.")
            for batch in file.iter_batches(_ROWS, columns=[column]):
                yield from filter(None, batch.column(0).to_pylist())
    except ArrowException as error:
        raise PackingError(f"{path} is not a parquet file ({error}): delete it.") from error


def add_web_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """--files and --workers."""
    parser.add_argument("--files", type=int, help="only so many files of a web corpus")
    parser.add_argument(
        "--workers",
        type=int,
        default=max(1, (os.cpu_count() or 2) - 1),
        help="processes that tokenise a web corpus (default: %(default)s)",
    )


def main(argv: list[str] | None = None) -> int:
    """Download and pack a corpus of the Hub; what is packed already is left alone."""
    parser = argparse.ArgumentParser(prog="python -m train.web_corpus", description=main.__doc__)
    parser.add_argument("corpus", choices=WEB_CORPORA)
    parser.add_argument("--tokenizer", choices=tuple(RANK_FILES), default="gpt2")
    parser.add_argument("--cache", type=Path, help="folder for the shards")
    add_web_corpus_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        packed = pack_web_corpus(
            WEB_CORPORA[arguments.corpus],
            Tokenizer.load(arguments.tokenizer),
            files=arguments.files,
            workers=arguments.workers,
            folder=arguments.cache,
        )
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    print(format_table(packed))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
