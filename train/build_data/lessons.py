"""What explains or instructs: lessons, answers about health, recipes, small writing tasks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import Document
from train.build_data.readers import front_matter, json_lines, unpacked, without_links, xml_root

_CODE = re.compile(
    r"```|\bdef \w+\(|import \w+\n|</\w+>|\{\n|;\n|\\frac|\$\$|https?://|\bas an AI\b"
    r"|language model",
    re.IGNORECASE,
)


def tiny_textbooks(archives: Sequence[Archive]) -> Iterator[Document]:
    """TinyHelen's part "textbook", which is nampdn-ai's tiny-textbooks; no programming."""
    [archive] = archives
    for path in archive.largest_first(r"data/ori/.*/textbook\d+\.jsonl\.zst"):
        for number, record in enumerate(json_lines(unpacked(archive.read(path)))):
            text = record.get("textbook") or ""
            if not _CODE.search(text):
                yield Document(f"{path}#{number}", _lesson(text))


def _lesson(markdown: str) -> str:
    text = re.sub(r"(?m)^#+ *", "", re.sub(r"\*\*|__", "", markdown))
    text = re.sub(r"(?m)^\s*[*\u2022] +", "- ", text)
    return re.sub(r"(?m)^-{3,}$", "", text)


def roleplay_tasks(archives: Sequence[Archive]) -> Iterator[Document]:
    """GPTeacher's roleplay tasks by GPT-4: instruction, input and answer, none about itself."""
    [archive] = archives
    path = "Roleplay/roleplay-simple-deduped-roleplay-instruct.json"
    for number, task in enumerate(json.loads(archive.text(path))):
        asked = "\n".join(filter(None, (task["instruction"], task.get("input")))).strip()
        text = f"{asked}\n\n{task['response'].strip()}"
        if not re.search(r"language model|as an AI\b|AI assistant", text, re.IGNORECASE):
            yield Document(f"{path}#{number}", text)


# --- health ---------------------------------------------------------------------------------------

_HEALTH_FOLDERS = (
    "7_SeniorHealth_QA", "4_MPlus_Health_Topics_QA", "5_NIDDK_QA", "6_NINDS_QA", "8_NHLBI_QA_XML",
    "9_CDC_QA",
)  # fmt: skip


def health_qa(archives: Sequence[Archive]) -> Iterator[Document]:
    """MedQuAD: an XML file per topic with questions and answers; four of them make a document."""
    [archive] = archives
    for folder in _HEALTH_FOLDERS:
        for path, xml in archive.texts(rf"{folder}/.*\.xml"):
            root = xml_root(xml)
            pairs = [] if root is None else list(root.iter("QAPair"))
            texts = [
                _question_and_answer(pair.findtext("Question") or "", pair.findtext("Answer") or "")
                for pair in pairs
            ]
            texts = [text for text in texts if text]
            for start in range(0, len(texts), 4):
                yield Document(f"{path}#{start}", "\n\n".join(texts[start : start + 4]))


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

_PICTURES = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d\u2b50\u2b55\u23e9-\u23ff]+ ?"
)


def recipes(archives: Sequence[Archive]) -> Iterator[Document]:
    """Public-domain recipes in Markdown, the title in the header; those in English."""
    for archive in archives:
        for path, page in archive.texts(r"content/.*\.md"):
            header, body = front_matter(page)
            if not header or "_index" in path or re.search(r"\.[a-z]{2}\.md$", path):
                continue
            title = re.search(r'^title: *"?([^"\n]+)"?', header, re.MULTILINE)
            body = _recipe(body)
            is_german = re.search("[äöüß].*[äöüß]", body)
            if not is_german or len(re.findall("[äöüßéèñ]", body)) <= 15:
                yield Document(path, f"{title[1].strip()}\n\n{body}" if title else body)


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
