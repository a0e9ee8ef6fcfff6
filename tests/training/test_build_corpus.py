"""Rebuilding the corpus: each converter on files of its source's format, and the whole command."""

from __future__ import annotations

import csv
import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import archive_server
import loopback_hub
import pytest
from archive_server import Server, zip_of

from train import datasets
from train.build_data import (
    books,
    corpus,
    reference,
    stories,
    wikipedia,
)
from train.build_data.__main__ import main
from train.build_data.archives import Archive, fetch_archive
from train.build_data.cleaning import Document, normalise, plain, tidy
from train.build_data.duplicates import Seen, long_paragraphs
from train.build_data.polish import polish, polish_today
from train.build_data.sources import CORPUS_SOURCES, CorpusSource
from train.data.catalogue import CORPUS, DATASETS
from train.data.data_manifest import read_data_manifest
from train.datasets import DatasetError

ANIMALS = ("fox", "bear", "mouse", "owl", "cat", "dog", "goat", "hare", "wolf", "crow")


def sentences(count: int, start: int = 0) -> str:
    """Plain English prose; every start gives another text."""
    return " ".join(
        f"The {ANIMALS[n % 10]} was in the house of the {ANIMALS[n // 10 % 10]} number {n // 100}. "
        "It said that it had not been there for a long time."
        for n in range(start, start + count)
    )


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Archive]:
    def make(files: Mapping[str, str | bytes]) -> Archive:
        path = tmp_path / f"archive{len(list(tmp_path.iterdir()))}.zip"
        path.write_bytes(zip_of(files))
        return Archive(path)

    return make


def source_of(name: str) -> CorpusSource:
    return next(source for source in CORPUS_SOURCES if source.name == name)


def converted(name: str, *archives: Archive) -> list[Document]:
    return list(source_of(name).documents_of(archives))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "cache"))
    with archive_server.serve(monkeypatch) as running:
        yield running


# --- archives -------------------------------------------------------------------------------------


def test_an_archive_lists_as_git_does_and_leaves_out_links_and_large_files(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("top/link.txt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("b.txt", "a/2.txt", "a.txt", "a/1.txt", "note.md"):
            file.writestr(f"top/{name}", name)
        file.writestr(link, "a.txt")
        file.writestr("top/large.txt", b"0" * (4 * 2**20 + 1))
    archive = Archive(path)
    assert archive.paths(r".*\.txt") == ["a.txt", "a/1.txt", "a/2.txt", "b.txt"]
    assert archive.text("a/1.txt") == "a/1.txt"
    with pytest.raises(DatasetError, match=r"has no file large\.txt"):
        archive.read("large.txt")


def test_a_broken_download_leaves_no_archive_and_is_done_again(
    server: Server, tmp_path: Path
) -> None:
    origin = f"owner/name@{'c' * 40}"
    server.add(origin, {"file": "content"})
    server.cut_after = 50
    with pytest.raises(DatasetError, match="run the command again"):
        fetch_archive(tmp_path, origin, progress=False)
    assert [path.suffix for path in tmp_path.glob("*.zip*")] == [".part"]
    server.cut_after = None
    path = fetch_archive(tmp_path, origin, progress=False)
    assert Archive(path).text("file") == "content"
    assert fetch_archive(tmp_path, origin, progress=False) == path
    assert len(server.requests) == 2
    assert [p.name for p in tmp_path.glob("*.zip*")] == [path.name]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "did not serve a zip archive"),
        (zip_of({"a": "b"}, commit="d" * 40), "did not serve an archive of the commit cccc"),
    ],
)
def test_what_is_no_archive_of_the_commit_is_refused(
    server: Server, tmp_path: Path, body: bytes, message: str
) -> None:
    origin = f"owner/name@{'c' * 40}"
    server.archives[origin] = body
    with pytest.raises(DatasetError, match=message):
        fetch_archive(tmp_path, origin, progress=False)
    assert list(tmp_path.glob("*.zip*")) == []


# --- shared rules ---------------------------------------------------------------------------------


def test_characters_and_punctuation() -> None:
    assert normalise("“It’s”\r\n— caf\u0065\u0301 ﬁne\u200b…") == '"It\'s"\n-- café fine...'
    assert tidy("A  ( ; born 1900 ) word ,\nand ( ) one .") == "A (born 1900) word, and one."


