"""Tasks on single words: spelling (codespell) and meaning (Open English WordNet)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

from train.build_data.archives import Archive
from train.build_data.sentence_tasks import FUNCTION_WORDS, Sentences, draw
from train.build_data.tasks import Task, capitalise, is_clean, make, sample, with_article

# --- spelling -----------------------------------------------------------------------------------


def misspellings(archive: Archive, sentences: Sentences) -> dict[str, list[str]]:
    """Right spelling -> wrong ones. Lines are "wrong->right"; those with a choice are left out."""
    found: dict[str, list[str]] = {}
    for line in archive.text("codespell_lib/data/dictionary.txt").split("\n"):
        wrong, arrow, right = line.partition("->")
        is_one_word = re.fullmatch("[a-z]+", wrong) and re.fullmatch("[a-z]+", right.strip())
        if arrow and is_one_word and wrong not in sentences.frequency:
            found.setdefault(right.strip(), []).append(wrong)
    return found


def codespell(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Words that are misspelled, alone and in a Tatoeba sentence."""
    dictionary, tatoeba = archives
    sentences = Sentences(tatoeba)
    wrong_of = misspellings(dictionary, sentences)
    words = [w for w in wrong_of if sentences.frequency[w] >= 2 and len(w) >= 4 and is_clean(w)]
    for word in sample(rng, words, 2_200):
        yield make("codespell:spelling", *_spelling(word, rng.choice(wrong_of[word]), rng))
    made = 0
    for text in draw(rng, sentences.all, 30_000, 4):
        known = [w for w in re.findall("[A-Za-z]+", text) if w in wrong_of and len(w) >= 4]
        if not known or made == 2_600:
            continue
        word = rng.choice(known)
        misspelled = re.sub(rf"\b{word}\b", rng.choice(wrong_of[word]), text, count=1)
        instruction = rng.choice(
            (
                "Correct the spelling mistake in the sentence.",
                "Fix the spelling error in this sentence.",
                "Rewrite the sentence with correct spelling.",
                "There is a misspelled word in this sentence. Correct it.",
                "Proofread this sentence.",
            )
        )
        yield make("codespell+tatoeba:spelling_sentence", instruction, misspelled, text)
        made += 1


def _spelling(word: str, wrong: str, rng: random.Random) -> tuple[str, str, str]:
    kind = rng.random()
    if kind < 0.5:
        instruction = rng.choice(
            (
                "Correct the spelling of the following word.",
                "Fix the spelling mistake in this word.",
                "Write the correct spelling of this word.",
                "Spell this word correctly.",
            )
        )
        return instruction, wrong, word
    if kind < 0.75:
        instruction = rng.choice(
            (
                f"Correct the spelling of '{wrong}'.",
                f"What is the correct spelling of '{wrong}'?",
                f"How do you spell '{wrong}' correctly?",
            )
        )
        return instruction, "", rng.choice((word, f"The correct spelling is '{word}'."))
    if kind < 0.9:
        first, second = sample(rng, (wrong, word), 2)
        question = f"Which spelling is correct: '{first}' or '{second}'?"
        return question, "", f"'{word}' is the correct spelling."
    instruction = rng.choice(
        ("Is this word spelled correctly?", "Check the spelling of this word.")
    )
    if rng.random() < 0.6:
        return instruction, wrong, f"No. The correct spelling is '{word}'."
    return instruction, word, f"Yes, '{word}' is spelled correctly."


# --- meaning ------------------------------------------------------------------------------------

WORDNET = "open-english-wordnet"
_PARTS = {"n": "noun", "v": "verb", "a": "adjective", "s": "adjective", "r": "adverb"}
_LIMITS = {  # tasks of a kind; as many as make a balanced set
    "definition": 4_200, "example": 1_500, "synonym": 1_900, "antonym": 1_500, "hypernym": 700,
}  # fmt: skip


def wordnet_words(archive: Archive) -> set[str]:
    """The words that have an entry, without reading what the entries say."""
    words: set[str] = set()
    for path in archive.paths(r"src/yaml/entries-.*\.yaml"):
        words |= set(re.findall(r"^'?([a-z]+)'?:", archive.text(path), re.MULTILINE))
    return words


