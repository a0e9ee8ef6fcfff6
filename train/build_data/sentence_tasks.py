"""Tatoeba's English sentences, and tasks that rewrite them or ask about them."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.tasks import Task, capitalise, is_clean, make, sample

MEN = [
    "Tom", "James", "Ben", "Daniel", "Omar", "Leo", "Peter", "Sam", "Carlos", "Jack", "David",
    "Noah", "Ravi", "Adam", "Luke", "Henry", "Paul", "Kofi", "Ivan", "Max",
]  # fmt: skip
WOMEN = [
    "Mary", "Anna", "Emma", "Sara", "Lucy", "Mia", "Nina", "Julia", "Kate", "Priya", "Grace",
    "Helen", "Amy", "Rosa", "Ella", "Leila", "Maya", "Jane", "Clara", "Zoe",
]  # fmt: skip
NAMES = (*MEN, *WOMEN)


class Sentences:
    """The sentences, in the file's order and without repeats, and how often each word is used."""

    def __init__(self, archive: Archive) -> None:
        with zipfile.ZipFile(io.BytesIO(archive.read("spa-eng.zip"))) as pairs:
            lines = pairs.read("spa-eng/spa.txt").decode("utf-8").split("\n")
        english = dict.fromkeys(line.split("\t")[0].strip() for line in lines)
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
        for task, instruction, given, answer in tasks(sentences, rng):
            yield make(f"tatoeba:{task}", instruction, given, answer)


Rows = Iterator[tuple[str, str, str, str]]  # task, instruction, input, output


def punctuation(sentences: Sentences, rng: random.Random) -> Rows:
    """Put back the capitals and the punctuation."""
    for text in draw(rng, sentences.all, 1_800, 4):
        bare = re.sub(r"[.?!,]", "", text).lower() if rng.random() < 0.7 else text.rstrip(".?!")
        instruction = rng.choice(
            (
                "Add the correct punctuation and capital letters.",
                "Fix the punctuation and capitalization of this sentence.",
                "Rewrite this sentence with proper capitalization and punctuation.",
            )
        )
        yield "punctuation", instruction, bare, text


# --- mistakes -----------------------------------------------------------------------------------

Replacement = str | Callable[[re.Match[str]], str]
_PAST = {
    "go": "went", "see": "saw", "know": "knew", "want": "wanted", "like": "liked", "eat": "ate",
    "come": "came", "have": "had", "say": "said", "do": "did",
}  # fmt: skip
_MISTAKES: tuple[tuple[str, Replacement], ...] = (  # what is right -> what learners write
    (r"\b(He|She|It) is\b", r"\1 are"),
    (r"\b(They|We|You) are\b", r"\1 is"),
    (r"\b(I|He|She|It) was\b", r"\1 were"),
    (r"\b(They|We|You) were\b", r"\1 was"),
    (r"\b(He|She|It) has\b", r"\1 have"),
    (r"\b(They|We|You|I) have\b", r"\1 has"),
    (r"\b(He|She|It) doesn't\b", r"\1 don't"),
    (r"\b(I|You|We|They) don't\b", r"\1 doesn't"),
    (r"\ban ([aeiou])", r"a \1"),
    (r"\ba ([bcdfgklmnpqrstvw])", r"an \1"),
    (r"\b(you|You)'re\b", r"\1r"),
    (r"\bI am\b", r"I is"),
    (
        r"\b(He|She) (likes|wants|needs|knows|lives|works|plays|speaks|looks|seems|goes|comes"
        r"|eats)\b",
        lambda match: f"{match[1]} {'go' if match[2] == 'goes' else match[2][:-1]}",
    ),
    (
        r"\b(didn't|doesn't|don't) (go|see|know|want|like|eat|come|have|say|do)\b",
        lambda match: f"{match[1]} {_PAST[match[2]]}",
    ),
    (r"\bthere are\b", "there is"),
    (r"\bThere are\b", "There is"),
    (r"\bmuch (people|books|friends|things)\b", r"many \1"),
    (r"\bmany\b", "much"),
    (r"\bthan\b", "then"),
    (r"\btheir\b", "there"),
    (r"\bthese ([a-z]+s)\b", r"this \1"),
    (r"\bbetter\b", "more better"),
)


def grammar(sentences: Sentences, rng: random.Random) -> Rows:
    """Find and mend one mistake; no kind of mistake more than 260 times."""
    check = "Is this sentence grammatically correct? If not, correct it."
    made: Counter[int] = Counter()
    for text in draw(rng, sentences.all, 60_000, 4):
        kinds = [
            kind
            for kind, (right, _) in enumerate(_MISTAKES)
            if made[kind] < 260 and re.search(right, text)
        ]
        if not kinds or made.total() >= 3_600:
            continue
        kind = rng.choice(kinds)
        wrong = re.sub(*_MISTAKES[kind], text, count=1)
        if wrong == text:
            continue
        made[kind] += 1
        if rng.random() < 0.13:
            yield "grammar_check", check, wrong, f"No. The correct sentence is: {text}"
            continue
        instruction = rng.choice(
            (
                "Correct the grammar of the sentence.",
                "Fix the grammar mistake in this sentence.",
                "Rewrite the sentence so that it is grammatically correct.",
                "Correct this sentence.",
                "Find and fix the grammatical error.",
            )
        )
        yield "grammar", instruction, wrong, text
    for text in draw(rng, sentences.all, 450, 4, 10):
        yield "grammar_check", check, text, "Yes, the sentence is correct."