# --- books ----------------------------------------------------------------------------------------


def gutenberg(body: str, head: str = "Language: English") -> str:
    return (
        f"The Project Gutenberg EBook\n{head}\n\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n"
        f"{body}\n\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***\nLicence\n"
    )


def test_a_book_becomes_its_chapters() -> None:
    first, second = sentences(12), sentences(12, start=20)
    book = gutenberg(
        "\n\n".join(
            [
                "PREFACE\n\n" + sentences(12, start=40),
                "CHAPTER I\nThe House",
                "[Illustration: A house]",
                textwrap.fill("IT IS so. " + first, 70).replace("house", "_house_", 1),
                *("So it was, and that was that." for _ in range(3)),
                "  Roses are red,\n  Violets are blue,\n  Honey is sweet.",
                "Table 1 ....... 12",
                "II",
                textwrap.fill(second, 70),
                "Note: this is about the book.",
                "CHAPTER III\n\nToo short to learn from.",
            ]
        )
    )
    body = books.gutenberg_body(book)
    assert body is not None and "Licence" not in body
    assert books.chapters(body) == [
        "\n\n".join(["It is so. " + first, *["So it was, and that was that."] * 3]),
        second,
    ]


@pytest.mark.parametrize(
    "raw",
    [
        gutenberg(sentences(12), head="Language: French"),
        gutenberg(sentences(12), head="This book is copyright (c) 1998 by its author."),
        sentences(12),  # nothing tells where the book starts
    ],
)
def test_books_that_are_not_ours_to_take(raw: str) -> None:
    assert books.gutenberg_body(raw) is None


def test_verse_plays_and_dialect_are_left_out() -> None:
    verse = "Roses are red\nViolets are blue\nHoney is sweet"
    assert books.chapters("\n\n".join([sentences(12), verse, verse])) == []
    play = "\n\n".join(f"HAMLET. {sentences(1, start=n)}" for n in range(12))
    assert books.chapters(play) == []
    assert books.chapters(sentences(12).replace("the", "de")) == []


def test_gutenberg_takes_each_title_once_and_no_poems(archive: Callable[..., Archive]) -> None:
    found = archive(
        {
            "Nesbit, Edith/Five Children.txt": gutenberg(sentences(12)),
            "Nesbit, Edith/Five Children.txt.old": "no book",
            "Nesbit, E./Five Children!.txt": gutenberg(sentences(12)),
            "Nesbit, Edith/Poems.txt": gutenberg(sentences(12)),
            "Doyle, Arthur/The Sign.txt": gutenberg(sentences(12)),
        }
    )
    [child] = converted("gutenberg_children", found)
    assert child.text == sentences(12) and child.origin.endswith("#0")
    [adult] = converted("gutenberg_fiction", found)
    assert adult.origin == "Doyle, Arthur/The Sign.txt#0"


def test_classic_books_put_children_first(archive: Callable[..., Archive]) -> None:
    def book(start: int) -> str:
        text = sentences(12, start=start)
        return f"title: X\n\n---\n\n# X\n\n## 1\n\n{text.replace('house', '*house*', 1)}\n"

    found = archive(
        {
            "Henry James/Novel.md": book(0),
            "L. Frank Baum/Oz.md": book(20),
            "Plato/Republic.md": book(40),
        }
    )
    documents = list(converted("classic_books", found))
    assert [d.origin for d in documents] == ["L. Frank Baum/Oz.md#0", "Henry James/Novel.md#0"]
    assert documents[1].text == sentences(12)


# --- stories --------------------------------------------------------------------------------------


def test_fairytales_join_their_sections(archive: Callable[..., Archive]) -> None:
    rows = f'section,text\n1,"ONCE upon a time. {sentences(3)}"\n2,"{sentences(3, start=5)}"\n'
    found = archive({"data-by-origin/grimm/section-stories/test/tale.csv": rows, "other.csv": rows})
    [tale] = converted("fairytales", found)
    assert tale.text == f"Once upon a time. {sentences(3)}\n\n{sentences(3, start=5)}"