class WordNet:
    """entries  word -> part of speech -> its senses; synsets  identity -> one meaning"""

    def __init__(self, archive: Archive) -> None:
        import yaml  # comes with huggingface_hub

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one where there is one
        self.entries: dict[str, dict[str, Any]] = {}
        self.synsets: dict[str, dict[str, Any]] = {}
        for path in archive.paths(r"src/yaml/.*\.yaml"):
            name = path.rsplit("/", 1)[-1].removesuffix(".yaml")
            if name == "frames":
                continue
            content = yaml.load(archive.text(path), Loader=loader)
            if name.startswith("entries-"):
                self.entries |= {str(word): entry for word, entry in content.items()}
            else:
                self.synsets |= {k: synset | {"file": name} for k, synset in content.items()}
        self.word_of_sense = {
            sense["id"]: word
            for word, entry in self.entries.items()
            for part in entry.values()
            for sense in part.get("sense", [])
        }

    def usual_sense(self, word: str) -> tuple[str, dict[str, Any]] | None:
        """(part of speech, first sense): the part with most senses is the usual one, but nouns
        are explained more easily than verbs."""
        senses = {
            part: entry["sense"]
            for part, entry in self.entries[word].items()
            if part in _PARTS and entry.get("sense")
        }
        if not senses:
            return None
        part = max(senses, key=lambda p: (len(senses[p]), p == "n"))
        if part == "v" and len(senses.get("n", [])) >= 0.5 * len(senses["v"]):
            part = "n"
        return part, senses[part][0]

    def gloss(self, synset: str) -> str:
        """The first part of the definition, without remarks in parentheses."""
        text = re.sub(r"^\([^)]*\)\s*", "", self.synsets[synset]["definition"][0])
        return text.split(";")[0].strip().rstrip(".")

    def first_synset(self, word: str, part: str) -> str | None:
        """What the word usually means as this part of speech."""
        senses = self.entries.get(word, {}).get(part, {}).get("sense")
        return senses[0]["synset"] if senses else None


