"""A little English by rule: regular forms, numbers in words, sentences from parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from train.chat.written_files import lists


def sentences() -> Iterator[dict[str, str]]:
    """Each predicate with each subject: the sentence in the present tense, and by kind of request
    what the tasks make of it."""
    for third, base, past, rest in lists("words")["predicates"]:
        for subject in lists("words")["subjects"]:
            plural = subject in lists("words")["plural_subjects"]
            verb, do = (base, "do") if plural else (third, "does")
            is_name = subject in lists("words")["always_capital"]
            within = subject if is_name else subject[0].lower() + subject[1:]
            yield {
                "present": f"{subject} {verb} {rest}.",
                "negate_sentence": f"{subject} {do} not {base} {rest}.",
                "past_tense_sentence": f"{subject} {past} {rest}.",
                "make_question": f"{do.capitalize()} {within} {base} {rest}?",
                "future_tense_sentence": f"{subject} will {base} {rest}.",
            }


def reviews() -> Iterator[tuple[str, str]]:
    """(a short review, "positive" or "negative"): each of a few phrases about each thing."""
    for verdict, phrases in lists("words")["reviews"].items():
        for phrase in phrases:
            for thing in lists("words")["reviewed"]:
                yield phrase.format(x=thing), verdict


def past_of(verb: str) -> str:
    """The past of a regular English verb: walked, baked, studied, stopped."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    # In a word of one syllable, a consonant behind a single vowel doubles: stopped, planned.
    if (
        sum(letter in "aeiou" for letter in verb) == 1
        and verb[-2] in "aeiou"
        and verb[-1] in "bgnp"
    ):
        return verb + verb[-1] + "ed"
    return verb + "ed"


def plural_of(noun: str) -> str:
    """The plural of a regular English noun: cats, boxes, cities."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def in_words(number: int) -> str:
    """0 to 9,999 in words, with "and" before what is below a hundred: two hundred and forty-two."""
    ones, tens = lists("words")["ones"], lists("words")["tens"]
    if number < 20:
        return ones[number]
    if number < 100:
        return tens[number // 10] + (f"-{ones[number % 10]}" if number % 10 else "")
    if number < 1_000:
        hundreds, rest = divmod(number, 100)
        return f"{ones[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
    thousands, rest = divmod(number, 1_000)
    link = " " if rest >= 100 else " and "
    return f"{in_words(thousands)} thousand" + (link + in_words(rest) if rest else "")


def capitalise(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def joined(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    return ", ".join(items[:-1]) + " and " + items[-1]
