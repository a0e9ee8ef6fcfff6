"""bpe.py: training by hand-computed merges, encoding by equality with tiktoken."""

from __future__ import annotations

import base64
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import regex
import tiktoken
from conftest import REPOSITORY
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gpt2_scratch.vocabulary.bpe import (
    GPT2_PATTERN,
    SINGLE_DIGITS_PATTERN,
    BytePairEncoder,
    count_words,
    read_ranks,
    replace_pair,
    train_bpe,
    utf8,
    write_ranks,
)

WEIGHTS = REPOSITORY / "weights"
EOT = "<|endoftext|>"

# The pattern as OpenAI published it with GPT-2 in 2019.
PATTERN_OF_2019 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

NASTY_TEXTS = {
    "empty": "",
    "emoji with joiners": "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 ❤️",
    "combining marks": "e\u0301 n\u0303 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "right to left": "שלום עולם مرحبا بالعالم \u202eabc\u202c",
    "no spaces": "我能吞下玻璃而不伤身体。ภาษาไทย 日本語",
    "line ends": "one\r\ntwo\rthree\n\n\nfour\r\n\r\n",
    "tabs": "\tif x:\n\t\treturn\t1\t",
    "many spaces": "a" + " " * 100 + "b" + " " * 7,
    "exotic spaces": "a\u00a0b\u2003c\u3000d\x85e\u2028f \u00a0 g",
    "contractions": "I'm we'll they've she'd it's don't you're I'M WE'LL o'clock '' 's 'tis 're're",
    "numbers": "3.14159 1,000,000 2²³ ½ Ⅷ ٣٤ x86_64 007",
    "nul and controls": "a\x00b\x00\x00 \x01\x1f\x7f",
    "special token": f"{EOT}a{EOT} {EOT}{EOT}\n{EOT}",
    "special look-alikes": "<|endoftext |> <|endoftext|<|endoftext|>|> <|ENDOFTEXT|> <|endoftext",
    "one letter": "a" * 5000,
    "two letters": "ab" * 2500,
    "one emoji": "😀" * 1000,
    "punctuation": "!?" * 1000 + "..." + "-" * 333,
    "long word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamte" * 20,
    "code": "for(int i=0;i<n;++i){printf(\"%d\\n\",a[i]);}  // naïve 'quotes'",
    "last code point": "\U0010ffff\ufffe\ufffd\ue000",
}  # fmt: skip

# Unassigned code points (Cn) are left out: they may be letters in a newer Unicode version, and the
# two regex libraries need not be of the same one.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn"])),
    st.text(st.sampled_from(" \t\r\n'stremvld.<|>endoftext019é👩\u200d\u0301"), max_size=60),
    st.lists(st.sampled_from([EOT, "<|", "|>", " ", "'ll", "the", "aaaa", "\n", "ñ"])).map("".join),
)


@pytest.fixture(scope="module", params=["simple", "tokenizer", "gpt2"])
def encoders(request: pytest.FixtureRequest) -> tuple[BytePairEncoder, tiktoken.Encoding]:
    """Our encoder and tiktoken's, over each of the two vocabularies."""
    ranks = read_ranks(WEIGHTS / f"{request.param}.tiktoken")
    special = {EOT: len(ranks)}
    reference = tiktoken.Encoding(
        request.param, pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens=special
    )
    return BytePairEncoder(ranks, special), reference


def assert_equal_to_tiktoken(
    encoders: tuple[BytePairEncoder, tiktoken.Encoding], text: str
) -> None:
    ours, reference = encoders
    ids = ours.encode(text)
    assert ids == reference.encode_ordinary(text)
    assert ours.decode(ids) == text
    ids = ours.encode(text, allowed_special="all")
    assert ids == reference.encode(text, allowed_special="all")
    assert ours.decode(ids) == text


