"""Non-fiction: OpenStax's textbooks, speeches, technical documentation, the World Factbook."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from train.build_data.archives import Archive
from train.build_data.cleaning import (
    Document,
    any_of,
    is_english,
    is_prose,
    normalise,
    paragraphs,
    rewritten,
    tidy,
)
from train.build_data.readers import front_matter, xml_root, zipped_texts

# --- textbooks ------------------------------------------------------------------------------------

_CNXML = "{http://cnx.rice.edu/cnxml}"
_FORMULA = "\x02"  # stands where a formula was; a paragraph that has one is dropped
_REFERENCE = "\x03"  # stands where a link was that has no text: patterns.toml gives it one


def cnxml_section(xml: str) -> str:
    """The prose of one CNXML file; "" if it is no section of a book or too short."""
    root = xml_root(xml)
    if root is None:
        return ""
    content = root.find(_CNXML + "content")
    title = tidy(re.sub(r"[^\x20-\u024f]", "", normalise(_title(root))))
    if (
        content is None
        or re.search(r"appendix|preface|answer|references|glossary", root.get("class") or "")
        or any_of("textbook: skipped sections").search(title)
        or any_of("textbook: no section").search(title)
    ):
        return ""
    text = "\n\n".join(_prose(content))
    if len(text) < 700:
        return ""
    is_named = title and not re.search(r"^introduction$", title, re.IGNORECASE)
    return f"{title}\n\n{text}" if is_named else text


def _name(element: Element) -> str:
    return element.tag.split("}")[-1] if isinstance(element.tag, str) else ""  # a comment has none


def _title(element: Element) -> str:
    title = element.find(_CNXML + "title")
    return "" if title is None else _inline(title)


def _inline(element: Element) -> str:
    """The text of an element, with marks where a formula or a bare reference was."""
    parts = [element.text or ""]
    for child in element:
        name = _name(child)
        if name in ("math", "equation", "code") or "MathML" in str(child.tag):
            parts.append(_FORMULA)
        elif name == "link":
            parts.append(_inline(child).strip() or _REFERENCE)
        elif name in ("title", "newline", "space"):
            parts.append(" ")
        elif not any_of("textbook: skipped in a line").fullmatch(name):
            parts.append(_inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _prose(element: Element) -> Iterator[str]:
    """The paragraphs and the long list items below an element, in reading order."""
    for child in element:
        name = _name(child)
        if any_of("textbook: skipped elements").fullmatch(name):
            continue
        if name in ("section", "note"):
            about = f"{_title(child)}\n{child.get('class', '')}"
            if not any_of(f"textbook: skipped {name}s").search(about):
                yield from _prose(child)
        elif name == "para":
            yield from _paragraph(_inline(child), shortest=40)
            for inner in child:
                if _name(inner) == "list":
                    yield from _list_items(inner)
                elif _name(inner) == "note":
                    yield from _prose(inner)
        elif name == "list":
            yield from _list_items(child)
        elif name in ("quote", "content", "document", "div", "rule", "statement"):
            yield from _prose(child)


def _list_items(element: Element) -> Iterator[str]:
    if not any_of("textbook: skipped sections").search(element.get("class") or ""):
        for item in element:
            if _name(item) == "item":
                yield from _paragraph(_inline(item), shortest=50)


def _paragraph(text: str, shortest: int) -> Iterator[str]:
    """The paragraph if it is prose, or nothing."""
    if _FORMULA in text:
        return
    text = tidy(normalise(rewritten(text, "textbook: references")).replace("\n", " "))
    points_elsewhere = any_of("textbook: points elsewhere").search(text)
    is_task = any_of("textbook: task").match(text)
    if is_prose(text, shortest, letters=0.9) and not points_elsewhere and not is_task:
        yield text


def kramdown_section(page: str) -> str:
    """A section of a biology textbook in kramdown, with its title in the front matter."""
    text = normalise(page)
    title = re.search(r'^title:\s*"?(.*?)"?\s*$', text, re.MULTILINE)
    body = "\n\n".join(_kramdown_prose(text))
    if len(body) <= 900:
        return ""
    is_named = title and title[1] not in ("", "Introduction")
    return f"{title[1]}\n\n{body}" if title and is_named else body


def _kramdown_prose(text: str) -> Iterator[str]:
    text = any_of("kramdown: end").split(front_matter(text)[1])[0]
    text = re.sub(r"<(table|div|dl|figure|math|span)[\s>].*?</\1>", "", text, flags=re.DOTALL)
    for block in paragraphs(text):
        block = block.replace("\n", " ").strip()
        is_text = not block.startswith(("#", "|", "!", "{", "<", "*", "-", "1."))
        if not is_text or "![" in block or "$" in block:
            continue
        block = rewritten(rewritten(block, "textbook: kramdown"), "textbook: references")
        block = tidy(html.unescape(block))
        if is_prose(block, shortest=60) and not any_of("kramdown: points elsewhere").search(block):
            yield block


def speeches(archives: Sequence[Archive]) -> Iterator[Document]:
    """Addresses of US presidents: two zip archives of plain text in NLTK's data."""
    [archive] = archives
    for path in archive.paths(r"packages/corpora/(?:inaugural|state_union)\.zip"):
        for name, speech in zipped_texts(archive.read(path)):
            text = "\n\n".join(_speech(normalise(speech)))
            if len(text) > 1_000 and "README" not in name:
                yield Document(name, text)


