"""The pretraining corpus: one file of documents for each source.

A file is the source's documents separated by lines "<|endoftext|>", compressed. Documents that an
earlier source has, or that share much with an earlier document, are left out.
"""

from __future__ import annotations

import functools
import itertools
import lzma
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from train.build_data.archives import Archive, archive_path
from train.build_data.cleaning import Document
from train.build_data.duplicates import Seen
from train.build_data.pipeline import Converter, Record, read_records, run_converters
from train.build_data.sources import CORPUS_SOURCES, CorpusSource, HubFile
from train.data.catalogue import DATASETS, Dataset
from train.data.data_manifest import add_to_manifest, describe_file
from train.data.download import put_in_place
from train.datasets import DOCUMENT_SEPARATOR, available

# --- converting ---------------------------------------------------------------------------------


def converter(source: CorpusSource) -> Converter:
    """From its repositories, or from the Hub."""
    convert = functools.partial(_records, source)
    from_hub = functools.partial(_fetch_from_hub, source.hub) if source.hub else None
    return Converter(source.name, DATASETS[source.name].origin, convert, from_hub)


def _fetch_from_hub(file: HubFile, progress: bool) -> Path | None:
    """The Hub's own file; None where the Hub is out of reach."""
    # They come with torch, which the converting processes do without.
    from gpt2_scratch.checkpoints import hub
    from gpt2_scratch.checkpoints.errors import CheckpointError

    repository, _, commit = file.repository.partition("@")
    bar = None if progress else lambda done, total: None  # instead of huggingface_hub's own
    try:
        return hub.fetch(repository, file.name, commit, kind="dataset", progress=bar)
    except CheckpointError:
        return None


def _records(source: CorpusSource, paths: Sequence[Path]) -> Iterator[Record]:
    """Of what has more than is wanted, a quarter more, since duplicates are dropped later."""
    limit = source.documents * 5 // 4 if source.style.is_endless else None
    if source.hub and paths[0].name == source.hub.name:
        documents = source.hub.convert(paths[0])
    else:
        documents = source.documents_of([Archive(path) for path in paths])
    return itertools.islice(finished(source, documents), limit)


def finished(source: CorpusSource, documents: Iterable[Document]) -> Iterator[Record]:
    """The source's documents after the last look."""
    return (kept._asdict() for kept in map(source.last_look, documents) if kept)


# --- building -----------------------------------------------------------------------------------


def build(
    output: Path, work: Path, *, names: Sequence[str] = (), jobs: int = 1, progress: bool = True
) -> dict[str, int]:
    """Build the files that neither `output` nor training's folders have; return how many documents
    each of them got.

    names  only these sources; none means all
    jobs   processes that convert

    Raises DatasetError when a repository cannot be downloaded or is not what it should be.
    """
    sources = [source for source in CORPUS_SOURCES if source.name in names or not names]
    existing = {source.name: _existing_file(output, DATASETS[source.name]) for source in sources}
    missing = [source for source in sources if existing[source.name] is None]
    if not missing:
        return {}
    run_converters([converter(source) for source in missing], work, jobs, progress)
    seen = Seen()
    counts = {}
    for source in tqdm(sources, desc="files", unit="file", disable=not progress):
        if path := existing[source.name]:
            for text in read_documents(path):
                _is_new(source, Document("", text), seen)
        else:
            kept = select(source, seen, read_records(work, source.name))
            _write(source, kept, output, work.parent / "archives")
            counts[source.name] = len(kept)
    return counts


def _existing_file(output: Path, dataset: Dataset) -> Path | None:
    """The file where it has been built, or where training finds it already."""
    built = output / dataset.filename
    return built if built.is_file() else available(dataset)


def _write(source: CorpusSource, kept: Sequence[Document], output: Path, archives: Path) -> None:
    """The file of documents, that of credits, and the entry in the manifest."""
    dataset = DATASETS[source.name]
    path = output / dataset.filename
    if source.credits is not None:
        opened = [Archive(archive_path(archives, origin)) for origin in dataset.origin]
        lines = source.credits(opened, [document.origin for document in kept])
        credits = path.parent / "credits" / (source.name + source.credits_suffix)
        credits.parent.mkdir(parents=True, exist_ok=True)
        credits.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_documents(path, [document.text for document in kept])
    entry = describe_file(output, dataset, len(kept))
    if source.hub and any(d.origin == source.hub.name for d in kept):
        entry["origin"] = [source.hub.repository]
    add_to_manifest(output, source.name, entry)


def select(source: CorpusSource, seen: Seen, records: Iterator[Record]) -> list[Document]:
    """The first documents that are new, as many as are wanted, in a random order."""
    kept: list[Document] = []
    for document in (Document(**record) for record in records):
        if len(kept) < source.documents and _is_new(source, document, seen):
            kept.append(document)
    random.Random(13).shuffle(kept)
    return kept


def _is_new(source: CorpusSource, document: Document, seen: Seen) -> bool:
    return seen.add(document.text, source.style.parts(document), source.style.most_known)


def write_documents(path: Path, texts: Sequence[str]) -> None:
    """The file of these documents."""
    data = (f"\n{DOCUMENT_SEPARATOR}\n".join(texts) + "\n").encode("utf-8")
    # A dictionary of up to 64 MiB: what a book repeats of another one is stored once.
    dictionary = max(1 << 20, min(64 << 20, len(data)))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 7, "dict_size": dictionary}]
    put_in_place(lzma.compress(data, filters=filters), path)


def read_documents(path: Path) -> list[str]:
    """The texts of such a file."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return file.read().rstrip("\n").split(f"\n{DOCUMENT_SEPARATOR}\n")
