"""Small changes to a message that leave its meaning alone: what training varies, a filter ignores.

A few thousand messages of one decade let a model learn their accidents: that spam writes POUNDS,
that a number begins with 0870, that a brand is Nokia. Each time training reads a message, some of
these are drawn anew. Disguises (fr3e, F.R.E.E) are for spam alone, since nobody else has a reason
to write like that.
"""

from __future__ import annotations

import random
import re

from train.spam.modern_messages import bad_url, good_url

_URL = re.compile(
    r"(?:https?://|www\.)\S*[\w/]|\b[\w-]+\.(?:com|net|co\.uk|org|info|top|biz)/\S*\w"
)
_MONEY = re.compile(r"[£$€] ?(\d[\d,.]*\d|\d)")
_CURRENCIES = (r"£\1", r"$\1", r"€\1", r"\1 USD", r"\1 pounds", r"GBP \1", r"Rs.\1")
_DIGIT_RUN = re.compile(r"\d{4,}")
_WORD = re.compile(r"[A-Za-z]{4,}")
_BRAND = re.compile(r"\b(?:Nokia|Motorola|Orange|Vodafone|T-?Mobile|SonyEricsson)\b", re.IGNORECASE)
_BRANDS = ("Samsung", "Apple", "iPhone", "Google", "O2", "EE", "Three", "Verizon", "Vodafone")

# Spellings of 2005 beside today's; both ways, so that neither marks a class.
_SPELLINGS = (
    ("u", "you"), ("ur", "your"), ("r", "are"), ("txt", "text"), ("msg", "message"), ("4", "for"),
    ("2", "to"), ("pls", "please"), ("b4", "before"), ("tmrw", "tomorrow"), ("2day", "today"),
    ("thx", "thanks"), ("n", "and"), ("im", "I'm"), ("dont", "don't"), ("cant", "can't"),
    ("mob", "mobile"), ("wkly", "weekly"), ("2nite", "tonight"), ("gud", "good"), ("wat", "what"),
)  # fmt: skip
_MODERN = dict(_SPELLINGS)
_SHORT = {new.lower(): old for old, new in _SPELLINGS}
_LEET = str.maketrans({"o": "0", "i": "1", "e": "3", "a": "@", "s": "5", "O": "0", "I": "1"})


def perturb(text: str, label: str, rng: random.Random) -> str:
    """A version of a message; `label` is "ham" or "spam". Never empty if `text` is not."""
    if rng.random() < 0.35:
        text = _DIGIT_RUN.sub(lambda match: _other_digits(match[0], rng), text)
    if rng.random() < 0.4:
        text = _URL.sub(lambda _: _address(label, rng), text)
    if rng.random() < 0.4:
        text = _MONEY.sub(rng.choice(_CURRENCIES), text)
    if rng.random() < 0.5:
        text = _BRAND.sub(lambda _: rng.choice(_BRANDS), text)
    draw = rng.random()
    if draw < 0.2:
        text = _respelled(text, _MODERN, rng)
    elif draw < 0.27:
        text = _respelled(text, _SHORT, rng)
    if rng.random() < 0.06:
        text = _WORD.sub(
            lambda match: _typo(match[0], rng) if rng.random() < 0.2 else match[0], text
        )
    if label == "spam" and rng.random() < 0.08:
        text = _WORD.sub(
            lambda match: _disguised(match[0], rng) if rng.random() < 0.3 else match[0], text
        )
    draw = rng.random()
    if draw < 0.14:
        text = text.lower()
    elif draw < 0.18:
        text = text.upper()
    elif draw < 0.22:
        text = text[:1].upper() + text[1:].lower()
    if rng.random() < 0.15:
        text = text.rstrip(".!") or text
    if rng.random() < 0.05:
        text = text.replace("'", "") or text
    return text


def _other_digits(digits: str, rng: random.Random) -> str:
    """A number of the same length and the same first digit."""
    return digits[0] + "".join(rng.choices("0123456789", k=len(digits) - 1))


def _address(label: str, rng: random.Random) -> str:
    if rng.random() < 0.1:
        return rng.choice(("[link]", "the link", "http://..."))
    return bad_url(rng) if label == "spam" else good_url(rng)


def _respelled(text: str, spelling: dict[str, str], rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(
        spelling[w.lower()] if w.lower() in spelling and rng.random() < 0.8 else w for w in words
    )


def _typo(word: str, rng: random.Random) -> str:
    """Two neighbouring letters swapped, or one left out."""
    place = rng.randrange(1, len(word) - 1)
    if rng.random() < 0.5:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _disguised(word: str, rng: random.Random) -> str:
    """fr33, f.r.e.e or f r e e for free."""
    if rng.random() < 0.6:
        return word.translate(_LEET)
    return rng.choice((".", "-", " ", "*")).join(word)
