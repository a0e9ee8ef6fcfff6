"""OpenStax textbooks -> one document per section: its title and its paragraphs of prose.

Figures, tables, formulas, exercises, summaries and boxes with links are left out, and so is any
paragraph that a formula was taken out of.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from train.build_data.cleaning import any_of, is_prose, normalise, paragraphs, rewritten, tidy
from train.build_data.readers import front_matter, xml_root

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
        if name == "section":
            skipped = f"{_title(child)}\n{child.get('class') or ''}"
            if not any_of("textbook: skipped sections").search(skipped):
                yield from _prose(child)
        elif name == "note":
            skipped = f"{child.get('class') or ''} {_title(child)}"
            if not any_of("textbook: skipped notes").search(skipped):
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
