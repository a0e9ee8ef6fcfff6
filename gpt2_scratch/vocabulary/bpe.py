"""Byte-level byte pair encoding (BPE) from scratch: train, encode, decode.

Gage (1994, "A New Algorithm for Data Compression") replaces the most frequent pair of neighbouring
bytes by a new symbol, again and again. Sennrich et al. (2016, "Neural Machine Translation of Rare
Words with Subword Units") turn the list of replacements into a vocabulary for language models:
frequent words become one token, rare words a few. GPT-2 (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners") starts from the 256 bytes of UTF-8, so that no text is ever
"unknown", and cuts the text into words with a regular expression first, so that no token crosses
a word's edge ("dog." and "dog!" share the token "dog").

A vocabulary is a *rank table*, `dict[bytes, int]`: token bytes -> token id. Ids count upwards in
the order in which training made the tokens, so an id is at the same time the token's *rank*: of
all merges that a word allows, the one that makes the lowest rank happens first. That is all
there is to encoding, and a table alone, without a list of pairs, is enough for it. Special
tokens such as `<|endoftext|>` are not in the table: they stand for no text, and get ids behind it.

`tests/vocabulary/test_bpe.py` proves this encoder equal to tiktoken, id for id. `tokenizer.py` uses
tiktoken, which does the same about eight times faster.
"""

from __future__ import annotations

import base64
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Literal

import regex

# GPT-2's word pattern: contractions, then letters, digits or punctuation, each with at most one
# space in front, then white space. `\s+(?!\S)` leaves the last space of a run to the next word.
# `++` is a possessive `+`, which never gives back what it took: the same words as with the pattern
# that OpenAI published in 2019, found without backtracking. What counts as a letter is the regex
# library's Unicode version; two libraries may differ on characters of the latest years.
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"

# The same with each digit a word of its own, for training only. A table that has met no longer
# numbers has no token that holds a digit beside anything else, so it cuts "1234" and " 12" into
# single digits whatever the pattern of the encoder: our models read numbers as they are added up,
# place by place (Touvron et al. 2023, section 2.1, https://arxiv.org/abs/2302.13971, do the same).
SINGLE_DIGITS_PATTERN = GPT2_PATTERN.replace(r" ?\p{N}++", r"\p{N}")

Pair = tuple[int, int]


