"""Tatoeba's English sentences (CC BY 2.0 FR), and tasks that rewrite them or ask about them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import any_of, words_of
from train.build_data.readers import zipped_texts
from train.build_data.tasks import LISTS, Task, fill, is_clean, sample
from train.chat.english import capitalise

MEN, WOMEN = LISTS["men"], LISTS["women"]
NAMES = (*MEN, *WOMEN)
FUNCTION_WORDS = frozenset(words_of("tasks: function words"))


class Sentences:
    """The sentences, in the file's order and without repeats, and how often each word is used."""

    def __init__(self, archive: Archive) -> None:
        pairs = dict(zipped_texts(archive.read("spa-eng.zip")))["spa-eng/spa.txt"]
        english = dict.fromkeys(line.split("\t")[0].strip() for line in pairs.split("\n"))
        plain = re.compile(r"[A-Za-z0-9 ,.'?!$:-]+")
        self.all = [text for text in english if plain.fullmatch(text) and is_clean(text)]
        self.statements = [t for t in self.all if re.fullmatch(r"[A-Z][^.?!]*\.", t)]
        self.frequency = Counter(
            word for text in self.all for word in re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())
        )

    def common_words(self) -> list[str]:
        """The 9,000 most frequent words that occur four times or more."""
        return [word for word, count in self.frequency.most_common(9_000) if count >= 4]


def draw(
    rng: random.Random, pool: Sequence[str], count: int, shortest: int = 3, longest: int = 14
) -> list[str]:
    """Random sentences of so many words; Tatoeba's Tom and Mary get other names, too."""
    fitting = [text for text in pool if shortest <= len(text.split()) <= longest]
    renamed = []
    for text in sample(rng, fitting, count):
        man, woman = rng.choice(MEN), rng.choice(WOMEN)
        renamed.append(re.sub(r"\bMary\b", woman, re.sub(r"\bTom\b", man, text)))
    return renamed


