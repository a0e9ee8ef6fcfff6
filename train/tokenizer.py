"""Train the vocabulary of our models: `python -m train.tokenizer`.

Writes `weights/simple.tiktoken` with one entry less than the vocabulary size: `<|endoftext|>` takes
the last id. The sample is chosen by counting, without a random number, so the same data give the
same file to the byte.

Each source gives as much of the sample as it is of the pretraining mixture, so that the words of
what the models read most become whole tokens. Tasks come in the chat template, whose words
fine-tuning will read in each example. Digits stay single.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from gpt2_scratch.chat import format_prompt
from gpt2_scratch.vocabulary.bpe import SINGLE_DIGITS_PATTERN, count_words, train_bpe, write_ranks
from gpt2_scratch.vocabulary.tokenizer import Tokenizer, weights_dir
from train.datasets import CORPUS, DatasetError, corpus_documents, load_instructions
from train.packing import INSTRUCT, MIXTURE

VOCAB_SIZE = 8192  # more would make the embedding the largest part of a small model
SAMPLE_BYTES = 80_000_000  # of UTF-8, from all sources


def sample(documents: Iterable[str], max_bytes: float) -> list[str]:
    """Every k-th document, with the smallest k that keeps about `max_bytes` of UTF-8.

    Neighbouring documents are often parts of the same book: spread out, they show more of a source
    than its first megabytes would.
    """
    documents = list(documents)
    total = sum(len(document.encode("utf-8")) for document in documents)
    return documents[:: max(1, math.ceil(total / max_bytes))]


def instruction_texts(split: str) -> list[str]:
    """Each task as the chat model will see it, so that the template's words become tokens."""
    return [
        format_prompt(task.instruction, task.input) + task.output
        for task in load_instructions("sft", split)
    ]


def count_corpus_words() -> Counter[bytes]:
    """Word counts of the training sample: each source of the mixture by its share."""
    word_counts: Counter[bytes] = Counter()
    for name, share in tqdm(MIXTURE.items(), desc="counting words", unit="source"):
        texts = instruction_texts("train") if name == INSTRUCT else corpus_documents(name, "train")
        word_counts += count_words(sample(texts, share * SAMPLE_BYTES), SINGLE_DIGITS_PATTERN)
    return word_counts


def bytes_per_token(tokenizer: Tokenizer, texts: list[str]) -> float:
    """How much text a token holds on average: UTF-8 bytes divided by tokens."""
    tokens = sum(len(ids) for ids in tokenizer.encode_batch(texts))
    return sum(len(text.encode("utf-8")) for text in texts) / tokens


def main(argv: list[str] | None = None) -> int:
    """Train, write and measure the vocabulary."""
    parser = argparse.ArgumentParser(
        prog="python -m train.tokenizer",
        description="Train the BPE vocabulary on the training split and write it as a rank file.",
    )
    parser.add_argument(
        "--vocab-size",
        type=int,
        default=VOCAB_SIZE,
        help="entries, <|endoftext|> included (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=weights_dir() / "simple.tiktoken",
        help="rank file to write (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    if arguments.vocab_size < 257:
        parser.error("--vocab-size must be at least 257: 256 bytes and <|endoftext|>")

    try:
        word_counts = count_corpus_words()
    except DatasetError as error:
        print(error)
        return 1
    print(f"{sum(word_counts.values()):,} words, {len(word_counts):,} different")
    with tqdm(total=arguments.vocab_size - 1 - 256, desc="merging", unit="merge") as bar:
        ranks = train_bpe(word_counts, arguments.vocab_size - 1, on_merge=lambda *_: bar.update())
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_ranks(arguments.out, ranks)
    print(f"wrote {len(ranks):,} ranks to {arguments.out}")

    print("bytes per token on validation text:")
    tokenizer = Tokenizer.from_file(arguments.out)
    validation = {
        source.name: list(corpus_documents(source.name, "validation")) for source in CORPUS
    }
    validation["instructions"] = instruction_texts("validation")
    for name, texts in validation.items():
        if texts:  # the smallest sources have no validation document
            print(f"  {name:20} {bytes_per_token(tokenizer, texts):.3f}")
    everything = [text for texts in validation.values() for text in texts]
    print(f"  {'all of it':20} {bytes_per_token(tokenizer, everything):.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
