"""Short texts of today that tell or explain: articles, news, lessons, health, recipes.

A function of one record of a source returns its text, or "" for a record to leave out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import Document, any_of, rewritten
from train.build_data.readers import front_matter, json_lines, xml_root

# --- Simple English Wikipedia ---------------------------------------------------------------------


def simple_wikipedia(archives: Sequence[Archive]) -> Iterator[Document]:
    """TinyHelen's part "wiki": many articles in each text, a line with the title before each."""
    [archive] = archives
    for path, content in archive.texts(r"data/ori/.*/wiki\d+\.jsonl\.zst", largest_first=True):
        for record in json_lines(content):
            for text in filter(lambda value: isinstance(value, str), record.values()):
                for title, lines in _articles(text):
                    article = "\n\n".join(_simple_paragraphs(lines))
                    is_list = any_of("simple wikipedia: list").search(article[:200])
                    is_broken = any_of("simple wikipedia: markup").search(article)
                    if len(article) >= 200 and not is_list and not is_broken:
                        yield Document(f"{path}#{title}", article)


def _articles(text: str) -> Iterator[tuple[str, list[str]]]:
    """(title, lines): a title is a short line whose words the next line explains."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    titles = [
        place
        for place, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True))
        if _is_title(line, following, is_first=place == 0)
    ]
    for place, end in zip(titles, [*titles[1:], len(lines)], strict=True):
        yield lines[place], lines[place + 1 : end]


def _is_title(line: str, following: str, is_first: bool) -> bool:
    if len(line) >= 70 or re.search("[.!?:]$", line):
        return False
    subject = re.sub(r"\s*\(.*?\)|,.*", "", line).lower()
    is_explained = re.search(r"\b(?:is|was|are|were|refers|means)\b", following[:220])
    return is_first or bool(subject and subject in following[:90].lower() and is_explained)


def _simple_paragraphs(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if any_of("simple wikipedia: back matter").match(line):
            return
        line = rewritten(line, "article: holes").strip()
        is_heading = len(line) < 60 and not re.search("[.!?]$", line)  # or an item of a list
        if line and not is_heading:
            yield line


# --- news -----------------------------------------------------------------------------------------


def wikinews(article: dict[str, str]) -> str:
    """WikiExtractor's JSON lines, in a repository's history; only articles without a hole."""
    if len(article["text"]) < 400 or any_of("wikinews: no news").search(article["title"]):
        return ""
    lines = (" ".join(line.split()) for line in article["text"].split("\n"))
    text = "\n\n".join(line for line in lines if _is_news(line))
    return "" if re.match("[a-z]", text) or any_of("wikinews: hole").search(text) else text


def _is_news(line: str) -> bool:
    """Whether the line is a paragraph, and no heading."""
    is_ended = re.search('[.!?"\u201d]$', line) or len(line) > 200
    is_short = len(line) < 50 and line.count(" ") < 6
    return bool(is_ended) and not is_short and not any_of("wikinews: end of news").match(line)


def onestop_news(text: str) -> str:
    """OneStopEnglish: the Guardian's articles, each in up to three levels of difficulty."""
    text = re.sub(r"(?i)^\s*(?:Elementary|Intermediate|Advanced)\s*\n", "", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n\n".join(line for line in lines if line)


# --- lessons and tasks by language models ---------------------------------------------------------


def tiny_textbook(record: dict[str, str]) -> str:
    """TinyHelen's part "textbook", which is nampdn-ai's tiny-textbooks; no programming."""
    text = record.get("textbook") or ""
    return "" if any_of("lesson: code").search(text) else rewritten(text, "lesson")


def roleplay_task(task: dict[str, str]) -> str:
    """GPTeacher's roleplay tasks by GPT-4: instruction, input and answer, none about itself."""
    asked = "\n".join(filter(None, (task["instruction"], task.get("input")))).strip()
    text = f"{asked}\n\n{task['response'].strip()}"
    about_itself = re.search(r"language model|as an AI\b|AI assistant", text, re.IGNORECASE)
    return "" if about_itself else text


def health_answers(xml: str) -> Iterator[str]:
    """MedQuAD: an XML file per topic with questions and answers; four of them make a document."""
    root = xml_root(xml)
    pairs = [] if root is None else root.iter("QAPair")
    found = (
        _question_and_answer(pair.findtext("Question") or "", pair.findtext("Answer") or "")
        for pair in pairs
    )
    texts = [text for text in found if text]
    for start in range(0, len(texts), 4):
        yield "\n\n".join(texts[start : start + 4])


def _question_and_answer(question: str, answer: str) -> str:
    """Two lines or more; "" for an answer that is a stub, points elsewhere or is one long list."""
    answer = html.unescape(answer).strip()
    question = question.strip().replace("is (are)", "is").replace("are (is)", "are")
    if len(answer) < 80:
        return ""
    answer = rewritten(answer, "health answer")
    if answer.count("\n- ") > 40 or re.search(r"https?://|www\.|References|\bHPO\b", answer):
        return ""
    return re.sub(r"\s+\?", "?", question) + "\n" + answer


def recipe(page: str) -> str:
    """Public-domain recipes in Markdown, the title in the header; those in English."""
    header, body = front_matter(page)
    title = re.search(r'^title: *"?([^"\n]+)"?', header, re.MULTILINE)
    body = rewritten(body, "recipe").strip()
    is_german = re.search("[äöüß].*[äöüß]", body) and len(re.findall("[äöüßéèñ]", body)) > 15
    if not header or is_german:
        return ""
    return f"{title[1].strip()}\n\n{body}" if title else body
