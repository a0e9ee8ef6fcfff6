"""The pretraining corpus: its sources, and one file of documents for each.

A file is the source's documents separated by lines "<|endoftext|>", compressed. Documents that an
earlier source has, or that share much with an earlier document, are left out.
"""

from __future__ import annotations

import functools
import hashlib
import lzma
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from train.build_data import books, dialogues, reference, stories, textbooks, wikipedia
from train.build_data.archives import Archive, archive_path
from train.build_data.document import Document
from train.build_data.pipeline import Converter, Record, read_records, run_converters
from train.build_data.polish import polish
from train.data.catalogue import DATASETS, Dataset
from train.data.data_manifest import add_to_manifest, describe_file
from train.datasets import DOCUMENT_SEPARATOR, available

Credits = Callable[[Sequence[Archive], Sequence[str]], list[str]]


def _titles(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """The articles of an encyclopaedia, by the names that its addresses have."""
    return sorted(origin.rsplit("/", 1)[-1].removesuffix(".md") for origin in origins)


def _books(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """The files that chapters were taken from."""
    return sorted({origin.rsplit("#", 1)[0].replace("\n", " ") for origin in origins})


def _storybooks(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """Who wrote, drew and translated each story."""
    header = "file\ttitle\ttext\tillustration\ttranslation\tlicence"
    return [header, *(stories.storybook_credit(archives[0], origin) for origin in sorted(origins))]


@dataclass(frozen=True)
class Source:
    """One source; its repositories, licence and attribution are in the catalogue.

    documents  how many the published file has: the sources that have more are cut off there
    credits    the lines of a file of credits that the licence or good manners ask for
    """

    name: str
    convert: Callable[[Sequence[Archive]], Iterator[Document]]
    documents: int
    credits_file: str = ""
    credits: Credits | None = None


SOURCES: tuple[Source, ...] = (  # the first to have a document keeps it
    Source("african_storybook", stories.storybook, 278, "african_storybook.tsv", _storybooks),
    Source("pratham_storybook", stories.storybook, 362, "pratham_storybook.tsv", _storybooks),
    Source("fairytales", stories.fairytales, 274),
    Source("openstax", textbooks.openstax, 4_245),
    Source("openstax_biology", textbooks.openstax_biology, 234),
    Source("wikipedia", wikipedia.wikipedia, 15_103, "wikipedia_titles.txt", _titles),
    Source("speeches", reference.speeches, 123),
    Source("docs", reference.docs, 101),
    Source("factbook", reference.factbook, 260),
    Source("topicalchat", dialogues.topicalchat, 2_155),
    Source("sgd", dialogues.sgd, 10_614),
    Source("gutenberg_children", books.gutenberg_children, 6_995, "gutenberg_children.txt", _books),
    Source("gutenberg_fiction", books.gutenberg_fiction, 4_343, "gutenberg_fiction.txt", _books),
    Source("classic_books", books.classic_books, 3_530, "classic_books.txt", _books),
)


# --- converting ---------------------------------------------------------------------------------


def converter(source: Source) -> Converter:
    """A quarter more documents than the file will have, since duplicates are dropped later."""
    return Converter(
        source.name,
        DATASETS[source.name].origin,
        functools.partial(polished, source),
        limit=source.documents * 5 // 4,
    )


def polished(source: Source, archives: Sequence[Archive]) -> Iterator[Record]:
    """The source's documents after the last look."""
    for document in source.convert(archives):
        if kept := polish(source.name, document):
            yield kept._asdict()


# --- duplicates ---------------------------------------------------------------------------------


class Seen:
    """What earlier documents say, as 64-bit hashes of documents and of longer paragraphs."""

    def __init__(self) -> None:
        self._documents: set[int] = set()
        self._paragraphs: set[int] = set()

    def add(self, text: str) -> bool:
        """Whether the text is new; if so it is remembered.

        It is not if a document with the same letters and digits was added before, or ones with
        more than a quarter of its paragraphs of 100 characters or more.
        """
        document = _hash(text)
        hashes = [_hash(block) for block in text.split("\n\n") if len(block) >= 100]
        known = sum(value in self._paragraphs for value in hashes)
        if document in self._documents or known > 0.25 * len(hashes):
            return False
        self._documents.add(document)
        self._paragraphs.update(hashes)
        return True


def _hash(text: str) -> int:
    letters = re.sub("[^a-z0-9]", "", text.lower()).encode()
    return int.from_bytes(hashlib.blake2b(letters, digest_size=8).digest(), "big")


# --- building -----------------------------------------------------------------------------------


def build(
    output: Path,
    work: Path,
    *,
    names: Sequence[str] = (),
    jobs: int = 1,
    progress: bool = True,
) -> dict[str, int]:
    """Build the files that neither `output` nor training's folders have; return how many documents
    each of them got.

    names  only these sources; none means all
    jobs   processes that convert

    Raises DatasetError when a repository cannot be downloaded or is not what it should be.
    """
    sources = [source for source in SOURCES if source.name in names or not names]
    existing = {s.name: existing_file(output, DATASETS[s.name]) for s in sources}
    missing = [source for source in sources if existing[source.name] is None]
    if not missing:
        return {}
    run_converters([converter(source) for source in missing], work, jobs, progress)
    seen = Seen()
    counts = {}
    for source in tqdm(sources, desc="files", unit="file", disable=not progress):
        if path := existing[source.name]:
            for text in read_documents(path):
                seen.add(text)
        else:
            kept = select(source, seen, read_records(work, source.name))
            _write(source, kept, output, work.parent / "archives")
            counts[source.name] = len(kept)
    return counts


def existing_file(output: Path, dataset: Dataset) -> Path | None:
    """The file where it has been built, or where training finds it already."""
    built = output / dataset.filename
    return built if built.is_file() else available(dataset)


def _write(source: Source, kept: Sequence[Document], output: Path, archives: Path) -> None:
    """The file of documents, that of credits, and the entry in the manifest."""
    dataset = DATASETS[source.name]
    path = output / dataset.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.credits is not None:
        opened = [Archive(archive_path(archives, origin)) for origin in dataset.origin]
        lines = source.credits(opened, [document.origin for document in kept])
        credits = path.parent / "credits" / source.credits_file
        credits.parent.mkdir(exist_ok=True)
        credits.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_documents(path, [document.text for document in kept])
    add_to_manifest(output, source.name, describe_file(output, dataset, len(kept)))


def select(source: Source, seen: Seen, records: Iterator[Record]) -> list[Document]:
    """The first documents that are new, as many as are wanted, in a random order."""
    kept: list[Document] = []
    for record in records:
        document = Document(**record)
        if len(kept) < source.documents and seen.add(document.text):
            kept.append(document)
    random.Random(13).shuffle(kept)
    return kept


def write_documents(path: Path, texts: Sequence[str]) -> None:
    """The file appears under its name when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    data = (f"\n{DOCUMENT_SEPARATOR}\n".join(texts) + "\n").encode("utf-8")
    # A dictionary of up to 64 MiB: what a book repeats of another one is stored once.
    dictionary = max(1 << 20, min(64 << 20, len(data)))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 7, "dict_size": dictionary}]
    part.write_bytes(lzma.compress(data, filters=filters))
    os.replace(part, path)


def read_documents(path: Path) -> list[str]:
    """The texts of such a file."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return file.read().rstrip("\n").split(f"\n{DOCUMENT_SEPARATOR}\n")