def _speech(text: str) -> Iterator[str]:
    """Its paragraphs: some files have blank lines between them, others one line for each."""
    for block in paragraphs(text) if text.count("\n\n") > 5 else text.split("\n"):
        block = tidy(block)
        capitals = sum(character.isupper() for character in block)
        if len(block) > 40 and re.search(r'[.!?"]$', block) and capitals < 0.3 * len(block):
            yield block


# --- documentation --------------------------------------------------------------------------------


def docs(archives: Sequence[Archive]) -> Iterator[Document]:
    """The Rust book and the Open Source Guides, in that order."""
    patterns = (r"src/.*\.md", r"_articles/[a-z0-9-]+\.md")
    for archive, pattern in zip(archives, patterns, strict=True):
        for path, page in archive.texts(pattern):
            text = markdown_prose(page)
            if len(text) > 900 and is_english(text):
                yield Document(path, text)


def markdown_prose(text: str) -> str:
    """The paragraphs of a Markdown page, their links and emphasis as plain text."""
    text = normalise(re.sub(r"(?<!`)`(?!`)", "", text))  # `code` within a line is a word like any
    text = rewritten(front_matter(text)[1], "page: blocks")
    blocks = (block for block in paragraphs(text) if not any_of("page: no prose").match(block))
    return "\n\n".join(block for block in map(_markdown_paragraph, blocks) if block)


def _markdown_paragraph(block: str) -> str:
    """Plain text, or "" for what is no prose."""
    block = rewritten(block, "page: inline")
    if "''" in block:  # what is left of ``code``
        return ""
    block = tidy(html.unescape(rewritten(block, "page: emphasis")))
    is_code = re.search(r"https?:|[{}|<>\\=@#$]|\]\(|\[|\]|::|->|\(\)", block)
    return block if is_prose(block, 50, letters=0.9) and not is_code else ""


def background(country: str) -> str:
    """The World Factbook's "Background" of a country, a JSON file; surnames are in capitals."""
    try:
        text = json.loads(country)["Introduction"]["Background"]["text"]
    except (ValueError, KeyError, TypeError):  # oceans and the like have no background
        return ""
    text = re.sub(r"<br ?/?>\s*", "\n\n", text)
    text = normalise(re.sub(r"<[^>]+>", "", html.unescape(text)))
    text = re.sub(
        r"((?:[A-Z][a-z'\-]+|al|de|el|von|van|bin|da|dos|[A-Z]\.) )([A-Z][A-Z'\-]+)\b(?!\))",
        lambda match: match[1] + match[2].title(),
        text,
    )
    text = re.sub(r"\b([A-Z][A-Z'\-]{5,})\b(?!\))", lambda match: match[1].title(), text)
    text = "\n\n".join(tidy(block) for block in paragraphs(text) if len(block) > 60)
    return text if len(text) > 300 else ""
