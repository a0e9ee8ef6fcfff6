"""The tokenizer of the models: a rank file and one special token, with tiktoken doing the work.

`bpe.py` is the same algorithm written out to be read; this module is the fast and convenient
front: named vocabularies from the `weights` folder, token texts for display, and a decoder that
streams. tiktoken would fetch its vocabularies from the network: the rank files are vendored.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import regex
import tiktoken

from gpt2_scratch.vocabulary.bpe import GPT2_PATTERN, read_ranks
from gpt2_scratch.vocabulary.text import fold

END_OF_TEXT = "<|endoftext|>"

# Vendored: `whisper/assets/gpt2.tiktoken` of the PyPI source distribution openai-whisper 20250625
# (MIT licence, OpenAI). These are the 50,256 ranks of GPT-2's published vocabulary.
GPT2_RANKS_SHA256 = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"

# tiktoken's regex engine backtracks through a run of white space with text behind it, and panics
# when the run is near a million characters long. (The look-behind starts each run once: without it,
# a run that nothing follows would be tried again from each of its characters.)
_HUGE_SPACE = regex.compile(r"(?<!\s)\s{100000,}+(?=\S)")

# Files of the named vocabularies, in `weights_dir()`. "simple" is of simple modern text and has
# single digits; "tokenizer" is the older one, of old books.
RANK_FILES = {
    "simple": "simple.tiktoken",
    "tokenizer": "tokenizer.tiktoken",
    "gpt2": "gpt2.tiktoken",
}


def weights_dir() -> Path:
    """The folder with weights and vocabularies.

    It is the repository's `weights`, or what the environment variable GPT2_SCRATCH_WEIGHTS names.
    """
    override = os.environ.get("GPT2_SCRATCH_WEIGHTS")
    return Path(override) if override else Path(__file__).resolve().parents[2] / "weights"


class Tokenizer:
    """Text <-> token ids in [0, vocab_size). Keeps no state between calls: threads can share it.

    Args:
        ranks: token bytes -> id, ids 0..len(ranks)-1; `<|endoftext|>` gets the id len(ranks).
        name: what checkpoints call this vocabulary.
        pattern: the regular expression that cuts text into words.
        folds: whether the models of this vocabulary have learned from folded text, as ours have;
            OpenAI's have learned from the web's own spelling.
    """

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        name: str,
        pattern: str = GPT2_PATTERN,
        *,
        folds: bool = True,
    ) -> None:
        self.name = name
        self.folds = folds
        self.eot_id = len(ranks)
        self.vocab_size = len(ranks) + 1
        self._token_bytes = [*sorted(ranks, key=ranks.__getitem__), END_OF_TEXT.encode()]
        self._encoding = tiktoken.Encoding(
            name,
            pat_str=pattern,
            mergeable_ranks=dict(ranks),
            special_tokens={END_OF_TEXT: self.eot_id},
            explicit_n_vocab=self.vocab_size,
        )

    @classmethod
    def from_file(cls, path: str | Path) -> Tokenizer:
        """A tokenizer from a rank file, named after it. ValueError if the file is not one."""
        return cls(read_ranks(path), name=Path(path).stem)

    @classmethod
    def load(cls, name: str = "simple") -> Tokenizer:
        """A vocabulary from `weights_dir()`: one of ours (8,192 entries) or "gpt2" (50,257).

        Raises:
            ValueError: the name is unknown, or its file is missing, malformed or not the original.
        """
        if name not in RANK_FILES:
            known = ", ".join(RANK_FILES)
            raise ValueError(f"There is no tokenizer named {name!r}; choose one of: {known}.")
        path = weights_dir() / RANK_FILES[name]
        ranks = read_ranks(path)
        # One wrong id would garble every OpenAI checkpoint, silently.
        if name == "gpt2" and hashlib.sha256(path.read_bytes()).hexdigest() != GPT2_RANKS_SHA256:
            raise ValueError(
                f"{path} is not GPT-2's vocabulary (its sha256 differs from the published one); "
                "restore it with `git checkout`."
            )
        return cls(ranks, name, folds=name != "gpt2")

    def encode(self, text: str, allow_special: bool = False) -> list[int]:
        """Token ids of a text.

        `<|endoftext|>` in the text is ordinary text, unless `allow_special` is set: only then is
        it the one token that ends a document. A lone surrogate is read as U+FFFD.
        """
        ids: list[int] = []
        for part in _split_huge_space(text):
            if allow_special:
                ids += self._encoding.encode(part, allowed_special="all")
            else:
                ids += self._encoding.encode_ordinary(part)
        return ids

    def fold(self, text: str) -> str:
        """What a person typed, as the models of this vocabulary have learned to read it.

        Only characters are folded (see text.py): a space at the end of a prompt is meant.
        """
        return fold(text) if self.folds else text

    def encode_typed(self, text: str) -> list[int]:
        """Token ids of what a person typed. `<|endoftext|>` in it is ordinary text."""
        return self.encode(self.fold(text))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for each text, on all cores."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # tiktoken works outside Python's lock
            return list(pool.map(self.encode, texts))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids; bytes that are no UTF-8 (half a character) become U+FFFD.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        return b"".join([self.token_bytes(i) for i in ids]).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes that a token stands for. ValueError if the id is outside the vocabulary."""
        if not 0 <= token_id < self.vocab_size:
            raise ValueError(
                f"Token id {token_id} is outside the vocabulary of {self.name!r}, "
                f"which ends at {self.vocab_size - 1}."
            )
        return self._token_bytes[token_id]

    def token_text(self, token_id: int) -> str:
        """A token for display: its text, with bytes that are no whole character as `\\xe2`."""
        return self.token_bytes(token_id).decode("utf-8", errors="backslashreplace")


class IncrementalDecoder:
    """Decode a stream of tokens without ever showing half a character.

    A character outside ASCII is several bytes in UTF-8, and BPE may put them into several tokens.
    Decoding each token alone would show U+FFFD where an emoji is on its way; this decoder waits
    for its last byte. All pushes and the flush together equal `tokenizer.decode` of all ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_id: int) -> str:
        """The characters that this token completes; often one word, sometimes none."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def flush(self) -> str:
        """What is left at the end: U+FFFD for an unfinished character, else nothing.

        The decoder is empty afterwards and can be used again.
        """
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest


def _split_huge_space(text: str) -> list[str]:
    """Cut a text before the last character of each huge white space, where a word begins anyway."""
    starts = [0, *(match.end() - 1 for match in _HUGE_SPACE.finditer(text))]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
