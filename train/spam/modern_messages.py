"""Messages of today, written for this project: templates, and messages as they stand.

The SMS Spam Collection ends in 2011: it knows ringtone offers and premium numbers, and nothing of
parcel fees, crypto, "hi mum" or one-time codes. These add such messages to training, ham beside
spam: a filter that has only seen links, codes, parcels and 'free' in spam would learn that those
words are spam. `python -m train.evaluate spam` reports on two check sets that training never sees:
`modern_check.tsv` was written before the templates, by the same hand, and shares none of their
sentences; `independent_check.tsv` by a language model that knew none of the others.

A template has choices {a|b|c}, which may be empty or nested, and slots <name>, which a function of
SLOTS fills or a word of that kind.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from train.datasets import Message, read_messages

FOLDER = Path(__file__).parent
# The second has ham that filters take for spam, and spam that they miss.
MESSAGES_FILES = ("modern_messages.tsv", "modern_messages_2.tsv")
VALIDATION_EVERY = 8  # each 8th template or message is for validation and not for training

_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<(\w+)>")
_SPACE_BEFORE_MARK = re.compile(r" +([.,!?](?:\s|$))")

# --- the values of slots -----------------------------------------------------------------------

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@cache
def word_lists() -> dict[str, list[str]]:
    """Words by their kind: what slots of that name, and addresses, are filled with."""
    return json.loads((FOLDER / "modern_words.json").read_text(encoding="utf-8"))


def _word(rng: random.Random, *kinds: str) -> str:
    return rng.choice([word for kind in kinds for word in word_lists()[kind]])


def _token(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_LETTERS, k=length))


def _digits(rng: random.Random, length: int) -> str:
    return str(rng.randint(1, 9)) + "".join(rng.choices("0123456789", k=length - 1))


def bad_url(rng: random.Random) -> str:
    """An address as in fraud: a borrowed name and a hyphen, an odd ending, or a shortener."""
    if rng.random() < 0.2:
        host = rng.choice(("bit.ly", "tinyurl.com", "cutt.ly", "is.gd", "t.co", "rb.gy", "s.id"))
        return rng.choice(("", "", "https://")) + f"{host}/{_token(rng, rng.randint(4, 7))}"
    brand = _word(rng, "courier", "bank", "service", "shop", "host")
    brand = re.sub(r"\W", "", brand.lower())
    words = rng.sample(word_lists()["url_word"], rng.choice((1, 1, 2)))
    parts = [brand, *words] if rng.random() < 0.8 else words
    if rng.random() < 0.3:
        rng.shuffle(parts)
    host = rng.choice(("-", "-", "", ".")).join(parts) + "." + _word(rng, "odd_ending")
    path = rng.choice(("", "", "", "/" + _word(rng, "url_word"), "/" + _token(rng, 5)))
    return rng.choice(("", "", "https://", "http://", "www.")) + host + path


def good_url(rng: random.Random) -> str:
    """An address as friends, colleagues and firms with whom one has business send it."""
    shop = re.sub(r"\W", "", _word(rng, "shop", "courier", "service").lower())
    return rng.choice(
        (
            f"https://youtu.be/{_token(rng, 9)}",
            f"https://docs.google.com/spreadsheets/{_token(rng, 12)}",
            f"https://maps.app.goo.gl/{_token(rng, 8)}",
            f"https://zoom.us/j/{_digits(rng, 10)}",
            f"meet.google.com/{_token(rng, 3)}-{_token(rng, 4)}-{_token(rng, 3)}",
            f"https://www.bbc.co.uk/news/{_digits(rng, 8)}",
            f"https://open.spotify.com/track/{_token(rng, 10)}",
            f"https://www.instagram.com/p/{_token(rng, 8)}",
            f"en.wikipedia.org/wiki/{_word(rng, 'city')}",
            f"www.gov.uk/{rng.choice(('vehicle-tax', 'renew-passport', 'check-mot'))}",
            f"https://www.{shop}.com/",
            f"{shop}.com/orders",
            f"https://{shop}.com/track/{_digits(rng, 8)}",
            f"www.{shop}.co.uk",
            "www.nhs.uk",
            f"https://www.airbnb.com/rooms/{_digits(rng, 7)}",
            f"https://github.com/{_word(rng, 'name').lower()}/notes/pull/{rng.randint(2, 90)}",
        )
    )


def _courier_notice(rng: random.Random) -> str:
    """What a courier really sends: it asks for nothing, and the address is its own."""
    name, site = rng.choice(
        (
            *(("DHL", "dhl.de"), ("DHL", "dhl.com"), ("UPS", "ups.com"), ("FedEx", "fedex.com")),
            *(("Royal Mail", "royalmail.com"), ("Evri", "evri.com"), ("DPD", "dpd.co.uk")),
            *(("USPS", "usps.com"), ("GLS", "gls-group.eu"), ("An Post", "anpost.com")),
        )
    )
    parcel = rng.choice(("Your parcel", "Your package", "Your delivery", "Your order"))
    when = rng.choice(("today", "tomorrow", f"on {rng.choice(word_lists()['day'][:7])}"))
    start = rng.randint(8, 17)
    window = f"between {start}:00 and {start + 2}:00"
    text = rng.choice(
        (
            f"{parcel} from {name} will arrive {when} {window}.",
            f"{name}: {parcel[0].lower()}{parcel[1:]} is due {when} {window}.",
            f"{parcel} is out for delivery with {name}, {window}.",
            f"{name} has delivered {parcel[0].lower()}{parcel[1:]}. It was left with a neighbour.",
            f"{parcel} has been handed to {name} and will reach you {when}.",
        )
    )
    track = rng.choice(("Track", "Track it", "Follow it", "Details"))
    path = rng.choice(("track", f"track/{_digits(rng, 8)}", "tracking", ""))
    return rng.choice((text, f"{text} {track}: {site}/{path}".rstrip("/")))


def _phone(rng: random.Random) -> str:
    return rng.choice(
        (
            f"07{_digits(rng, 9)}",
            f"+44 7{_digits(rng, 3)} {_digits(rng, 6)}",
            f"+1 {_digits(rng, 3)} 555 0{_digits(rng, 3)}",
            f"1-8{rng.choice('0478')}{rng.choice('0478')}-555-0{_digits(rng, 3)}",
            f"0800 {_digits(rng, 6)}",
            f"020 7946 0{_digits(rng, 3)}",
        )
    )


def _price(rng: random.Random, low: int, high: int) -> str:
    number = str(rng.randint(low, high))
    if rng.random() < 0.7:
        number += f".{rng.choice(('99', '50', '45', '20', '00', _digits(rng, 2)))}"
    return rng.choice(("£{}", "£{}", "${}", "${}", "€{}", "{} GBP", "{}", "Rs {}")).format(number)


def _sum(rng: random.Random) -> str:
    number = rng.choice((100, 150, 200, 250, 300, 400, 500, 750, 800, 1000, 1500, 2500, 5000, 9000))
    text = f"{number * rng.choice((1, 1, 1, 2, 10)):,}"
    if rng.random() < 0.5:
        text = text.replace(",", "")
    return rng.choice(("£{}", "${}", "€{}", "{} USD", "{}", "{} pounds", "Rs. {}")).format(text)


def _time(rng: random.Random) -> str:
    hour, minute = rng.randint(1, 12), rng.choice((0, 15, 30, 45, rng.randint(1, 59)))
    half = rng.choice(("am", "pm"))
    return rng.choice(
        (f"{hour}{half}", f"{hour}:{minute:02}", f"{hour + 6}:{minute:02}", f"{hour}.{minute:02}")
    )


def _code(rng: random.Random) -> str:
    digits = _digits(rng, rng.choice((4, 5, 6, 6, 6, 7, 8)))
    if len(digits) == 6 and rng.random() < 0.3:
        return digits[:3] + rng.choice((" ", "-")) + digits[3:]
    return f"G-{digits}" if rng.random() < 0.06 else digits


SLOTS: dict[str, Callable[[random.Random], str]] = {
    "date": lambda rng: f"{rng.randint(1, 28)} {_word(rng, 'month')}",
    "time": _time,
    "fee": lambda rng: _price(rng, 1, 7),
    "price": lambda rng: _price(rng, 3, 900),
    "sum": _sum,
    "code": _code,
    "phone": _phone,
    "order": lambda rng: rng.choice(("", "#", "no. ", "ref ")) + _digits(rng, rng.randint(4, 9)),
    "track": lambda rng: (
        rng.choice(("JD", "RM", "1Z", "H0", "")) + _digits(rng, rng.randint(7, 14))
    ),
    "number": lambda rng: str(rng.randint(2, 60)),
    "handle": lambda rng: _word(rng, "name").lower() + rng.choice(("_", "")) + _token(rng, 3),
    "bad": bad_url,
    "good": good_url,
    "courier_notice": _courier_notice,
}


def _filled(slot: str, rng: random.Random) -> str:
    return SLOTS[slot](rng) if slot in SLOTS else _word(rng, slot)


def expand(template: str, rng: random.Random) -> str:
    """One message of a template: choices made from the innermost outwards, then slots filled."""
    while "{" in template:
        template = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), template)
    text = _SLOT.sub(lambda match: _filled(match[1], rng), template)
    return _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))


def templates() -> dict[str, list[str]]:
    """The templates of "spam" and "ham", in file order."""
    lines = (FOLDER / "modern_templates.tsv").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[str]] = {"spam": [], "ham": []}
    for line in lines:
        if not line.startswith("# "):
            label, template = line.split("\t")
            found[label].append(template)
    return found


def modern_messages(part: str, count: int) -> list[Message]:
    """`count` different messages, half of them spam; `line` is -1, for they stand in no file.

    part  "train" or "validation": the two share no template

    Raises ValueError for another part, or when the templates do not give as many.
    """
    _check_part(part)
    rng = random.Random(f"{part} 0")
    messages: list[Message] = []
    for label, all_of_class in templates().items():
        held_out = all_of_class[::VALIDATION_EVERY]
        mine = [t for t in all_of_class if (t in held_out) == (part == "validation")]
        texts = _different(mine, (count + (label == "spam")) // 2, rng)
        messages += [Message(label, text, -1) for text in texts]
    rng.shuffle(messages)
    return messages


def _different(sources: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Each template in turn, so that one with many choices is not met more often than others."""
    texts: dict[str, None] = {}  # a set that keeps its order
    for _ in range(20 * (count // len(sources) + 1)):
        for template in rng.sample(sources, len(sources)):
            texts.setdefault(expand(template, rng))
        if len(texts) >= count:
            return list(texts)[:count]
    raise ValueError(f"{len(sources)} templates do not give {count:,} different messages.")


def written_messages(part: str) -> list[Message]:
    """The messages that stand in full in MESSAGES_FILES: their "train" or "validation" part."""
    _check_part(part)
    return [
        Message(message.label, _with_an_ending(message), message.line)
        for file in MESSAGES_FILES
        for message in read_messages(FOLDER / file)
        if (message.line % VALIDATION_EVERY == 0) == (part == "validation")
    ]


def _with_an_ending(message: Message) -> str:
    """Addresses that were written as "name.example" get an ending of their class: an ending that
    nobody uses would be learnt instead of the message."""
    rng = random.Random(message.text)
    endings = (
        word_lists()["odd_ending"] if message.label == "spam" else ("com", "org", "co.uk", "net")
    )
    return re.sub(r"\.example\b", lambda _: f".{rng.choice(endings)}", message.text)


def _check_part(part: str) -> None:
    if part not in ("train", "validation"):
        raise ValueError(f'The part must be "train" or "validation", not {part!r}.')


def modern_check() -> list[Message]:
    """A hundred messages of today that no training sees, half of them spam, in file order."""
    return read_messages(FOLDER / "modern_check.tsv")


def independent_check() -> list[Message]:
    """Two hundred messages of today by another hand, half of them spam, in file order."""
    return read_messages(FOLDER / "independent_check.tsv")