def utf8(text: str) -> bytes:
    """The UTF-8 bytes of a text.

    Half of a surrogate pair has no UTF-8 form, though a Python string can hold one (the JSON text
    "\\ud83d" makes one). A lone half becomes U+FFFD; two that belong together, their character.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


# ---------------------------------------------------------------------------------------------
# Training


def count_words(texts: Iterable[str], pattern: str = GPT2_PATTERN) -> Counter[bytes]:
    """Cut texts into words and count them: all that training needs to know of a corpus."""
    find_words = regex.compile(pattern).findall
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(find_words(text))
    word_counts: Counter[bytes] = Counter()
    for word, count in counts.items():
        word_counts[utf8(word)] += count
    return word_counts


def replace_pair(symbols: list[int], pair: Pair, new: int) -> list[int]:
    """Replace each occurrence of a pair, from left to right.

    >>> replace_pair([1, 2, 3, 1, 2], (1, 2), 9)
    [9, 3, 9]
    """
    merged = []
    i = 0
    while i < len(symbols):
        if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def train_bpe(
    word_counts: Mapping[bytes, int],
    vocab_size: int,
    on_merge: Callable[[bytes, int], None] | None = None,
) -> dict[bytes, int]:
    """Learn a rank table: the 256 bytes in order of value, then one token per merge.

    Each round merges the most frequent pair of neighbouring tokens. Of pairs that are equally
    frequent the one whose bytes sort first wins, so the same counts always give the same table.

    The plain algorithm counts all pairs again in every round. This one looks only at the words
    that hold the merged pair (`pair_words`) and finds the next pair with a heap: a round costs what
    it changes, and 8,000 merges over 150,000 different words take about half a minute.

    Args:
        word_counts: how often each word occurs, from `count_words`.
        vocab_size: entries wanted, special tokens not counted, at least 256. The table ends
            earlier when every word has become one token.
        on_merge: called after each merge with the new token and the count of its pair.

    Returns:
        token bytes -> rank, in rank order.

    Raises:
        ValueError: vocab_size is below 256.
    """
    if vocab_size < 256:
        raise ValueError(f"vocab_size must be at least 256, one entry per byte, not {vocab_size}.")

    tokens = [bytes([value]) for value in range(256)]
    words = [list(word) for word in word_counts]
    frequencies = list(word_counts.values())

    pair_counts: Counter[Pair] = Counter()
    pair_words: defaultdict[Pair, set[int]] = defaultdict(set)
    for index, (symbols, frequency) in enumerate(zip(words, frequencies, strict=True)):
        for pair in pairwise(symbols):
            pair_counts[pair] += frequency
            pair_words[pair].add(index)

    def entry(pair: Pair) -> tuple[int, bytes, bytes, Pair]:
        # A heap gives its smallest item: the highest count first, then the smallest bytes.
        return -pair_counts[pair], tokens[pair[0]], tokens[pair[1]], pair

    heap = [entry(pair) for pair in pair_counts]
    heapq.heapify(heap)

    while len(tokens) < vocab_size and heap:
        negative_count, _, _, pair = heapq.heappop(heap)
        count = pair_counts[pair]
        if count != -negative_count:
            # The count has fallen since this entry was made (it rises only in the round that makes
            # a pair possible). Correct the entry now, instead of searching for it then.
            if count > 0:
                heapq.heappush(heap, entry(pair))
            continue

        new = len(tokens)
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
        changes: Counter[Pair] = Counter()
        for index in pair_words.pop(pair):
            before, frequency = words[index], frequencies[index]
            after = words[index] = replace_pair(before, pair, new)
            for old_pair in pairwise(before):
                changes[old_pair] -= frequency
            for new_pair in pairwise(after):
                changes[new_pair] += frequency
                if new in new_pair:
                    pair_words[new_pair].add(index)
        for changed, difference in changes.items():
            pair_counts[changed] += difference
            if difference > 0:
                heapq.heappush(heap, entry(changed))
        del pair_counts[pair]
        if on_merge is not None:
            on_merge(tokens[new], count)

    return {token: rank for rank, token in enumerate(tokens)}


# ---------------------------------------------------------------------------------------------
# Encoding and decoding


class BytePairEncoder:
    """Text <-> token ids with a rank table.

    Args:
        ranks: token bytes -> id, with all 256 single bytes; see `read_ranks` and `train_bpe`.
        special_tokens: the text of each special token -> its id, outside the ids of `ranks`.
        pattern: the regular expression that cuts text into words; the one of the training.

    Raises:
        ValueError: a single byte has no rank, or two tokens share an id.
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        pattern: str = GPT2_PATTERN,
    ) -> None:
        if any(bytes([value]) not in ranks for value in range(256)):
            raise ValueError("A rank table needs all 256 single bytes; some are missing.")
        self.ranks = dict(ranks)
        self.special_tokens = dict(special_tokens)
        self._token_bytes = {rank: token for token, rank in self.ranks.items()}
        self._token_bytes |= {i: utf8(text) for text, i in self.special_tokens.items()}
        if len(self._token_bytes) != len(self.ranks) + len(self.special_tokens):
            raise ValueError("Two tokens share an id; give every token an id of its own.")
        self._find_words = regex.compile(pattern).findall
        # Longest first: of two special tokens with the same beginning the longer one is meant.
        alternatives = sorted(self.special_tokens, key=len, reverse=True)
        self._special_pattern = (
            regex.compile("(" + "|".join(map(regex.escape, alternatives)) + ")")
            if alternatives
            else None
        )

    def encode(self, text: str, allowed_special: Literal["all", "none"] = "none") -> list[int]:
        """Token ids of a text; never fails, and `decode(encode(text)) == text`.

        With "none" a special token's text is text like any other: the right thing for everything
        that a user typed, who could otherwise end the document. With "all" it becomes its one id.
        (Lone surrogates are the one loss, see `utf8`.)
        """
        text = utf8(text).decode("utf-8")
        if allowed_special == "none" or self._special_pattern is None:
            return self._encode_ordinary(text)
        ids: list[int] = []
        for part in self._special_pattern.split(text):
            if part in self.special_tokens:
                ids.append(self.special_tokens[part])
            else:
                ids.extend(self._encode_ordinary(part))
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids. Bytes that are no UTF-8 (half a character) become U+FFFD.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        try:
            return b"".join([self._token_bytes[i] for i in ids]).decode("utf-8", errors="replace")
        except KeyError as error:
            raise ValueError(f"Token id {error.args[0]} is not in the vocabulary.") from None

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for word in self._find_words(text):
            ids.extend(self.encode_word(word.encode("utf-8")))
        return ids

    def encode_word(self, word: bytes) -> list[int]:
        """Token ids of one word: merge the pair of lowest rank (leftmost first) until none is left.

        Searching all pairs before each merge would be quadratic in the length of the word: minutes
        for 100,000 times "a". Here the pairs wait in a heap and the parts form a linked list, so a
        merge touches only its two neighbours: O(n log n) for n bytes.
        """
        if word in self.ranks:
            return [self.ranks[word]]

        end = len(word)
        parts = [word[i : i + 1] for i in range(end)]  # parts[i]: the token that starts at byte i
        following = list(range(1, end + 1))  # where the next token starts; `end` for the last one
        preceding = list(range(-1, end - 1))  # where the token before starts; -1 for the first one

        def pair_rank(i: int) -> int | None:
            """Rank of the token at i merged with the next one; None if that is no token."""
            if i < 0 or following[i] == end:
                return None
            return self.ranks.get(parts[i] + parts[following[i]])

        heap = [(rank, i) for i in range(end) if (rank := pair_rank(i)) is not None]
        heapq.heapify(heap)
        while heap:
            rank, i = heapq.heappop(heap)
            if not parts[i] or pair_rank(i) != rank:
                continue  # one of the two was merged with another neighbour meanwhile
            j = following[i]
            parts[i] += parts[j]
            parts[j] = b""  # swallowed
            following[i] = following[j]
            if following[i] < end:
                preceding[following[i]] = i
            for left in (preceding[i], i):
                if (new_rank := pair_rank(left)) is not None:
                    heapq.heappush(heap, (new_rank, left))
        return [self.ranks[part] for part in parts if part]