# --- other forms --------------------------------------------------------------------------------

_AUXILIARY = r"(is|are|was|were|can|will|should|must|could|would)"
_NOT_SIMPLE = re.compile(  # words with which "not" or a question would sound wrong
    r"\b(not|never|no|nothing|nobody|n't|\w+n't|and|but|because|if|when|that|as|so|who|what|where"
    r"|how|than|only|also|always|some|already|too|still|just|someone|something|one|really|either"
    r"|probably|certainly|there|let|that's|it's|I'm|he's|she's)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(You|He|She|It|We|They|The|My|His|Her|Our|This|That|Your)\b")


def negation(sentences: Sentences, rng: random.Random) -> Rows:
    """Negate a statement, or the other way around, or turn it into a question."""
    simple = [
        text
        for text in sentences.statements
        if len(re.findall(rf"\b{_AUXILIARY}\b", text)) == 1 and not _NOT_SIMPLE.search(text)
    ]
    subject = (
        r"(?:I|You|He|She|It|We|They|[A-Z][a-z]+|(?:The|My|His|Her|Our|This|That|Your) [a-z]+)"
    )
    starting = [
        t for t in draw(rng, simple, 5_000, 4, 9) if re.match(f"{subject} {_AUXILIARY} ", t)
    ]
    for text in starting[:2_400]:
        negated = re.sub(
            rf"\b{_AUXILIARY}\b",
            lambda match: "cannot" if match[1] == "can" else f"{match[1]} not",
            text,
            count=1,
        )
        kind = rng.random()
        if kind < 0.5:
            instruction = rng.choice(
                (
                    "Make the sentence negative.",
                    "Rewrite the sentence in the negative form.",
                    "Turn this sentence into a negative sentence.",
                    "Negate the sentence.",
                )
            )
            yield "negation", instruction, text, negated
        elif kind < 0.65:
            instruction = rng.choice(
                (
                    "Make the sentence positive.",
                    "Rewrite the negative sentence as an affirmative one.",
                )
            )
            yield "negation", instruction, negated, text
        elif match := re.match(rf"(.+?) {_AUXILIARY} (.+)\.$", text):
            who = match[1]
            who = who[0].lower() + who[1:] if _PRONOUN.match(who) else who
            instruction = rng.choice(
                (
                    "Turn the statement into a yes/no question.",
                    "Change this statement into a question.",
                    "Rewrite the sentence as a question.",
                )
            )
            yield "question_form", instruction, text, f"{capitalise(match[2])} {who} {match[3]}?"


_CONTRACTIONS = {
    "don't": "do not", "doesn't": "does not", "didn't": "did not", "isn't": "is not",
    "aren't": "are not", "wasn't": "was not", "weren't": "were not", "can't": "cannot",
    "couldn't": "could not", "won't": "will not", "wouldn't": "would not",
    "shouldn't": "should not", "I'm": "I am", "I'll": "I will", "you're": "you are",
    "You're": "You are", "we're": "we are", "We're": "We are", "they're": "they are",
    "They're": "They are", "I've": "I have", "We'll": "We will", "You'll": "You will",
    "haven't": "have not", "hasn't": "has not",
}  # fmt: skip


def contractions(sentences: Sentences, rng: random.Random) -> Rows:
    """ "don't" <-> "do not"."""
    short = re.compile(r"\b(" + "|".join(map(re.escape, _CONTRACTIONS)) + r")(?!\w)")
    having = [text for text in sentences.statements if short.search(text)]
    for text in draw(rng, having, 1_200, 3, 12):
        full = short.sub(lambda match: _CONTRACTIONS[match[1]], text)
        if rng.random() < 0.6:
            instruction = rng.choice(
                (
                    "Rewrite the sentence without contractions.",
                    "Expand the contractions in this sentence.",
                    "Make this sentence more formal by expanding the contractions.",
                )
            )
            yield "contraction", instruction, text, full
        else:
            instruction = rng.choice(
                (
                    "Rewrite the sentence using contractions.",
                    "Make this sentence less formal by using contractions.",
                )
            )
            yield "contraction", instruction, full, text


_COMMAND = re.compile(
    r"(Please|Don't|Let's|Come|Go|Take|Give|Tell|Wait|Look|Stop|Open|Close|Listen|Put|Bring|Keep"
    r"|Leave|Show|Call|Turn|Try|Read|Write|Be|Get|Help|Stay|Sit|Stand)\b"
)