def test_storybooks_only_if_free(archive: Callable[..., Archive]) -> None:
    def book(licence: str) -> str:
        return (
            f"# My *Title*\n\n##\n{sentences(2)}\n\n##\n{sentences(2, start=3)}\n\n##\n"
            f"* License: [{licence}]\n* Text: A. Author\n* Illustration: B. Painter\n"
        )

    found = archive({"en/1.md": book("CC-BY"), "en/2.md": book("CC-BY-NC"), "fr/1.md": book("CC0")})
    [document] = converted("african_storybook", found)
    assert document.text.split("\n\n") == ["My *Title*", sentences(2), sentences(2, start=3)]
    _, credit = stories.storybook_credits([found], ["en/1.md#0"])
    assert credit == "en/1.md\tMy *Title*\tA. Author\tB. Painter\t\t[CC-BY]"


# --- textbooks ------------------------------------------------------------------------------------

CNXML = """<?xml version="1.0"?>
<document xmlns="http://cnx.rice.edu/cnxml" xmlns:m="http://www.w3.org/1998/Math/MathML">
<title>{title}</title><metadata><md>x</md></metadata>
<content>
<para>{first} (see <link target-id="f"/>).</para>
<figure><para>A caption that is long enough to look like a paragraph of prose.</para></figure>
<para>The mass <m:math><m:mi>m</m:mi></m:math> is in the formula that we have seen before.</para>
<note class="link-to-learning"><para>Go to the page that has more about this now.</para></note>
<section><title>More</title>
<para>This is shown in <link target-id="f"/>, as many of the readers will have seen by now.<list>
<item>A list item that is a sentence and long enough to be one of the paragraphs.</item>
<item>Short.</item></list></para></section>
<section><title>Key Terms</title><para>{first}</para></section>
</content></document>"""


def test_openstax_keeps_prose(archive: Callable[..., Archive]) -> None:
    first = sentences(8)
    found = archive(
        {
            "modules/m1/index.cnxml": CNXML.format(title="Atoms", first=first[:-1]),
            "modules/m2/index.cnxml": CNXML.format(title="Chapter Review", first=first[:-1]),
            "modules/m3/index.cnxml": "<broken",
        }
    )
    [section] = converted("openstax", found)
    assert section.text.split("\n\n") == [
        "Atoms",
        first,
        "This is shown in the figure, as many of the readers will have seen by now.",
        "A list item that is a sentence and long enough to be one of the paragraphs.",
    ]


def test_biology_book(archive: Callable[..., Archive]) -> None:
    text = (
        f'---\ntitle: "Cells"\n---\n\n{sentences(9)}{{: #p1}}\n\n![A cell](cell.jpg)\n\n'
        "The **cell** [\\[link\\]](#f) is the thing that all of the living things are made of.\n\n"
        f"### Section Summary\n\n{sentences(9, start=20)}\n"
    )
    [section] = converted("openstax_biology", archive({"contents/m1.md": text}))
    assert section.text.split("\n\n") == [
        "Cells",
        sentences(9),
        "The cell the figure is the thing that all of the living things are made of.",
    ]


# --- Wikipedia ------------------------------------------------------------------------------------


def test_an_article_keeps_its_first_paragraphs() -> None:
    paragraphs = [
        "The BLUE WHALE is a large animal of the sea. " + sentences(3).replace("number 0", "too"),
        *(sentences(4, start=5 * n).replace(" number 0", "") for n in range(1, 4)),
    ]
    mentioned = "They saw a blue whale. " + paragraphs[1]
    text = "\n\n".join(
        [
            textwrap.fill(paragraphs[0].replace("animal", "animal[1]"), 70),
            "    a table of some sixty characters and more, indented by four spaces",
            "- a list item that is long enough to be seen as a paragraph of some prose",
            "It is a city in , and that is why it has been left out of this document here.",
            *(textwrap.fill(p, 70) for p in [mentioned, *paragraphs[2:]]),
            "References",
            sentences(4, start=50),
        ]
    )
    lead = "The blue whale is a large animal of the sea. "
    expected = [lead + paragraphs[0][len(lead) :], mentioned, *paragraphs[2:]]
    assert wikipedia.article("Blue whale", text).split("\n\n") == expected
    assert wikipedia.article("List of whales", text) == ""
    assert wikipedia.article("Elephant", text) == ""  # the lead is lost
    assert wikipedia.article("Blue whale", text[:900]) == ""  # a stub


