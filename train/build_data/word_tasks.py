"""Tasks on single words: spelling (codespell) and meaning (Open English WordNet)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

from train.build_data.archives import Archive
from train.build_data.cleaning import any_of
from train.build_data.sentence_tasks import FUNCTION_WORDS, Sentences, draw
from train.build_data.tasks import Task, fill, is_clean, sample
from train.chat.english import capitalise

# --- spelling -----------------------------------------------------------------------------------


def codespell(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Words that are misspelled, alone and in a Tatoeba sentence.

    The dictionary's lines are "wrong->right"; those with a choice are left out.
    """
    dictionary, tatoeba = archives
    sentences = Sentences(tatoeba)
    wrong_of: dict[str, list[str]] = {}  # right spelling -> wrong ones
    for line in dictionary.text("codespell_lib/data/dictionary.txt").split("\n"):
        pair = re.fullmatch(r"([a-z]+)->\s*([a-z]+)\s*", line)
        if pair and pair[1] not in sentences.frequency:
            wrong_of.setdefault(pair[2], []).append(pair[1])
    words = [w for w in wrong_of if sentences.frequency[w] >= 2 and len(w) >= 4 and is_clean(w)]
    for word in sample(rng, words, 2_200):
        yield fill(rng, "codespell:spelling", right=word, wrong=rng.choice(wrong_of[word]))
    made = 0
    for text in draw(rng, sentences.all, 30_000, 4):
        known = [w for w in re.findall("[A-Za-z]+", text) if w in wrong_of and len(w) >= 4]
        if known and made < 2_600:
            word = rng.choice(known)
            wrong = re.sub(rf"\b{word}\b", rng.choice(wrong_of[word]), text, count=1)
            yield fill(rng, "codespell+tatoeba:spelling_sentence", wrong=wrong, text=text)
            made += 1


# --- meaning ------------------------------------------------------------------------------------

WORDNET = "open-english-wordnet"
_PARTS = {"n": "noun", "v": "verb", "a": "adjective", "s": "adjective", "r": "adverb"}
_LIMITS = {  # tasks of a kind; as many as make a balanced set
    "definition": 4_200, "example": 1_500, "synonym": 1_900, "antonym": 1_500, "hypernym": 700,
}  # fmt: skip


def wordnet_words(archive: Archive) -> set[str]:
    """The words that have an entry, without reading what the entries say."""
    words: set[str] = set()
    for _, text in archive.texts(r"src/yaml/entries-.*\.yaml"):
        words |= set(re.findall(r"^'?([a-z]+)'?:", text, re.MULTILINE))
    return words


class WordNet:
    """entries  word -> part of speech -> its senses; synsets  identity -> one meaning

    `sentences` says which words are common ones.
    """

    def __init__(self, archive: Archive, sentences: Sentences) -> None:
        import yaml  # comes with huggingface_hub

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one where there is one
        self.frequency = sentences.frequency
        self.entries: dict[str, dict[str, Any]] = {}
        self.synsets: dict[str, dict[str, Any]] = {}
        for path, text in archive.texts(r"src/yaml/(?!frames).*\.yaml"):
            name = path.rsplit("/", 1)[-1].removesuffix(".yaml")
            content = yaml.load(text, Loader=loader)
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
        """(part of speech, meaning): the part with most senses is the usual one, but nouns are
        explained more easily than verbs."""
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
        return part, self.synsets[senses[part][0]["synset"]]

    def synonyms(self, word: str, part: str, meaning: dict[str, Any]) -> list[str]:
        """Other common words of the same meaning, which is also their own first meaning."""
        return [
            other
            for other in meaning["members"]
            if other[:4] != word[:4]
            and self._is_common(other, times=3)
            and self._first_meaning(other, part) is meaning
        ]

    def antonyms(self, word: str) -> Iterator[str]:
        for entry in self.entries[word].values():
            for sense in entry.get("sense", [])[:3]:
                for identity in sense.get("antonym", []):
                    other = self.word_of_sense.get(identity, "")
                    if self._is_common(other, times=1):
                        yield other

    def kind(self, word: str, part: str, meaning: dict[str, Any]) -> str:
        """What a noun of few meanings is a kind of: a dog, an animal; "" if that is no common
        word."""
        entry = self.entries[word]
        things = ("noun.animal", "noun.artifact", "noun.person", "noun.plant")
        if part != "n" or meaning["file"] not in things or word.endswith("s"):
            return ""
        if len(entry) > 2 or len(entry["n"]["sense"]) > 3 or not meaning.get("hypernym"):
            return ""
        kind = self.synsets[meaning["hypernym"][0]]["members"][0]
        return kind if self._is_common(kind, times=3) and kind not in word else ""

    def _first_meaning(self, word: str, part: str) -> dict[str, Any] | None:
        """What the word usually means as this part of speech."""
        senses = self.entries.get(word, {}).get(part, {}).get("sense")
        return self.synsets[senses[0]["synset"]] if senses else None

    def _is_common(self, word: str, times: int) -> bool:
        is_word = re.fullmatch("[a-z]+", word) is not None
        return is_word and self.frequency[word] >= times and is_clean(word)


