"""A vocabulary in the files of the Hugging Face libraries: to our rank table, and back.

They keep what a rank table says in one line per token in two files: `vocab.json`, token -> id, and
`merges.txt`, the pairs of tokens in the order in which training merged them. `tokenizer.json` has
both and the settings of the tokenizers library. JSON cannot hold arbitrary bytes, so GPT-2 writes
each byte as a printable letter (a space is "Ġ"); that alphabet is `LETTERS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from gpt2_scratch.vocabulary.tokenizer import END_OF_TEXT, RANK_FILES, Tokenizer


def _letters() -> dict[int, str]:
    """Printable bytes are their own Latin-1 letters; the other 68 take letters from U+0100 on."""
    letters = {byte: chr(byte) for byte in (*range(33, 127), *range(161, 173), *range(174, 256))}
    rest = [byte for byte in range(256) if byte not in letters]
    return letters | {byte: chr(256 + place) for place, byte in enumerate(rest)}


LETTERS = _letters()
_BYTES = {letter: byte for byte, letter in LETTERS.items()}


# --- reading ----------------------------------------------------------------------------------


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """The tokenizer of a model folder; None if it has no vocabulary.

    A vocabulary equal to one of ours gets our name for it. Raises ValueError for files that are
    malformed or that a rank table cannot express.
    """
    for tokens_file, merges_file in (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")):
        if (folder / tokens_file).is_file() and (folder / merges_file).is_file():
            source = folder / tokens_file
            lines = (folder / merges_file).read_text(encoding="utf-8").split("\n")
            pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
            return _tokenizer(source, _json(source), pairs)
    source = folder / "tokenizer.json"
    if not source.is_file():
        return None
    model = _json(source).get("model")
    if not isinstance(model, Mapping) or model.get("type") != "BPE":
        raise ValueError(f"{source} is no byte-pair vocabulary, which is all that GPT-2 uses.")
    # END_OF_TEXT may stand among the tokens, or only among those added behind them.
    tokens = {END_OF_TEXT: len(model["vocab"])} | dict(model["vocab"])
    pairs = [p.split(" ") if isinstance(p, str) else p for p in model["merges"]]
    return _tokenizer(source, tokens, pairs)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON; fetch it again.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no JSON object; fetch it again.")
    return content


def _tokenizer(
    source: Path, vocabulary: Mapping[str, int], merges: Iterable[Iterable[str]]
) -> Tokenizer:
    tokens = {token: id for token, id in vocabulary.items() if token != END_OF_TEXT}
    try:
        ranks = {bytes(_BYTES[letter] for letter in token): id for token, id in tokens.items()}
    except KeyError as error:
        raise ValueError(
            f"{source} has a token with {error.args[0]!r}, which stands for no byte: only "
            f"{END_OF_TEXT} may be special."
        ) from error
    merged = ["".join(pair) for pair in merges]
    in_order = [vocabulary.get(token) for token in merged] == list(range(256, 256 + len(merged)))
    complete = sorted(ranks.values()) == list(range(256 + len(merged)))
    if not in_order or not complete or vocabulary.get(END_OF_TEXT) != len(ranks):
        raise ValueError(
            f"{source} does not number its tokens as GPT-2 does (256 bytes, then one per merge in "
            f"the order of the merges, then {END_OF_TEXT}), so this program cannot encode with it."
        )
    for name in RANK_FILES:
        try:
            known = Tokenizer.load(name)
        except ValueError:
            continue  # that file is missing or damaged, which is no matter of this folder
        if known.vocab_size == len(ranks) + 1 and all(
            known.token_bytes(id) == token for token, id in ranks.items()
        ):
            return known
    return Tokenizer(ranks, name=source.parent.name, folds=False)  # nobody says that they do


# --- writing ----------------------------------------------------------------------------------


def vocabulary(tokenizer: Tokenizer) -> dict[str, int]:
    """Token in `LETTERS` -> id, in the order of ids, `<|endoftext|>` last: `vocab.json`."""
    tokens = [tokenizer.token_bytes(id) for id in range(tokenizer.eot_id)]
    return {_spelled(token): id for id, token in enumerate(tokens)} | {
        END_OF_TEXT: tokenizer.eot_id
    }


def merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """The pair that each token was merged from, in the order of ids: `merges.txt`.

    A rank table does not store it, and need not: splitting a token with the ranks below its own
    ends at the two parts that training put together.
    """
    ranks = {tokenizer.token_bytes(id): id for id in range(tokenizer.eot_id)}
    pairs = []
    for token, rank in ranks.items():  # in the order of ids
        if len(token) > 1:
            left, right = _split(token, rank, ranks)
            pairs.append((_spelled(left), _spelled(right)))
    return pairs


def _split(token: bytes, rank: int, ranks: Mapping[bytes, int]) -> list[bytes]:
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        candidates = [ranks.get(a + b, rank) for a, b in pairwise(parts)]
        place = min(range(len(candidates)), key=candidates.__getitem__)
        if candidates[place] >= rank:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    if len(parts) != 2:
        raise ValueError(f"The token {token!r} is no merge of two tokens with lower ids.")
    return parts


def _spelled(token: bytes) -> str:
    return "".join(LETTERS[byte] for byte in token)
