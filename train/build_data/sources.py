"""The table of sources: every one with its converter, its size and what is special about it.

Repositories, commits and attributions are in the catalogue (train/data/catalogue.toml).
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
from train.build_data.readers import Convert, csv_rows, each, json_lines, json_records, whole
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
class Style:
    """What texts of a kind have in common.

    last_look   every document as it is published, or None for one to leave out
    parts       what of a document may be known from earlier ones, and
    most_known  the largest share of them for which it is new all the same
    is_endless  whether there is more of it than is wanted
    """

    last_look: Callable[[str, Document], Document | None]
    parts: Callable[[Document], list[str]]
    most_known: float
    is_endless: bool = False


PAGES = Style(polish, duplicates.long_paragraphs, 0.25, is_endless=True)  # of books and the web
TODAY = Style(polish_today, duplicates.nothing, 0.0)  # simple modern text, clean as it comes
FABLES = Style(polish_today, duplicates.opening, 0.0)
ARTICLES = Style(polish_today, duplicates.title, 0.0)
TINY_STORIES = Style(polish_today, duplicates.long_sentences, 0.5)
TRUECASED = Style(polish_today, duplicates.long_sentences, 0.4)


@dataclass(frozen=True)
class CorpusSource:
    """One file of the corpus, of the catalogue's entry with this name.

    documents  how many the published file has: the sources that have more are cut off there
    credits    what the licence or good manners ask to be told
    """

    name: str
    documents: int
    style: Style
    convert: Convert
    credits: Credits | None = None
    hub_file: HubFile | None = None


_STORYBOOK = each(r"en/.*\.md", whole, stories.storybook)
_STORYBOOK_CREDITS = Credits(".tsv", stories.storybook_credits)
_TITLES = Credits("_titles.txt", wikipedia.article_names)
_BOOKS = Credits(".txt", books.book_files)
_HUB_FILE = HubFile(tiny_stories.HUB_REPOSITORY, tiny_stories.HUB_FILE, tiny_stories.from_hub)

CORPUS_SOURCES: tuple[CorpusSource, ...] = (  # the first to have a document keeps it
    CorpusSource("african_storybook", 278, PAGES, _STORYBOOK, _STORYBOOK_CREDITS),
    CorpusSource("pratham_storybook", 362, PAGES, _STORYBOOK, _STORYBOOK_CREDITS),
    CorpusSource(
        "fairytales", 274, PAGES,
        each(r"data-by-origin.*/section-stories/.*\.csv", whole, stories.fairytale),
    ),
    CorpusSource(
        "openstax", 4_245, PAGES, each(r".*index\.cnxml", whole, textbooks.cnxml_section)
    ),
    CorpusSource(
        "openstax_biology", 234, PAGES, each(r"contents/.*\.md", whole, textbooks.kramdown_section)
    ),
    CorpusSource("wikipedia", 15_103, PAGES, wikipedia.wikipedia, _TITLES),
    CorpusSource("speeches", 123, PAGES, reference.speeches),
    CorpusSource("docs", 101, PAGES, reference.docs),
    CorpusSource("factbook", 260, PAGES, each(r".+/.+\.json", whole, reference.background)),
    CorpusSource(
        "topicalchat", 2_155, PAGES,
        each(r"conversations/(?:train|valid|test).*\.json", json_records, dialogues.topicalchat),
    ),
    CorpusSource(
        "sgd", 10_614, PAGES,
        each(r"(?:train|dev|test)/dialogues_\d+\.json", json_records, dialogues.sgd),
    ),
    CorpusSource("gutenberg_children", 6_995, PAGES, books.gutenberg_children, _BOOKS),
    CorpusSource("gutenberg_fiction", 4_343, PAGES, books.gutenberg_fiction, _BOOKS),
    CorpusSource("classic_books", 3_530, PAGES, books.classic_books, _BOOKS),
    CorpusSource(
        "world_stories", 11_499, TODAY, each(r"data/.*_stories\.csv", csv_rows, stories.world_story)
    ),
    CorpusSource(
        "tinystories", 5_477, TINY_STORIES, tiny_stories.tinystories, hub_file=_HUB_FILE
    ),
    CorpusSource("tinystories_truecased", 2_439, TRUECASED, tiny_stories.tinystories_truecased),
    CorpusSource(
        "fables", 932, FABLES,
        each(stories.FABLE_FILES, json_lines, stories.fable, largest_first=True),
    ),
    CorpusSource("self_dialogue", 17_973, TODAY, dialogues.self_dialogue),
    CorpusSource(
        "persona_chat", 1_068, TODAY,
        each(r"data/Synthetic-Persona-Chat_(?:valid|test)\.csv", csv_rows, dialogues.persona_chat),
    ),
    CorpusSource("taskmaster", 3_811, TODAY, dialogues.taskmaster),
    CorpusSource(
        "roleplay_tasks", 1_870, TODAY,
        each(r"Roleplay/roleplay-simple-deduped-.*\.json", json_records, lessons.roleplay_task),
    ),
    CorpusSource("simple_wikipedia", 5_149, ARTICLES, articles.simple_wikipedia),
    CorpusSource("wikinews", 7_344, TODAY, each(r".*wiki_\d+", json_lines, articles.wikinews)),
    CorpusSource(
        "onestop_news", 741, TODAY,
        each(articles.ONESTOP_FILES, whole, articles.onestop_news),
    ),
    CorpusSource(
        "tiny_textbooks", 1_604, TODAY,
        each(lessons.TEXTBOOK_FILES, json_lines, lessons.tiny_textbook, largest_first=True),
    ),
    CorpusSource(
        "health_qa", 1_241, TODAY, each(lessons.HEALTH_FILES, lessons.health_answers, str)
    ),
    CorpusSource("recipes", 414, TODAY, each(lessons.RECIPE_FILES, whole, lessons.recipe)),
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
