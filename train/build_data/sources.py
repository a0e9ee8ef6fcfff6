"""The table of sources, sources.toml: its rows, with the functions that they name."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from train.build_data.archives import Archive
from train.build_data.cleaning import Document
from train.build_data.tasks import Task
from train.data.catalogue import SFT

_TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
_ORIGINS = {origin.split("@")[0]: origin for origin in SFT.origin}
_FUNCTIONS = ("last_look", "parts", "read", "text", "convert", "credits")


@dataclass(frozen=True)
class Style:
    """What texts of a kind have in common."""

    last_look: Callable[[str, Document, int], Document | None]
    shortest: int
    parts: Callable[[Document], list[str]]
    most_known: float
    is_endless: bool = False


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset repository of the Hub."""

    repository: str
    name: str
    convert: Callable[[Path], Iterator[Document]]


@dataclass(frozen=True)
class CorpusSource:
    """One file of the corpus, of the catalogue's entry with this name."""

    name: str
    documents: int
    style: Style
    shortest: int | None = None
    files: str = ""
    read: Callable[[str], Iterable[Any]] | None = None
    text: Callable[[Any], str] = str
    largest_first: bool = False
    convert: Callable[[Sequence[Archive]], Iterator[Document]] | None = None
    credits: Callable[[Sequence[Archive], Sequence[str]], list[str]] | None = None
    credits_suffix: str = ""
    hub: HubFile | None = None

    def documents_of(self, archives: Sequence[Archive]) -> Iterator[Document]:
        """What its function makes of the archives, or else a document of every record."""
        if self.convert is not None:
            yield from self.convert(archives)
            return
        assert self.read is not None
        for archive in archives:
            for path, content in archive.texts(self.files, self.largest_first):
                for number, record in enumerate(self.read(content)):
                    if text := self.text(record):
                        yield Document(f"{path}#{number}", text)

    def last_look(self, document: Document) -> Document | None:
        """The document as it is published, or None for one to leave out."""
        return self.style.last_look(self.name, document, self.shortest or self.style.shortest)


@dataclass(frozen=True)
class TaskSource:
    """Some tasks, out of some repositories of the catalogue."""

    name: str
    repositories: Sequence[str]
    convert: Callable[[Sequence[Archive], random.Random], Iterator[Task]]
    tasks: int
    licence: str

    def origins(self) -> tuple[str, ...]:
        return tuple(_ORIGINS[repository] for repository in self.repositories)


def _resolved(row: dict[str, Any]) -> dict[str, Any]:
    """The row with functions, a style and a file of the Hub in the place of what names them."""
    facts = dict(row)
    for key in facts.keys() & set(_FUNCTIONS):
        module, _, function = facts[key].partition(".")
        facts[key] = getattr(import_module(f"{__package__}.{module}"), function)
    if "style" in facts:
        facts["style"] = Style(**_resolved(_TABLE["styles"][facts["style"]]))
    if "hub" in facts:
        facts["hub"] = HubFile(**_resolved(facts["hub"]))
    return facts


CORPUS_SOURCES = tuple(
    CorpusSource(name, **_resolved(row)) for name, row in _TABLE["corpus"].items()
)
TASK_SOURCES = tuple(TaskSource(name, **_resolved(row)) for name, row in _TABLE["tasks"].items())
LIMITS: dict[str, int] = _TABLE["limits"]  # kind of task -> at most so many