@pytest.mark.parametrize(
    ("text", "subject", "restored"),
    [
        ("ALBERT EINSTEIN was born.", "Albert Einstein", "Albert Einstein was born."),
        ("The NATO is an alliance.", "NATO", "The NATO is an alliance."),
        ("Louis XVI of France", "Louis XVI", "Louis XVI of France"),
        ("A PHOTON is small.", "Photon", "A photon is small."),
    ],
)
def test_capitals_of_bold_words(text: str, subject: str, restored: str) -> None:
    article = "It is said that Albert Einstein knew it, and a photon is one."
    assert wikipedia.restore_case(text, subject, article) == restored


# --- dialogues, speeches, documentation -----------------------------------------------------------


def test_dialogues(archive: Callable[..., Archive]) -> None:
    turns = [("USER", "hi, can i eat here ?"), ("SYSTEM", "Yes."), ("USER", "thanks")]
    record = {
        "dialogue_id": "1_0",
        "turns": [{"speaker": speaker, "utterance": text} for speaker, text in turns],
    }
    empty = {"dialogue_id": "1_1", "turns": [{"speaker": "USER", "utterance": " "}]}
    found = archive(
        {"train/dialogues_001.json": json.dumps([record, empty]), "train/schema.json": ""}
    )
    [dialogue] = converted("sgd", found)
    assert dialogue.text == "User: Hi, can I eat here?\nAssistant: Yes.\nUser: Thanks"
    chat = {"t1": {"content": [{"agent": "agent_1", "message": "do you read?"},
                               {"agent": "agent_2", "message": "Yes  I do."}]}}  # fmt: skip
    [dialogue] = converted(
        "topicalchat", archive({"conversations/valid_freq.json": json.dumps(chat)})
    )
    assert dialogue.text == "A: Do you read?\nB: Yes I do."