class TestEncoding:
    @pytest.mark.parametrize("text", NASTY_TEXTS.values(), ids=NASTY_TEXTS.keys())
    def test_nasty_text_equals_tiktoken(
        self, encoders: tuple[BytePairEncoder, tiktoken.Encoding], text: str
    ) -> None:
        assert_equal_to_tiktoken(encoders, text)

    @given(text=texts)
    @settings(max_examples=400, deadline=None)
    def test_any_text_equals_tiktoken(
        self, encoders: tuple[BytePairEncoder, tiktoken.Encoding], text: str
    ) -> None:
        assert_equal_to_tiktoken(encoders, text)

    @pytest.mark.parametrize(
        ("text", "meaning"),
        [
            ("a\ud83d", "a\ufffd"),
            ("\ude00b", "\ufffdb"),
            ("\ud83d\ude00", "😀"),
            ("\ude00\ud83d", "\ufffd\ufffd"),
        ],
    )
    def test_lone_surrogates_become_the_replacement_character(
        self, encoders: tuple[BytePairEncoder, tiktoken.Encoding], text: str, meaning: str
    ) -> None:
        ours, reference = encoders
        assert ours.encode(text) == ours.encode(meaning) == reference.encode_ordinary(text)
        assert ours.decode(ours.encode(text)) == meaning

    @given(text=texts)
    @example(text="x \n\n")
    @example(text="\n \n y")
    @settings(deadline=None)
    def test_the_pattern_finds_the_words_of_the_published_one(self, text: str) -> None:
        assert regex.findall(GPT2_PATTERN, text) == regex.findall(PATTERN_OF_2019, text)

    def test_a_huge_word_is_encoded(
        self, encoders: tuple[BytePairEncoder, tiktoken.Encoding]
    ) -> None:
        # 200,000 bytes: a quadratic encoder would need hours here, not a second.
        ours, reference = encoders
        text = "ab" * 100_000
        assert ours.encode(text) == reference.encode_ordinary(text)

    def test_a_page_of_spaces_before_a_word(
        self, encoders: tuple[BytePairEncoder, tiktoken.Encoding]
    ) -> None:
        ours, reference = encoders
        text = " " * 20_000 + "x"
        assert ours.encode(text) == reference.encode_ordinary(text)

    def test_gpt2_ids_known_from_the_literature(self) -> None:
        ranks = read_ranks(WEIGHTS / "gpt2.tiktoken")
        encoder = BytePairEncoder(ranks, {EOT: 50256})
        assert encoder.encode("Every effort moves you") == [6109, 3626, 6100, 345]
        assert encoder.encode(f"Hello, world!{EOT}", "all") == [15496, 11, 995, 0, 50256]


class TestSpecialTokens:
    RANKS = {bytes([value]): value for value in range(256)}  # noqa: RUF012

    def test_only_on_request(self) -> None:
        encoder = BytePairEncoder(self.RANKS, {EOT: 256})
        assert encoder.encode(EOT) == list(EOT.encode())
        assert encoder.encode(f"a{EOT}b", "all") == [97, 256, 98]
        assert encoder.decode([97, 256, 98]) == f"a{EOT}b"

    def test_the_longest_one_wins(self) -> None:
        encoder = BytePairEncoder(self.RANKS, {"<a>": 256, "<a><b>": 257})
        assert encoder.encode("<a><b><a>", "all") == [257, 256]

    def test_none_at_all(self) -> None:
        assert BytePairEncoder(self.RANKS, {}).encode("hi", "all") == [104, 105]

    def test_no_word_reaches_across(self) -> None:
        # "  x" is [" ", " x"], but white space at the end of a part stays together.
        ranks = self.RANKS | {b"  ": 256}
        encoder = BytePairEncoder(ranks, {EOT: 257})
        assert encoder.encode(f"  {EOT}x", "all") == [256, 257, 120]

    def test_an_id_belongs_to_one_token(self) -> None:
        with pytest.raises(ValueError, match="share an id"):
            BytePairEncoder(self.RANKS, {EOT: 255})

    def test_a_byte_must_not_be_missing(self) -> None:
        with pytest.raises(ValueError, match="all 256 single bytes"):
            BytePairEncoder({b"a": 0}, {})