def open_english_wordnet(archives: Sequence[Archive], rng: random.Random) -> Iterator[Task]:
    """Definitions, examples, synonyms, antonyms and kinds of words that Tatoeba knows too."""
    sentences = Sentences(archives[1])
    wordnet = WordNet(archives[0], sentences)
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
        for kind, task in _tasks_on(word, wordnet, rng):
            if left[kind] > 0:
                left[kind] -= 1
                yield task
    for word in words[:2_600]:
        parts = [part for part in wordnet.entries[word] if part in _PARTS]
        if len(parts) == 1 and rng.random() < 0.5:
            yield fill(rng, f"{WORDNET}:part_of_speech", word=word, part=_PARTS[parts[0]])


def _tasks_on(word: str, wordnet: WordNet, rng: random.Random) -> Iterator[tuple[str, Task]]:
    """(kind of limit, task), of each kind for which the word's usual meaning has something."""
    usual = wordnet.usual_sense(word)
    if usual is None:
        return
    part, meaning = usual
    # The first part of the definition, without remarks in parentheses.
    gloss = re.sub(r"^\([^)]*\)\s*", "", meaning["definition"][0])
    gloss = gloss.split(";")[0].strip().rstrip(".")
    if not is_clean(gloss) or not 2 <= len(gloss.split()) <= 22:
        return
    about = {"word": word, "part": _PARTS[part], "gloss": gloss}
    if meaning["file"] != "noun.Tops":  # "entity" and the like
        task = "reverse_dictionary" if rng.random() < 0.15 else "definition"
        yield "definition", fill(rng, f"{WORDNET}:{task}", **about)
    if example := _example(word, meaning):
        with_gloss = part in "nvas" and rng.random() < 1 / 3
        task = "definition_example" if with_gloss else "write_sentence"
        yield "example", fill(rng, f"{WORDNET}:{task}", example=example, **about)
    if others := wordnet.synonyms(word, part, meaning):
        if rng.random() < 0.8:
            best = max(others, key=lambda other: wordnet.frequency[other])
            yield "synonym", fill(rng, f"{WORDNET}:synonym", word=word, other=best)
        elif len(others) > 1:
            two = {"first": others[0], "second": others[1]}
            yield "synonym", fill(rng, f"{WORDNET}:synonym/two", word=word, **two)
    for other in wordnet.antonyms(word):
        yield "antonym", fill(rng, f"{WORDNET}:antonym", word=word, other=other)
    if kind := wordnet.kind(word, part, meaning):
        yield "hypernym", fill(rng, f"{WORDNET}:hypernym", word=word, kind=kind)


def _example(word: str, meaning: dict[str, Any]) -> str:
    """The first example that is a sentence with the word; "" without one."""
    for example in meaning.get("example", []):
        text = example if isinstance(example, str) else example.get("text", "")
        is_sentence = 4 <= len(text.split()) <= 16 and any_of("wordnet: of a sentence").search(text)
        if is_sentence and re.search(rf"\b{re.escape(word)}\b", text) and is_clean(text):
            text = capitalise(text.strip('"').rstrip(".;,"))
            return text if text[-1] in "?!" else f"{text}."
    return ""