def test_speeches(archive: Callable[..., Archive]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as inner:
        inner.writestr("inaugural/README", "x")
        inner.writestr(
            "inaugural/1800-X.txt", f"THE TITLE\n{sentences(8)}\n{sentences(8, start=9)}\n"
        )
    [speech] = converted("speeches", archive({"packages/corpora/inaugural.zip": buffer.getvalue()}))
    assert speech == Document("inaugural/1800-X.txt", f"{sentences(8)}\n\n{sentences(8, start=9)}")


def test_markdown_pages(archive: Callable[..., Archive]) -> None:
    page = (
        "---\ntitle: X\n---\n\n# Heading\n\nUse [the `cargo` tool](https://x.org), *now*, since it "
        f"is the one that they all use.\n\n```rust\nlet x = 1;\n```\n\n- item\n\n{sentences(9)}\n"
    )
    assert reference.markdown_prose(page).split("\n\n") == [
        "Use the cargo tool, now, since it is the one that they all use.",
        sentences(9),
    ]
    found = archive({"src/ch01.md": page, "_articles/de/start.md": page})
    assert [d.origin for d in converted("docs", found, found)] == ["src/ch01.md"]


def test_factbook(archive: Callable[..., Archive]) -> None:
    text = f"Led by Jan SMITH, it is a country. {sentences(3)}<br><br>{sentences(3, start=5)}"
    country = {"Introduction": {"Background": {"text": text}}}
    found = archive({"africa/xx.json": json.dumps(country), "oceans/yy.json": "{}"})
    [document] = converted("factbook", found)
    first, second = document.text.split("\n\n")
    assert first.startswith("Led by Jan Smith, it") and second == sentences(3, start=5)


# --- simple modern text ---------------------------------------------------------------------------

STORY = f"Once upon a time. {sentences(3)}"
OTHER_STORY = f"Long ago. {sentences(3, start=50)}"
CHAT = "A: Hello there!\nB: Hi.\nA: Do you read?\nB: Yes, I do.\n" * 2


def table(*rows: dict[str, str]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def lines(*records: object) -> str:
    return "\n".join(json.dumps(record) for record in records) + "\n{broken"


def zstd(text: str) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.compress(text.encode(), "zstd", asbytes=True)


def workers_row(worker: str, turns: Sequence[str]) -> dict[str, str]:
    cells = {f"Answer.sentence{n}": turn for n, turn in enumerate([*turns, ""], start=1)}
    return {"WorkerId": worker, **dict(reversed(cells.items()))}


TURNS = [f"This is turn {n}." for n in range(10)]
ARTICLE = f"Cats ( ; born 1900 ) are animals. {sentences(2)}"
HEALTH = "<D><QAPair><Question>What is (are) Flu ?</Question><Answer>{0}</Answer></QAPair></D>"
RECIPE = (
    '---\ntitle: "Soup"\n---\n![pic](a.jpg)\n## Ingredients\n\n* 2 **eggs** [here](x)\n\n'
    f"{sentences(2)}\n\nSource: me\n"
)

SIMPLE_SOURCES: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "world_stories": (
        {
            "data/Peru/Peru_stories.csv": table(
                {"Story": f"**Title**\n\n# Chapter\n\n{sentences(9)}\n\n--\n\n{sentences(9, 20)}"},
                {"Story": sentences(20) + " (1500 words)"},
                {"Story": sentences(2)},
            )
        },
        [f"{sentences(9)}\n\n{sentences(9, 20)}"],
    ),
    "fables": (
        {
            "data/fables/qwen/a.jsonl": lines(
                {"fable": f"<think>Hm.</think>**The Fox**\n\n{sentences(5)}"},
                {"fable": f"Okay, here it is.\n\n{sentences(5, 20)}"},
                {"fable": sentences(5, 40), "language": "ro"},
            ),
            "data/fables/llama/a.jsonl": lines({"fable": sentences(5, 60)}),
        },
        [sentences(5)],
    ),
    "self_dialogue": (
        {
            "blocked_workers.txt": "BAD\n",
            "corpus/films/a.csv": table(
                workers_row("GOOD", TURNS),
                workers_row("BAD", TURNS),
                workers_row("GOOD", [turn.lower() for turn in TURNS]),
            ),
        },
        ["\n".join(f"{'AB'[n % 2]}: {turn}" for n, turn in enumerate(TURNS))],
    ),
    "persona_chat": (
        {
            f"data/Synthetic-Persona-Chat_{part}.csv": table(
                {"Best Generated Conversation": chat.translate({65: "User 1", 66: "User 2"})}
            )
            for part, chat in (("valid", CHAT * 2), ("test", CHAT * 2 + "A: [your name]"))
        },
        [(CHAT * 2).strip()],
    ),
    "taskmaster": (
        {
            "TM-4-2024/data/data_00.json": json.dumps(
                [{"utterances": [{"speaker": "user", "text": f"I'd like {sentences(2)}"},
                                 {"speaker": "ASSISTANT", "text": "Here  it is"}]}]
            ),
            "TM-3-2020/splits/train/train-bc.tsv": (
                f"<PR>x<C><U> Hi <A> {sentences(2)}\t[U] Two\td1\n"
                f"<PR>x<C><U> Hi <A> {sentences(2)}<U> Two\t[A] Done\td1\n"
            ),
        },
        [
            f"A: I'd like {sentences(2)}\nB: Here it is",
            f"A: Hi\nB: {sentences(2)}\nA: Two\nB: Done",
        ],
    ),
    "roleplay_tasks": (
        {
            "Roleplay/roleplay-simple-deduped-roleplay-instruct.json": json.dumps(
                [
                    {"instruction": "You are a fox.", "input": "Speak.", "response": sentences(2)},
                    {"instruction": "Go.", "response": sentences(2) + " As an AI, no."},
                ]
            )
        },
        [f"You are a fox.\nSpeak.\n\n{sentences(2)}"],
    ),
    "simple_wikipedia": (
        {
            "data/ori/10M/train/wiki0000.jsonl.zst": zstd(
                lines({"a": f"Cats\n{ARTICLE}\nFood\nReferences\nA book.\nDogs, pets\nDogs are."})
            )
        },
        [ARTICLE.replace("( ; born 1900 )", "(; born 1900 )")],
    ),
    "wikinews": (
        {
            "text/AA/wiki_00": lines(
                {"title": "News", "text": f"{sentences(3)}\n{sentences(3, 20)}\nSources\n"},
                {"title": "Hole", "text": f"{sentences(6)} It is in the , now."},
                {"title": "Wikinews Shorts", "text": sentences(9)},
            )
        },
        [f"{sentences(3)}\n\n{sentences(3, 20)}"],
    ),
    "onestop_news": (
        {
            "Texts-SeparatedByReadingLevel/Int-Txt/a.txt": (
                f"\ufeffIntermediate\n{sentences(2)}\r\nEnd."
            )
        },
        [f"{sentences(2)}\n\nEnd."],
    ),
    "tiny_textbooks": (
        {
            "data/ori/10M/test/textbook0002.jsonl.zst": zstd(
                lines(
                    {"textbook": f"# **Lesson**\n\n* {sentences(4)}\n---"},
                    {"textbook": f"{sentences(4)} ```x```"},
                )
            )
        },
        [f"Lesson\n- {sentences(4)}"],
    ),
    "health_qa": (
        {
            "9_CDC_QA/1.xml": HEALTH.format(sentences(2) + " (Watch the video now)"),
            "9_CDC_QA/2.xml": HEALTH.format(sentences(2) + " http://x.org"),
            "9_CDC_QA/3.xml": "<broken",
        },
        [f"What is Flu?\n{sentences(2)}"],
    ),
    "recipes": (
        {"content/soup.md": RECIPE, "content/_index.md": RECIPE, "content/soup.de.md": RECIPE},
        [f"Soup\n\nIngredients\n\n- 2 eggs here\n\n{sentences(2)}"],
    ),
    "tinystories_truecased": (
        {
            "tinystories.txt": (
                'once upon a time, tom met zorro. "hi!" said tom. "i am a fox named kip." '
                + "kip ran. " * 14
            )
        },
        [
            'Once upon a time, Tom met zorro. "Hi!" said Tom. "I am a fox named Kip." '
            + ("Kip ran. " * 14).strip()
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIMPLE_SOURCES)
def test_simple_modern_text(archive: Callable[..., Archive], name: str) -> None:
    files, expected = SIMPLE_SOURCES[name]
    source = source_of(name)
    archives = [archive(files)] + [archive({})] * (len(DATASETS[name].origin) - 1)
    records = corpus.finished(source, source.documents_of(archives))
    assert [record["text"] for record in records] == expected


def test_tiny_stories_of_all_samples(archive: Callable[..., Archive]) -> None:
    source = source_of("tinystories")
    files = {
        "data/tinystories_sample.txt": f"{STORY}<|endoftext|>{OTHER_STORY}",
        "data/tinystories_test.txt": f"{STORY}\0",
        "data/tinystories_10k.txt": "",
        "validation.csv": table({"text": f"Mia ran. {sentences(3, 70)}"}),
        "data/tinystories_val.txt": f"{STORY}\n\nAnd so on.\n\n{OTHER_STORY}",
        "data/tiny_stories.txt": (
            f"One day. {sentences(3, 90)}\nOnce upon a time. {sentences(3, 110)}"
        ),
        "tiny_stories.txt": "",
    }
    records = corpus.finished(source, source.documents_of([archive(files)] * 7))
    kept = corpus.select(source, Seen(), records)
    assert {document.text for document in kept} == {
        STORY,
        OTHER_STORY,
        f"Mia ran. {sentences(3, 70)}",
        f"One day. {sentences(3, 90)}",
        f"Once upon a time. {sentences(3, 110)}",
    }


def test_tiny_stories_come_from_the_hub_where_it_is_in_reach(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source_of("tinystories").hub
    assert file is not None
    repository, _, commit = file.repository.partition("@")
    text = f"{STORY}\n<|endoftext|>\n{OTHER_STORY}"
    monkeypatch.setattr(loopback_hub, "COMMIT", commit)
    with loopback_hub.serve() as hub:
        loopback_hub.use(hub, tmp_path / "hf", monkeypatch)
        hub.files[f"datasets/{repository}"] = {file.name: text.encode()}
        output = tmp_path / "output"
        counts = corpus.build(output, tmp_path / "work", names=["tinystories"], progress=False)
    assert counts == {"tinystories": 2} and server.requests == []
    assert read_data_manifest(output)["tinystories"]["origin"] == [file.repository]


def test_text_that_was_read_wrongly_is_mended() -> None:
    assert plain("itâ€™s â€œso\u200b â€\x9d â€” café, cafÃ©") == 'it\'s "so " - café, café'
    damaged = Document("a", sentences(4) + " It was Ã.")
    assert polish_today("recipes", damaged, 150) is None
    assert polish_today("fables", Document("a", sentences(4) + " It was cut"), 150) is None
    assert polish_today("recipes", Document("a", sentences(4) + " Two eggs"), 150) is not None
    assert polish_today("recipes", Document("a", sentences(4) + " Привет" * 9), 150) is None


# --- polish, duplicates, the command --------------------------------------------------------------


def test_the_last_look() -> None:
    text = f"{sentences(4)}\n\n[a caption]\n\nIt has <i>one</i> more. {sentences(3, start=5)}"
    polished = polish("classic_books", Document("a", text), 600)
    assert polished is not None and "<i>" not in polished.text and "caption" not in polished.text
    assert polish("classic_books", Document("a", sentences(2)), 600) is None  # too short
    assert polish("classic_books", Document("a", sentences(9) + " The darky said."), 600) is None
    assert polish("classic_books", Document("a", sentences(9) + " A &amp; B."), 600) is None
    task = "Describe the parts of an atom."
    for source, kept in (("openstax", False), ("fairytales", True)):
        result = polish(source, Document("a", f"{sentences(9)}\n\n{task}"), 600)
        assert result is not None and (task in result.text) == kept


def test_what_was_seen_is_not_taken_again() -> None:
    seen = Seen()

    def add(text: str) -> bool:
        return seen.add(text, long_paragraphs(Document("a", text)), 0.25)

    first = "\n\n".join(sentences(2, start=10 * n) for n in range(3))
    assert add(first)
    assert not add(first.upper())
    assert not add(sentences(2) + "\n\n" + sentences(2, start=90))  # half of it is known
    assert add("\n\n".join([sentences(2), *(sentences(2, start=100 + n) for n in range(3))]))


def test_every_source_of_the_catalogue_has_a_converter() -> None:
    assert {s.name for s in CORPUS_SOURCES} == {dataset.name for dataset in CORPUS}
    for source in CORPUS_SOURCES:
        assert corpus.converter(source).origins == DATASETS[source.name].origin


def test_the_command_builds_what_training_reads(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tales = {
        f"data-by-origin/x/section-stories/{n}.csv": f'text\n"{sentences(8, start=8 * n)}"\n'
        for n in range(5)
    }
    tales["data-by-origin/x/section-stories/again.csv"] = f'text\n"{sentences(8)}"\n'
    book = f"# Story\n\n{sentences(8, start=900)}\n\n* License: [CC-BY]\n* Text: A. Author\n"
    [tales_origin], [books_origin] = (
        DATASETS[name].origin for name in ("fairytales", "african_storybook")
    )
    server.add(tales_origin, tales)
    command = ["corpus", "--only", "fairytales", "african_storybook", "--jobs", "1", "--quiet"]
    with pytest.raises(SystemExit) as caught:  # one repository cannot be had
        main(command)
    assert caught.value.code == 1
    [sentence] = capsys.readouterr().err.splitlines()
    assert "HTTP status 404" in sentence
    server.add(books_origin, {"en/1.md": book})
    assert main(command) == 0
    assert "fairytales: 5 documents (274 in the published file)" in capsys.readouterr().out
    expected = {sentences(8, start=8 * n) for n in range(5)}
    assert set(datasets.documents("fairytales")) == expected
    credits = tmp_path / "cache" / "data" / "corpus" / "credits" / "african_storybook.tsv"
    assert "A. Author" in credits.read_text()
    manifest = read_data_manifest(tmp_path / "cache" / "data")
    assert manifest["fairytales"]["documents"] == 5
    assert datasets.sha256_in_use("fairytales") == manifest["fairytales"]["sha256"]
    # Again: nothing is asked for, nothing is written.
    requests, path = list(server.requests), datasets.fetch("fairytales")
    before = path.stat().st_mtime_ns
    assert main(command) == 0
    assert server.requests == requests and path.stat().st_mtime_ns == before
    # A file that changed since is noticed.
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DatasetError, match="sha256 differs"):
        datasets.fetch("fairytales")


def test_a_finished_source_is_not_converted_again(server: Server, tmp_path: Path) -> None:
    work = tmp_path / "cache" / "build" / "corpus"
    work.mkdir(parents=True)
    record = {"origin": "a", "text": sentences(8)}
    (work / "fairytales.jsonl").write_text(json.dumps(record) + "\n")
    output = tmp_path / "output"
    counts = corpus.build(output, work, names=["fairytales"], progress=False)
    assert counts == {"fairytales": 1} and server.requests == []
    assert corpus.read_documents(output / DATASETS["fairytales"].filename) == [sentences(8)]


def test_bad_use_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["corpus", "--jobs", "0"], ["corpus", "--only", "nonsense"], ["nonsense"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