def sentence_types(sentences: Sentences, rng: random.Random) -> Rows:
    """Statement, question or command; half of the others come without their last character."""
    stops = [text for text in sentences.all if text.endswith(".")]
    pools = {
        "Statement": [text for text in stops if not _COMMAND.match(text)],
        "Question": [text for text in sentences.all if text.endswith("?")],
        "Command": [text for text in stops if _COMMAND.match(text)],
    }
    for label, pool in pools.items():
        for text in draw(rng, pool, 450 if label == "Command" else 550, 3, 12):
            instruction = rng.choice(
                (
                    "Is this sentence a statement, a question or a command?",
                    "Identify the type of sentence: statement, question or command.",
                    "Classify the sentence as a statement, question or command.",
                )
            )
            bare = label != "Command" and rng.random() < 0.5
            yield "sentence_type", instruction, text.rstrip(".?") if bare else text, label


# --- words of a sentence ------------------------------------------------------------------------

FUNCTION_WORDS = frozenset(
    """the a an is are was were am be been do does did i you he she it we they me him her us them my
    your his its our their this that these those to of in on at for with and or but not no so if as
    by from have has had can could will would should must may might what who how when where why
    which there here very too than then just about up out don't doesn't didn't isn't i'm it's that's
    let's get got go going one all some any much many more most make""".split()  # noqa: SIM905
)


def words_to_sentences(sentences: Sentences, rng: random.Random) -> Rows:
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
        if not words:
            continue
        count = min(len(words), rng.choice((1, 1, 2, 2, 3)))
        chosen = [words[position] for position in sorted(rng.sample(range(len(words)), count))]
        if count == 1:
            [word] = chosen
            instruction = rng.choice(
                (
                    f"Write a sentence using the word '{word}'.",
                    f"Use the word '{word}' in a sentence.",
                    f"Make a sentence with the word '{word}'.",
                    f"Give an example sentence with '{word}'.",
                )
            )
            yield "write_sentence", instruction, "", text
        else:
            instruction = rng.choice(
                (
                    "Write a sentence that uses all of these words.",
                    "Make a sentence with the following words.",
                    "Use these words in one sentence.",
                )
            )
            yield "write_sentence", instruction, ", ".join(chosen), text
    for text in draw(rng, sentences.statements, 900, 4, 7):
        first, *rest = text.rstrip(".").split()
        is_name = first == "I" or first.startswith("I'") or first in NAMES
        words = [first if is_name else first[0].lower() + first[1:], *rest]
        mixed = sample(rng, words, len(words))
        if mixed != words:
            instruction = rng.choice(
                (
                    "Put the words in the right order to make a sentence.",
                    "Rearrange these words into a correct sentence.",
                )
            )
            yield "reorder", instruction, " / ".join(mixed), text


def counting(sentences: Sentences, rng: random.Random) -> Rows:
    """Count words, name the first or last one, change the case."""
    for text in draw(rng, sentences.all, 1_100, 3, 9):
        words = re.findall(r"[A-Za-z0-9']+", text)
        kind = rng.random()
        if kind < 0.3:
            instruction = rng.choice(
                ("How many words are in this sentence?", "Count the words in the sentence.")
            )
            long = f"There are {len(words)} words in the sentence."
            yield "count_words", instruction, text, rng.choice((str(len(words)), long))
        elif kind < 0.5:
            yield "first_word", "What is the first word of this sentence?", text, words[0]
        elif kind < 0.7:
            yield "last_word", "What is the last word of this sentence?", text, words[-1]
        elif kind < 0.85:
            instruction = rng.choice(
                ("Write this sentence in capital letters.", "Convert the text to uppercase.")
            )
            yield "upper", instruction, text, text.upper()
        else:
            instruction = rng.choice(
                ("Write this sentence in lowercase.", "Convert the text to lowercase.")
            )
            yield "lower", instruction, text.upper(), text.lower()


def extraction(sentences: Sentences, rng: random.Random) -> Rows:
    """The names or the number in a sentence."""
    named = [text for text in sentences.all if re.search(r"\b(Tom|Mary)\b", text)]
    for text in draw(rng, named, 700, 4, 12):
        names = [word for word in re.findall("[A-Z][a-z]+", text) if word in NAMES]
        if names:
            instruction = rng.choice(
                (
                    "Extract the names of people from the sentence.",
                    "Which people are named in this sentence?",
                    "List the names mentioned in the text.",
                )
            )
            yield "extract_name", instruction, text, ", ".join(dict.fromkeys(names))
    numbered = [t for t in sentences.all if len(re.findall(r"\b\d[\d,.:]*\b", t)) == 1]
    for text in draw(rng, numbered, 500, 4):
        number = re.search(r"\d[\d,:]*(?:\.\d+)?", text)
        assert number is not None
        instruction = rng.choice(
            (
                "Extract the number from the sentence.",
                "What number is mentioned in this sentence?",
            )
        )
        yield "extract_number", instruction, text, number[0].rstrip(",:")