class TestDecoding:
    def test_half_a_character_becomes_the_replacement_character(self) -> None:
        encoder = BytePairEncoder(TestSpecialTokens.RANKS, {})
        assert encoder.decode([0xE2, 0x82]) == "\ufffd"
        assert encoder.decode([0xE2, 0x82, 0xAC]) == "€"

    @pytest.mark.parametrize("token_id", [-1, 257])
    def test_an_unknown_id_is_refused(self, token_id: int) -> None:
        encoder = BytePairEncoder(TestSpecialTokens.RANKS, {EOT: 256})
        with pytest.raises(ValueError, match=f"Token id {token_id} is not in the vocabulary"):
            encoder.decode([97, token_id])


def train_plainly(word_counts: Counter[bytes], vocab_size: int) -> list[bytes]:
    """The algorithm of the textbook: count all pairs again before each merge."""
    tokens = [bytes([value]) for value in range(256)]
    words = [([word[i : i + 1] for i in range(len(word))], n) for word, n in word_counts.items()]
    while len(tokens) < vocab_size:
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for parts, n in words:
            for pair in pairwise(parts):
                counts[pair] += n
        if not counts:
            break
        left, right = min(counts, key=lambda pair: (-counts[pair], pair))
        tokens.append(left + right)
        for parts, _ in words:
            i = 0
            while i + 1 < len(parts):
                if (parts[i], parts[i + 1]) == (left, right):
                    parts[i : i + 2] = [left + right]
                i += 1
    return tokens


class TestTraining:
    def test_words_are_counted_by_the_pattern(self) -> None:
        assert count_words(["a dog's dog.", "a dog"]) == Counter(
            {b"a": 2, b" dog": 3, b"'s": 1, b".": 1}
        )

    def test_hand_computed_merges(self) -> None:
        # Sennrich et al.'s words. Pairs: es 9 (6+3), st 9, we 8 (2+6); "es" < "st" breaks the tie.
        # Then es+t 9; then lo 7 = ow 7 (5+2), "l" < "o"; then lo+w 7; then ne, ew, w+est: 6 each,
        # "e","w" < "n","e" < "w","est".
        words = Counter({b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3})
        merges: list[tuple[bytes, int]] = []
        ranks = train_bpe(words, 261, on_merge=lambda token, count: merges.append((token, count)))
        assert merges == [(b"es", 9), (b"est", 9), (b"lo", 7), (b"low", 7), (b"ew", 6)]
        assert list(ranks)[256:] == [b"es", b"est", b"lo", b"low", b"ew"]
        encoder = BytePairEncoder(ranks, {})
        assert encoder.encode("lowest") == [259, 257]

    def test_overlapping_pairs_merge_from_the_left(self) -> None:
        assert replace_pair([1, 1, 1, 1, 1], (1, 1), 2) == [2, 2, 1]
        # aaaaa: (a, a) counts 4; then aa aa a: (aa, a) and (aa, aa) count 1 each, "a" < "aa".
        assert list(train_bpe({b"aaaaa": 1}, 260))[256:] == [b"aa", b"aaa", b"aaaaa"]

    def test_bytes_come_first_in_order(self) -> None:
        assert list(train_bpe({}, 256).items()) == [(bytes([i]), i) for i in range(256)]

    def test_it_ends_when_nothing_is_left_to_merge(self) -> None:
        assert list(train_bpe({b"ab": 1, b"c": 9}, 300))[256:] == [b"ab"]

    def test_a_vocabulary_holds_all_bytes(self) -> None:
        with pytest.raises(ValueError, match="at least 256"):
            train_bpe({b"ab": 1}, 255)

    @given(
        word_counts=st.dictionaries(
            st.text("abc", min_size=1, max_size=12).map(str.encode), st.integers(1, 4), max_size=8
        )
    )
    @settings(deadline=None)
    def test_equal_to_counting_again_in_every_round(self, word_counts: dict[bytes, int]) -> None:
        ranks = train_bpe(word_counts, 290)
        assert list(ranks) == train_plainly(Counter(word_counts), 290)
        assert list(ranks.values()) == list(range(len(ranks)))

    def test_the_order_of_the_words_does_not_matter(self) -> None:
        counts = count_words(["the cat sat on the mat, the dog sat on the log. Why? ¿Qué?"])
        backwards = dict(reversed(counts.items()))
        assert train_bpe(counts, 300) == train_bpe(backwards, 300)

    def test_single_digits_stay_single_whatever_pattern_encodes(self) -> None:
        texts = ["In 1984 there were 1984 of 1984.", "x1984 and 12 ²² or 12²"] * 3
        together = train_bpe(count_words(texts), 300)
        assert b" 1984" in together
        single = train_bpe(count_words(texts, SINGLE_DIGITS_PATTERN), 300)
        assert not [token for token in single if len(token) > 1 and regex.search(rb"\d", token)]
        for pattern in (GPT2_PATTERN, SINGLE_DIGITS_PATTERN):
            encoder = BytePairEncoder(single, {}, pattern)
            parts = [encoder.decode([i]) for i in encoder.encode("In 1984 x12")]
            assert parts[-9:] == [" ", "1", "9", "8", "4", " ", "x", "1", "2"]

    def test_text_with_lone_surrogates_can_be_counted(self) -> None:
        assert count_words(["\ud83d"]) == Counter({utf8("\ufffd"): 1})


