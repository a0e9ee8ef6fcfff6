"""What explains or instructs: lessons, answers about health, recipes, small writing tasks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from train.build_data.readers import front_matter, without_links, xml_root

TEXTBOOK_FILES = r"data/ori/.*/textbook\d+\.jsonl\.zst"
_CODE = re.compile(
    r"```|\bdef \w+\(|import \w+\n|</\w+>|\{\n|;\n|\\frac|\$\$|https?://|\bas an AI\b"
    r"|language model",
    re.IGNORECASE,
)


def tiny_textbook(record: dict[str, str]) -> str:
    """TinyHelen's part "textbook", which is nampdn-ai's tiny-textbooks; no programming."""
    text = record.get("textbook") or ""
    return "" if _CODE.search(text) else _lesson(text)


def _lesson(markdown: str) -> str:
    text = re.sub(r"(?m)^#+ *", "", re.sub(r"\*\*|__", "", markdown))
    text = re.sub(r"(?m)^\s*[*\u2022] +", "- ", text)
    return re.sub(r"(?m)^-{3,}$", "", text)


def roleplay_task(task: dict[str, str]) -> str:
    """GPTeacher's roleplay tasks by GPT-4: instruction, input and answer, none about itself."""
    asked = "\n".join(filter(None, (task["instruction"], task.get("input")))).strip()
    text = f"{asked}\n\n{task['response'].strip()}"
    about_itself = re.search(r"language model|as an AI\b|AI assistant", text, re.IGNORECASE)
    return "" if about_itself else text


# --- health ---------------------------------------------------------------------------------------


HEALTH_FILES = (  # the folders that have answers, and no lists of addresses
    r"(?:4_MPlus_Health_Topics|5_NIDDK|6_NINDS|7_SeniorHealth|8_NHLBI|9_CDC)_QA.*/.*\.xml"
)


def health_answers(xml: str) -> Iterator[str]:
    """MedQuAD: an XML file per topic with questions and answers; four of them make a document."""
    root = xml_root(xml)
    pairs = [] if root is None else root.iter("QAPair")
    texts = [
        _question_and_answer(pair.findtext("Question") or "", pair.findtext("Answer") or "")
        for pair in pairs
    ]
    texts = [text for text in texts if text]
    for start in range(0, len(texts), 4):
        yield "\n\n".join(texts[start : start + 4])


def _question_and_answer(question: str, answer: str) -> str:
    """Two lines or more; "" for an answer that is a stub, points elsewhere or is one long list."""
    answer = html.unescape(answer).strip()
    question = question.strip().replace("is (are)", "is").replace("are (is)", "are")
    if len(answer) < 80:
        return ""
    answer = re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t]+", " ", answer))
    answer = re.sub(
        r"\(Watch the video[^)]*\)|\(Centers for Disease[^)]*\)|Key Points\s*-?", "", answer
    )
    answer = re.sub(r"\s*\n\s*", "\n", re.sub(r" - (?=[A-Z])", "\n- ", answer))
    if answer.count("\n- ") > 40 or re.search(r"https?://|www\.|References|\bHPO\b", answer):
        return ""
    return re.sub(r"\s+\?", "?", question) + "\n" + answer


# --- recipes --------------------------------------------------------------------------------------

RECIPE_FILES = r"content/(?!.*_index)(?!.*\.[a-z]{2}\.md).*\.md"
_PICTURES = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d\u2b50\u2b55\u23e9-\u23ff]+ ?"
)


def recipe(page: str) -> str:
    """Public-domain recipes in Markdown, the title in the header; those in English."""
    header, body = front_matter(page)
    title = re.search(r'^title: *"?([^"\n]+)"?', header, re.MULTILINE)
    body = _recipe(body)
    is_german = re.search("[äöüß].*[äöüß]", body) and len(re.findall("[äöüßéèñ]", body)) > 15
    if not header or is_german:
        return ""
    return f"{title[1].strip()}\n\n{body}" if title else body


def _recipe(markdown: str) -> str:
    text = without_links(re.sub(r"\{\{.*?\}\}", "", markdown))
    text = re.sub(r"^#+ *", "", text, flags=re.MULTILINE)
    text = re.sub(r"[*_`]{1,2}(?=\S)|(?<=\S)[*_`]{1,2}", "", text)  # emphasis
    text = _PICTURES.sub("", text)
    text = re.sub(
        r"(?m)^(?:Originally published|Based on|Source|Contribut|Website|Originally).*$", "", text
    )
    text = re.sub(r"(?m)^\* ", "- ", text)
    text = re.sub(r"(?<=[a-z,])\n(?=[a-z])", " ", text)
    return re.sub(r"https?://\S+", "", text).strip()
