"""The table of sources, sources.toml, with the functions that it names."""

from __future__ import annotations

import functools
import random
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from train.build_data import duplicates
from train.build_data.archives import Archive
from train.build_data.cleaning import Document
from train.build_data.polish import polish, polish_today
from train.build_data.readers import each
from train.build_data.tasks import Task
from train.data.catalogue import SFT

_TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)


def _function(name: str) -> Any:
    """What a module of this package calls so."""
    module, _, function = name.partition(".")
    return getattr(import_module(f"{__package__}.{module}"), function)


# --- the corpus -----------------------------------------------------------------------------------


class Style(NamedTuple):
    """What texts of a kind have in common.

    last_look   every document as it is published, or None for one to leave out
    shortest    characters of a document
    parts       what of a document may be known from earlier ones, and
    most_known  the largest share of them for which it is new all the same
    is_endless  whether there is more of it than is wanted
    """

    last_look: Callable[[str, Document, int], Document | None]
    shortest: int
    parts: Callable[[Document], list[str]]
    most_known: float
    is_endless: bool = False


STYLES = {
    # of books and the web
    "pages": Style(polish, 600, duplicates.long_paragraphs, 0.25, is_endless=True),
    # simple modern text, clean as it comes
    "today": Style(polish_today, 150, duplicates.nothing, 0.0),
    "fables": Style(polish_today, 150, duplicates.opening, 0.0),
    "articles": Style(polish_today, 150, duplicates.title, 0.0),
    "tiny stories": Style(polish_today, 150, duplicates.long_sentences, 0.5),
    "truecased": Style(polish_today, 150, duplicates.long_sentences, 0.4),
}


class HubFile(NamedTuple):
    """A file of a dataset repository of the Hub, "owner/name@commit"."""

    repository: str
    name: str
    convert: Callable[[Path], Iterator[Document]]


@dataclass(frozen=True)
class CorpusSource:
    """One file of the corpus, of the catalogue's entry with this name: see sources.toml."""

    name: str
    documents: int
    style: Style
    shortest: int
    convert: Callable[[Sequence[Archive]], Iterator[Document]]
    credits: Callable[[Sequence[Archive], Sequence[str]], list[str]] | None
    credits_suffix: str
    hub_file: HubFile | None


def _corpus_source(name: str, entry: dict[str, Any]) -> CorpusSource:
    style = STYLES[entry["style"]]
    if "convert" in entry:
        convert = _function(entry["convert"])
    else:
        text_of = _function(entry["text"]) if "text" in entry else str
        read = _function(entry["read"])
        largest_first = entry.get("largest_first", False)
        convert = functools.partial(each, entry["files"], read, text_of, largest_first)
    hub_file = None
    if "hub" in entry:
        repository, file_name, from_hub = entry["hub"]
        hub_file = HubFile(repository, file_name, _function(from_hub))
    return CorpusSource(
        name=name,
        documents=entry["documents"],
        style=style,
        shortest=entry.get("shortest", style.shortest),
        convert=convert,
        credits=_function(entry["credits"]) if "credits" in entry else None,
        credits_suffix=entry.get("credits_suffix", ""),
        hub_file=hub_file,
    )


CORPUS_SOURCES = tuple(_corpus_source(*item) for item in _TABLE["corpus"].items())


# --- the instruction set --------------------------------------------------------------------------

_ORIGINS = {origin.split("@")[0]: origin for origin in SFT.origin}
LIMITS: dict[str, int] = _TABLE["limits"]


@dataclass(frozen=True)
class TaskSource:
    """Some tasks, out of some repositories of the catalogue: see sources.toml."""

    name: str
    repositories: Sequence[str]
    convert: Callable[[Sequence[Archive], random.Random], Iterator[Task]]
    tasks: int
    licence: str

    def origins(self) -> tuple[str, ...]:
        return tuple(_ORIGINS[repository] for repository in self.repositories)


TASK_SOURCES = tuple(
    TaskSource(name, **{**entry, "convert": _function(entry["convert"])})
    for name, entry in _TABLE["tasks"].items()
)
