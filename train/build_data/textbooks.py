"""OpenStax textbooks -> one document per section: its title and its paragraphs of prose.

Figures, tables, formulas, exercises, summaries and boxes with links are left out, and so is any
paragraph that a formula was taken out of.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from train.build_data.archives import Archive
from train.build_data.cleaning import (
    ENDS_SENTENCE,
    normalise,
    paragraphs,
    share_of_letters,
    tidy,
)
from train.build_data.document import Document

_CNXML = "{http://cnx.rice.edu/cnxml}"
_FORMULA = "\x02"  # stands where a formula was; a paragraph that has one is dropped
_REFERENCE = "\x03"  # stands where a link to a figure or table was that has no text

_SKIPPED = frozenset(
    {
        "figure", "table", "equation", "exercise", "problem", "solution", "metadata",
        "glossary", "media", "image", "code", "quote-src", "footnote", "title", "iframe",
        "subfigure", "label", "commentary", "abstract", "example",
    }
)  # fmt: skip
_SKIPPED_INLINE = frozenset(
    {
        "footnote", "figure", "table", "media", "note", "list", "iframe", "exercise",
        "cite-title",
    }
)  # fmt: skip
_SKIPPED_SECTIONS = re.compile(
    r"key terms|summary|review|exercise|problem|critical thinking|references|additional reading"
    r"|further|chapter objectives|learning objectives|self-check|multiple choice"
    r"|personal application|glossary|check your|discussion questions|key concepts|key equations"
    r"|suggested|bibliography|link to learning|free response|free-response|test prep|practice"
    r"|homework|bringing it together|solutions|answer|works cited|media attributions"
    r"|application questions|resources|formula|activity|case questions|ethics exercises|endnotes",
    re.IGNORECASE,
)
_SKIPPED_NOTES = re.compile(
    r"link|media|interactive|teacher|check|exercise|try|learning|watch|simulation|objective"
    r"|question|activity|quiz|answer|example|resource|outcome",
    re.IGNORECASE,
)
_NO_SECTION = re.compile(
    r"^preface|appendix|^index|^units|periodic table|constants|useful", re.IGNORECASE
)
_POINTS_ELSEWHERE = re.compile(
    r"https?:|www\.|\.com\b|\.org\b|click |this (?:website|video|link|site|interactive)|visit the"
    r"|watch (?:this|the|a)\b|simulation|openstax|\(credit|attribution:|creative commons",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"(?:The students? will|Use this|Read the following|Answer the|Refer to the|Note: |Sources?:"
    r"|Source information)"
)


def openstax(archives: Sequence[Archive]) -> Iterator[Document]:
    """Books in CNXML, one file per section, a repository per book."""
    for archive in archives:
        for path in archive.paths(r".*index\.cnxml"):
            if text := cnxml_section(archive.text(path)):
                yield Document(path, text)


def cnxml_section(xml: str) -> str:
    """The prose of one CNXML file; "" if it is no section of a book or too short."""
    try:
        root = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", xml))
    except ElementTree.ParseError:
        return ""
    content = root.find(_CNXML + "content")
    title = tidy(re.sub(r"[^\x20-\u024f]", "", normalise(_title(root))))
    if (
        content is None
        or re.search(r"appendix|preface|answer|references|glossary", root.get("class") or "")
        or _SKIPPED_SECTIONS.search(title)
        or _NO_SECTION.search(title)
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
        elif name not in _SKIPPED_INLINE:
            parts.append(_inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _prose(element: Element) -> Iterator[str]:
    """The paragraphs and the long list items below an element, in reading order."""
    for child in element:
        name = _name(child)
        if name in _SKIPPED:
            continue
        if name == "section":
            skipped = f"{_title(child)}\n{child.get('class') or ''}"
            if not _SKIPPED_SECTIONS.search(skipped):
                yield from _prose(child)
        elif name == "note":
            if not _SKIPPED_NOTES.search(f"{child.get('class') or ''} {_title(child)}"):
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
    if not _SKIPPED_SECTIONS.search(element.get("class") or ""):
        for item in element:
            if _name(item) == "item":
                yield from _paragraph(_inline(item), shortest=50)


def _paragraph(text: str, shortest: int) -> Iterator[str]:
    """The paragraph if it is prose, or nothing."""
    if _FORMULA in text:
        return
    text = tidy(normalise(_name_references(text)).replace("\n", " "))
    if (
        len(text) >= shortest
        and ENDS_SENTENCE.search(text)
        and not _POINTS_ELSEWHERE.search(text)
        and share_of_letters(text) >= 0.9
        and not _TASK.match(text)
    ):
        yield text


def _name_references(text: str) -> str:
    """ "(see [])" goes, and any other bare reference becomes "the figure"."""
    text = re.sub(
        r"\s*\((?:see |as (?:shown|seen) in |shown in |refer to |also see )?"
        r"(?:\x03(?:\s*(?:,|and|;|through)\s*)?)+[^)\x03]{0,12}\)",
        "",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"""(^|[.!?]["']?\s+)\x03""", r"\1The figure", text)
    return text.replace("the \x03", "the figure").replace("\x03", "the figure")


def openstax_biology(archives: Sequence[Archive]) -> Iterator[Document]:
    """A biology textbook in kramdown, one file per section with its title in the front matter."""
    [archive] = archives
    for path in archive.paths(r"contents/.*\.md"):
        text = normalise(archive.text(path))
        title = re.search(r'^title:\s*"?(.*?)"?\s*$', text, re.MULTILINE)
        body = "\n\n".join(_kramdown_prose(text))
        if len(body) > 900:
            is_named = title and title[1] not in ("", "Introduction")
            yield Document(path, f"{title[1]}\n\n{body}" if title and is_named else body)


def _kramdown_prose(text: str) -> Iterator[str]:
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.split(
        r"\n###? (?:Section Summary|Review Questions|Multiple Choice|Free Response|Glossary"
        r"|Art Connections?|Key Terms|Chapter Summary|Additional)",
        text,
    )[0]
    text = re.sub(r"<(table|div|dl|figure|math|span)[\s>].*?</\1>", "", text, flags=re.DOTALL)
    for block in paragraphs(text):
        block = block.replace("\n", " ").strip()
        if block.startswith(("#", "|", "!", "{", "<", "*", "-", "1.")):
            continue
        if "![" in block or "$" in block:
            continue
        block = re.sub(r"\{:[^}]*\}", "", block)  # attributes
        block = re.sub(r"\[\\\[link\\\]\]\(#[^)]*\)", _REFERENCE, block)
        block = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", block)
        block = re.sub(r"<[^>]+>", "", block)
        block = re.sub(r"\*{1,3}", "", block).replace("\\", "").replace("_", "")
        block = tidy(html.unescape(_name_references(block)))
        points_elsewhere = re.search(
            r"https?:|www\.|click|this (?:website|video|site)|By the end of this section|visit ",
            block,
            re.IGNORECASE,
        )
        if len(block) >= 60 and ENDS_SENTENCE.search(block) and not points_elsewhere:
            yield block