def tatoeba(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """All tasks on these sentences."""
    sentences = Sentences(archives[0])
    for tasks in (
        punctuation, grammar, negation, contractions, sentence_types, words_to_sentences, counting,
        extraction,
    ):  # fmt: skip
        yield from tasks(sentences, rng)


def punctuation(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Put back the capitals and the punctuation."""
    for text in draw(rng, sentences.all, 1_800, 4):
        bare = re.sub(r"[.?!,]", "", text).lower() if rng.random() < 0.7 else text.rstrip(".?!")
        yield fill(rng, "tatoeba:punctuation", bare=bare, text=text)


def grammar(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Find and mend one mistake; no kind of mistake more than 260 times."""
    mistakes = [(re.compile(right), wrong) for right, wrong in LISTS["mistakes"]]
    made: Counter[int] = Counter()
    for text in draw(rng, sentences.all, 60_000, 4):
        kinds = [
            kind
            for kind, (right, _) in enumerate(mistakes)
            if made[kind] < 260 and right.search(text)
        ]
        if not kinds or made.total() >= 3_600:
            continue
        kind = rng.choice(kinds)
        wrong = with_mistake(text, *mistakes[kind])
        if wrong != text:
            made[kind] += 1
            check = rng.random() < 0.13
            yield fill(
                rng, "tatoeba:grammar_check/wrong" if check else "tatoeba:grammar",
                wrong=wrong, text=text,
            )  # fmt: skip
    for text in draw(rng, sentences.all, 450, 4, 10):
        yield fill(rng, "tatoeba:grammar_check/right", text=text)


def with_mistake(text: str, right: re.Pattern[str], wrong: str) -> str:
    """What is right in the text as learners write it; {past} is the last group's past tense."""
    past = {base: form for base, form, _ in LISTS["verbs"]}

    def replace(match: re.Match[str]) -> str:
        return match.expand(wrong).format(past=past.get(match[match.lastindex or 0]))

    return right.sub(replace, text, count=1)


# --- other forms --------------------------------------------------------------------------------

_AUXILIARY = r"(is|are|was|were|can|will|should|must|could|would)"
_SUBJECT = r"(?:I|You|He|She|It|We|They|[A-Z][a-z]+|(?:The|My|His|Her|Our|This|That|Your) [a-z]+)"
_PRONOUN = re.compile(r"(You|He|She|It|We|They|The|My|His|Her|Our|This|That|Your)\b")


def negation(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Negate a statement, or the other way around, or turn it into a question."""
    not_simple = any_of("tasks: not simple")
    simple = [
        text
        for text in sentences.statements
        if len(re.findall(rf"\b{_AUXILIARY}\b", text)) == 1 and not not_simple.search(text)
    ]
    starting = [
        t for t in draw(rng, simple, 5_000, 4, 9) if re.match(f"{_SUBJECT} {_AUXILIARY} ", t)
    ]
    for text in starting[:2_400]:
        if rng.random() < 0.65:
            negated = re.sub(rf"\b{_AUXILIARY}\b", r"\1 not", text, count=1)
            negated = negated.replace("can not", "cannot")
            yield fill(rng, "tatoeba:negation", text=text, negated=negated)
        elif match := re.match(rf"(.+?) {_AUXILIARY} (.+)\.$", text):
            who, verb, rest = match.groups()
            who = who[0].lower() + who[1:] if _PRONOUN.match(who) else who
            question = f"{capitalise(verb)} {who} {rest}?"
            yield fill(rng, "tatoeba:question_form", text=text, question=question)


def contractions(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """ "don't" <-> "do not"."""
    full_forms = LISTS["contractions"]
    short = re.compile(r"\b(" + "|".join(map(re.escape, full_forms)) + r")(?!\w)")
    having = [text for text in sentences.statements if short.search(text)]
    for text in draw(rng, having, 1_200, 3, 12):
        full = short.sub(lambda match: full_forms[match[1]], text)
        yield fill(rng, "tatoeba:contraction", text=text, full=full)


def sentence_types(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Statement, question or command; half of the others come without their last character."""
    stops = [text for text in sentences.all if text.endswith(".")]
    pools = {
        "Statement": [text for text in stops if not any_of("tasks: command").match(text)],
        "Question": [text for text in sentences.all if text.endswith("?")],
        "Command": [text for text in stops if any_of("tasks: command").match(text)],
    }
    for label, pool in pools.items():
        for text in draw(rng, pool, 450 if label == "Command" else 550, 3, 12):
            if label != "Command" and rng.random() < 0.5:
                text = text.rstrip(".?")
            yield fill(rng, "tatoeba:sentence_type", text=text, label=label)


# --- words of a sentence ------------------------------------------------------------------------


def words_to_sentences(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Write a sentence with given words, or with these words in another order."""
    for text in draw(rng, sentences.statements, 4_200, 5, 13):
        words = [
            word
            for word in dict.fromkeys(re.findall(r"[A-Za-z]+(?:'[a-z]+)?", text))
            if word.islower()
            and len(word) > 3
            and word not in FUNCTION_WORDS
            and sentences.frequency[word] >= 8
        ]
        if words:
            count = min(len(words), rng.choice((1, 1, 2, 2, 3)))
            places = sorted(rng.sample(range(len(words)), count))
            kind = f"tatoeba:write_sentence/{'one' if count == 1 else 'some'}"
            yield fill(rng, kind, words=", ".join(words[place] for place in places), text=text)
    for text in draw(rng, sentences.statements, 900, 4, 7):
        first, *rest = text.rstrip(".").split()
        is_name = first == "I" or first.startswith("I'") or first in NAMES
        words = [first if is_name else first[0].lower() + first[1:], *rest]
        mixed = sample(rng, words, len(words))
        if mixed != words:
            yield fill(rng, "tatoeba:reorder", mixed=" / ".join(mixed), text=text)


def counting(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """Count words, name the first or last one, change the case."""
    kinds = ("count_words", "first_word", "last_word", "upper", "lower")
    for text in draw(rng, sentences.all, 1_100, 3, 9):
        [kind] = rng.choices(kinds, (30, 20, 20, 15, 15))
        words = re.findall(r"[A-Za-z0-9']+", text)
        yield fill(
            rng, f"tatoeba:{kind}", text=text, count=len(words), first=words[0], last=words[-1],
            upper=text.upper(), lower=text.lower(),
        )  # fmt: skip


def extraction(sentences: Sentences, rng: random.Random) -> Iterator[Task]:
    """The names or the number in a sentence."""
    named = [text for text in sentences.all if re.search(r"\b(Tom|Mary)\b", text)]
    for text in draw(rng, named, 700, 4, 12):
        names = [word for word in re.findall("[A-Z][a-z]+", text) if word in NAMES]
        if names:
            yield fill(
                rng, "tatoeba:extract_name", text=text, names=", ".join(dict.fromkeys(names))
            )
    numbered = [t for t in sentences.all if len(re.findall(r"\b\d[\d,.:]*\b", t)) == 1]
    for text in draw(rng, numbered, 500, 4):
        number = re.search(r"\d[\d,:]*(?:\.\d+)?", text)
        assert number is not None
        yield fill(rng, "tatoeba:extract_number", text=text, number=number[0].rstrip(",:"))