class TestRankFiles:
    @pytest.mark.parametrize(
        ("name", "size"), [("simple", 8191), ("tokenizer", 8191), ("gpt2", 50256)]
    )
    def test_write_gives_the_bytes_that_were_read(
        self, tmp_path: Path, name: str, size: int
    ) -> None:
        ranks = read_ranks(WEIGHTS / f"{name}.tiktoken")
        assert list(ranks.values()) == list(range(size))
        write_ranks(tmp_path / "copy", ranks)
        assert (tmp_path / "copy").read_bytes() == (WEIGHTS / f"{name}.tiktoken").read_bytes()

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"Cannot read .*nothing\.tiktoken"):
            read_ranks(tmp_path / "nothing.tiktoken")

    def test_lfs_pointer(self, tmp_path: Path) -> None:
        path = tmp_path / "pointer.tiktoken"
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
        with pytest.raises(ValueError, match=r"Git LFS pointer.*git lfs pull"):
            read_ranks(path)

    GOOD = [base64.b64encode(bytes([i])).decode() + f" {i}" for i in range(256)]  # noqa: RUF012

    @pytest.mark.parametrize(
        ("lines", "sentence"),
        [
            ([*GOOD, "!!!! 256"], "line 257: expected a token in base64"),
            ([*GOOD, "YWI="], "line 257: expected a token in base64"),
            ([*GOOD, "YWI= many"], "line 257: expected a token in base64"),
            ([*GOOD, "YWI= 256 1"], "line 257: expected a token in base64"),
            ([*GOOD, "", "YWI= 256"], "line 257: expected a token in base64"),
            ([*GOOD, "YQ== 256"], "line 257: the token b'a' is in the file twice"),
            ([*GOOD, "YWI= 255"], "without gap or repetition"),
            ([*GOOD, "YWI= 257"], "without gap or repetition"),
            ([*GOOD, "YWI= -1"], "without gap or repetition"),
            (GOOD[:200], "not all 256 single bytes"),
            ([], "not all 256 single bytes"),
            ([*GOOD, " 256"], "not all 256 single bytes"),
        ],
    )
    def test_malformed(self, tmp_path: Path, lines: list[str], sentence: str) -> None:
        path = tmp_path / "bad.tiktoken"
        path.write_text("\n".join(lines))
        with pytest.raises(ValueError, match=regex.escape(sentence)) as error:
            read_ranks(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)

    def test_lines_may_come_in_any_order(self, tmp_path: Path) -> None:
        path = tmp_path / "shuffled.tiktoken"
        path.write_text("\n".join(reversed(self.GOOD)))
        assert list(read_ranks(path)) == [bytes([i]) for i in range(256)]