def open_english_wordnet(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Definitions, examples, synonyms, antonyms and kinds of words that Tatoeba knows too."""
    wordnet, sentences = WordNet(archives[0]), Sentences(archives[1])
    words = [
        word
        for word, count in sentences.frequency.most_common()
        if count >= 3
        and len(word) >= 3
        and word in wordnet.entries
        and word not in FUNCTION_WORDS
        and is_clean(word)
    ]
    rng.shuffle(words)
    left = dict(_LIMITS)
    for word in words:
        usual = wordnet.usual_sense(word)
        if usual is None:
            continue
        part, sense = usual
        gloss = wordnet.gloss(sense["synset"])
        if not is_clean(gloss) or not 2 <= len(gloss.split()) <= 22:
            continue
        for kind, tasks in (
            ("definition", _definition(word, part, gloss, wordnet.synsets[sense["synset"]], rng)),
            ("example", _example(word, part, gloss, wordnet.synsets[sense["synset"]], rng)),
            ("synonym", _synonym(word, part, sense["synset"], wordnet, sentences, rng)),
            ("antonym", _antonyms(word, wordnet, sentences, rng)),
            ("hypernym", _hypernym(word, part, sense["synset"], wordnet, sentences, rng)),
        ):
            for task in tasks:
                if left[kind] > 0:
                    left[kind] -= 1
                    yield task
    question = (
        "What part of speech is this word?",
        "Is this word a noun, a verb, an adjective or an adverb?",
    )
    for word in words[:2_600]:
        parts = [part for part in wordnet.entries[word] if part in _PARTS]
        if len(parts) == 1 and rng.random() < 0.5:
            answer = capitalise(_PARTS[parts[0]])
            yield make(f"{WORDNET}:part_of_speech", rng.choice(question), word, answer)


def _definition(
    word: str, part: str, gloss: str, synset: dict[str, Any], rng: random.Random
) -> Iterator[Task]:
    if synset["file"] == "noun.Tops":  # "entity" and the like
        return
    kind = rng.random()
    if kind < 0.4:
        instruction = rng.choice(
            (
                f"What does the word '{word}' mean?",
                f"What is the meaning of '{word}'?",
                f"Define '{word}'.",
                f"Define the word '{word}'.",
            )
        )
        yield make(f"{WORDNET}:definition", instruction, "", f"{capitalise(gloss)}.")
    elif kind < 0.6:
        instruction = rng.choice(
            (
                "Define the following word.",
                "Give a short definition of this word.",
                "Explain the meaning of this word.",
            )
        )
        yield make(f"{WORDNET}:definition", instruction, word, f"{capitalise(gloss)}.")
    elif kind < 0.85:
        instruction = rng.choice(
            (
                f"Explain the word '{word}'.",
                f"What does '{word}' mean?",
                f"Tell me the meaning of the word '{word}'.",
            )
        )
        answer = f"The {_PARTS[part]} '{word}' means: {gloss}."
        yield make(f"{WORDNET}:definition", instruction, "", answer)
    else:
        instruction = rng.choice(
            ("Which word fits this definition?", "What is the word for this definition?")
        )
        given = f"{capitalise(gloss)} ({_PARTS[part]})"
        yield make(f"{WORDNET}:reverse_dictionary", instruction, given, word)


def _example(
    word: str, part: str, gloss: str, synset: dict[str, Any], rng: random.Random
) -> Iterator[Task]:
    whole = re.compile(  # an example that is a sentence has a verb or a pronoun
        r"\b(is|was|are|were|has|had|have|he|she|i|they|you|we|will|can|did|don't|it)\b",
        re.IGNORECASE,
    )
    texts = (e if isinstance(e, str) else e.get("text", "") for e in synset.get("example", []))
    for text in texts:
        if not (
            re.search(rf"\b{re.escape(word)}\b", text)
            and 4 <= len(text.split()) <= 16
            and is_clean(text)
            and whole.search(text)
        ):
            continue
        text = capitalise(text.strip('"').rstrip(".;,"))
        text += "" if text[-1] in "?!" else "."
        if part in "nvas" and rng.random() < 1 / 3:
            instruction = rng.choice(
                (
                    f"Explain the word '{word}' and give an example.",
                    f"What does '{word}' mean? Give an example sentence.",
                    f"Define '{word}' and use it in a sentence.",
                )
            )
            answer = f"The {_PARTS[part]} '{word}' means: {gloss}. For example: {text}"
            yield make(f"{WORDNET}:definition_example", instruction, "", answer)
        else:
            instruction = rng.choice(
                (
                    f"Use '{word}' in a sentence.",
                    f"Give an example of how to use the word '{word}'.",
                    f"Write a short example with the word '{word}'.",
                )
            )
            yield make(f"{WORDNET}:write_sentence", instruction, "", text)
        return


def _synonym(
    word: str, part: str, synset: str, wordnet: WordNet, sentences: Sentences, rng: random.Random
) -> Iterator[Task]:
    """Another common word of the same meaning, which is also its own first meaning."""
    others = [
        other
        for other in wordnet.synsets[synset]["members"]
        if other != word
        and re.fullmatch("[a-z]+", other)
        and sentences.frequency[other] >= 3
        and other[:4] != word[:4]
        and is_clean(other)
        and wordnet.first_synset(other, part) == synset
    ]
    if not others:
        return
    best = max(others, key=lambda other: sentences.frequency[other])
    kind = rng.random()
    if kind < 0.4:
        instruction = rng.choice(
            (
                "Give a synonym for this word.",
                "Find a synonym for the given word.",
                "Provide a word with a similar meaning.",
            )
        )
        yield make(f"{WORDNET}:synonym", instruction, word, best)
    elif kind < 0.8:
        instruction = rng.choice(
            (
                f"What is a synonym for '{word}'?",
                f"Give a synonym for '{word}'.",
                f"What is another word for '{word}'?",
            )
        )
        answer = rng.choice((f"{capitalise(best)}.", f"A synonym for '{word}' is '{best}'."))
        yield make(f"{WORDNET}:synonym", instruction, "", answer)
    elif len(others) > 1:
        answer = f"{capitalise(others[0])} and {others[1]}."
        yield make(f"{WORDNET}:synonym", f"Give two synonyms for '{word}'.", "", answer)


def _antonyms(
    word: str, wordnet: WordNet, sentences: Sentences, rng: random.Random
) -> Iterator[Task]:
    for entry in wordnet.entries[word].values():
        for sense in entry.get("sense", [])[:3]:
            for identity in sense.get("antonym", []):
                other = wordnet.word_of_sense.get(identity, "")
                if not re.fullmatch("[a-z]+", other) or not sentences.frequency[other]:
                    continue
                if not is_clean(other):
                    continue
                if rng.random() < 0.5:
                    instruction = rng.choice(
                        (
                            "Give the opposite of this word.",
                            "Write an antonym of the given word.",
                            "What is the opposite of this word?",
                        )
                    )
                    yield make(f"{WORDNET}:antonym", instruction, word, other)
                else:
                    instruction = rng.choice(
                        (
                            f"What is the opposite of '{word}'?",
                            f"What is an antonym of '{word}'?",
                            f"Give the antonym of '{word}'.",
                        )
                    )
                    long = f"The opposite of '{word}' is '{other}'."
                    answer = rng.choice((f"{capitalise(other)}.", long))
                    yield make(f"{WORDNET}:antonym", instruction, "", answer)


def _hypernym(
    word: str, part: str, synset: str, wordnet: WordNet, sentences: Sentences, rng: random.Random
) -> Iterator[Task]:
    """ "A dog is a kind of animal", for nouns of few meanings."""
    entry, meaning = wordnet.entries[word], wordnet.synsets[synset]
    things = ("noun.animal", "noun.artifact", "noun.person", "noun.plant")
    if part != "n" or meaning["file"] not in things or word.endswith("s"):
        return
    if len(entry) > 2 or len(entry["n"]["sense"]) > 3 or not meaning.get("hypernym"):
        return
    kind = wordnet.synsets[meaning["hypernym"][0]]["members"][0]
    is_common = re.fullmatch("[a-z]+", kind) and sentences.frequency[kind] >= 3
    if is_common and is_clean(kind) and kind not in word:
        thing = with_article(word)
        instruction = rng.choice(
            (f"What kind of thing is {thing}?", f"What type of thing is {thing}?")
        )
        answer = f"{capitalise(thing)} is a kind of {kind}."
        yield make(f"{WORDNET}:hypernym", instruction, "", answer)