# ---------------------------------------------------------------------------------------------
# Rank files


def write_ranks(path: str | Path, ranks: Mapping[bytes, int]) -> None:
    """Write a rank table in tiktoken's format: per line a token in base64, a space, its rank."""
    lines = [
        base64.b64encode(token) + b" %d\n" % rank
        for token, rank in sorted(ranks.items(), key=lambda item: item[1])
    ]
    Path(path).write_bytes(b"".join(lines))


def read_ranks(path: str | Path) -> dict[bytes, int]:
    """Read a rank table that `write_ranks` or tiktoken wrote; in rank order.

    Raises:
        ValueError: the file is missing, is a Git LFS pointer, or is no complete rank table.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(
            f"Cannot read the rank file {path} ({error.strerror}); "
            "check the path, or restore the file with `git checkout`."
        ) from None
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        raise ValueError(f"{path} is a Git LFS pointer, not the file itself; run `git lfs pull`.")
    ranks: dict[bytes, int] = {}
    for line_number, line in enumerate(data.splitlines(), start=1):
        try:
            encoded, rank_text = line.split(b" ")
            token = base64.b64decode(encoded, validate=True)
            rank = int(rank_text)
        except ValueError:
            raise ValueError(
                f"{path}, line {line_number}: expected a token in base64, a space and its rank; "
                "restore the file with `git checkout`."
            ) from None
        if token in ranks:
            raise ValueError(
                f"{path}, line {line_number}: the token {token!r} is in the file twice; "
                "restore the file with `git checkout`."
            )
        ranks[token] = rank
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise ValueError(
            f"{path}: the ranks are not 0, 1, 2, ... without gap or repetition; "
            "restore the file with `git checkout`."
        )
    if b"" in ranks or any(bytes([value]) not in ranks for value in range(256)):
        raise ValueError(
            f"{path}: not all 256 single bytes are tokens; restore the file with `git checkout`."
        )
    return dict(sorted(ranks.items(), key=lambda item: item[1]))
