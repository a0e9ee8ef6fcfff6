"""tokenizer.py: the named vocabularies, special tokens, streaming; and the training command."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import train.tokenizer
from gpt2_scratch.chat import format_prompt
from gpt2_scratch.vocabulary.bpe import (
    SINGLE_DIGITS_PATTERN,
    BytePairEncoder,
    count_words,
    read_ranks,
    train_bpe,
    write_ranks,
)
from gpt2_scratch.vocabulary.tokenizer import (
    END_OF_TEXT,
    RANK_FILES,
    IncrementalDecoder,
    Tokenizer,
    weights_dir,
)
from train.datasets import DatasetError, Instruction
from train.packing import INSTRUCT

SIZES = {"simple": 8192, "tokenizer": 8192, "gpt2": 50257}
STREAMED = "A naïve 👩‍👩‍👧‍👦 family: ½ → שלום, 我能吞下玻璃 e\u0301 😀😀"


@pytest.fixture(scope="module", params=SIZES)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.load(request.param)


class TestLoading:
    def test_names_and_sizes(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.vocab_size == SIZES[tokenizer.name]
        assert tokenizer.eot_id == tokenizer.vocab_size - 1
        assert tokenizer.token_bytes(tokenizer.eot_id) == END_OF_TEXT.encode()

    def test_from_file_takes_the_name_of_the_file(self, tmp_path: Path) -> None:
        write_ranks(tmp_path / "mine.tiktoken", train_bpe({b"hello": 1}, 258))
        mine = Tokenizer.from_file(tmp_path / "mine.tiktoken")
        assert (mine.name, mine.vocab_size, mine.eot_id) == ("mine", 259, 258)
        assert mine.decode(mine.encode("hello")) == "hello"

    def test_unknown_name(self) -> None:
        with pytest.raises(ValueError, match=r"no tokenizer named 'gpt3'.*simple, tokenizer, gpt2"):
            Tokenizer.load("gpt3")

    def test_the_weights_folder_can_be_moved_at_any_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = weights_dir()
        assert (original / RANK_FILES["gpt2"]).is_file()
        monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
        assert weights_dir() == tmp_path
        with pytest.raises(ValueError, match=r"Cannot read .*simple\.tiktoken"):
            Tokenizer.load()
        shutil.copy(original / "simple.tiktoken", tmp_path)
        assert Tokenizer.load().vocab_size == 8192
        monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", "")
        assert weights_dir() == original

    def test_gpt2_ranks_must_be_the_published_ones(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ranks = read_ranks(weights_dir() / RANK_FILES["gpt2"])
        ranks[b"!"], ranks[b'"'] = ranks[b'"'], ranks[b"!"]
        write_ranks(tmp_path / "gpt2.tiktoken", ranks)
        monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
        with pytest.raises(ValueError, match="is not GPT-2's vocabulary"):
            Tokenizer.load("gpt2")


class TestEncoding:
    @given(text=st.text())
    @settings(deadline=None)
    def test_round_trip(self, tokenizer: Tokenizer, text: str) -> None:
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.decode(tokenizer.encode(text, allow_special=True)) == text

    def test_special_token_is_text_unless_allowed(self, tokenizer: Tokenizer) -> None:
        text = f"one{END_OF_TEXT}two"
        assert tokenizer.eot_id not in tokenizer.encode(text)
        with_special = tokenizer.encode(text, allow_special=True)
        assert with_special == [
            *tokenizer.encode("one"),
            tokenizer.eot_id,
            *tokenizer.encode("two"),
        ]
        assert tokenizer.decode(with_special) == tokenizer.decode(tokenizer.encode(text)) == text

    def test_lone_surrogates(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.decode(tokenizer.encode("a\ud83d b")) == "a\ufffd b"
        assert tokenizer.decode(tokenizer.encode("a\ud83d b", allow_special=True)) == "a\ufffd b"

    def test_batch(self, tokenizer: Tokenizer) -> None:
        texts = ["", "one", f"two {END_OF_TEXT}", "\ud83d", "two"] * 50
        assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]
        assert tokenizer.encode_batch([]) == []

    @pytest.mark.parametrize("allow_special", [False, True])
    def test_white_space_too_long_for_tiktokens_regex(
        self, tokenizer: Tokenizer, allow_special: bool
    ) -> None:
        run = "\n" * 1_200_000  # tiktoken alone panics here
        for text in (run, run + "x", f"a {run} b\t{run}"):
            assert tokenizer.decode(tokenizer.encode(text, allow_special)) == text

    def test_cutting_huge_white_space_changes_no_token(self, tokenizer: Tokenizer) -> None:
        ranks = read_ranks(weights_dir() / RANK_FILES[tokenizer.name])
        reference = BytePairEncoder(ranks, {})
        text = "one" + " " * 100_001 + "two" + "\n" * 100_002 + "three" + " " * 100_003
        assert tokenizer.encode(text) == reference.encode(text)

    def test_words_of_the_chat_template_are_single_tokens(self) -> None:
        ours = Tokenizer.load()
        tokens = [ours.token_text(i) for i in ours.encode(format_prompt("Go.", "x"))]
        assert {"###", " Instruction", " Input", " Response"} <= set(tokens)


class TestDecoding:
    @pytest.mark.parametrize("token_id", [-1, -8192, 50257, 10**30])
    def test_ids_outside_the_vocabulary_are_refused(
        self, tokenizer: Tokenizer, token_id: int
    ) -> None:
        for refuse in (
            lambda: tokenizer.decode([0, token_id]),
            lambda: tokenizer.token_bytes(token_id),
            lambda: tokenizer.token_text(token_id),
            lambda: IncrementalDecoder(tokenizer).push(token_id),
        ):
            with pytest.raises(ValueError, match=f"Token id {token_id} is outside"):
                refuse()

    def test_token_bytes_add_up(self, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode(STREAMED)
        assert b"".join(tokenizer.token_bytes(i) for i in ids) == STREAMED.encode()

    def test_token_text_shows_broken_characters_as_bytes(self, tokenizer: Tokenizer) -> None:
        ranks = read_ranks(weights_dir() / RANK_FILES[tokenizer.name])
        assert tokenizer.token_text(ranks[b" the"]) == " the"
        assert tokenizer.token_text(ranks[b"\xe2"]) == "\\xe2"
        assert tokenizer.token_text(tokenizer.eot_id) == END_OF_TEXT


class TestIncrementalDecoder:
    def test_never_half_a_character(self, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode(STREAMED)
        decoder = IncrementalDecoder(tokenizer)
        pieces = [decoder.push(i) for i in ids]
        assert "" in pieces  # some token was half a character, and was held back
        assert all("\ufffd" not in piece for piece in pieces)
        assert "".join(pieces) == STREAMED
        assert decoder.flush() == ""

    def test_flush_gives_the_rest(self, tokenizer: Tokenizer) -> None:
        ranks = read_ranks(weights_dir() / RANK_FILES[tokenizer.name])
        decoder = IncrementalDecoder(tokenizer)
        assert decoder.push(ranks[b"a"]) == "a"
        assert decoder.push(ranks[b"\xf0"]) == ""
        assert decoder.push(ranks[b"\x9f"]) == ""
        assert decoder.flush() == "\ufffd"
        assert decoder.flush() == ""
        assert decoder.push(ranks[b"b"]) == "b"  # and it starts afresh

    def test_a_wrong_byte_is_replaced_and_the_text_goes_on(self, tokenizer: Tokenizer) -> None:
        ranks = read_ranks(weights_dir() / RANK_FILES[tokenizer.name])
        decoder = IncrementalDecoder(tokenizer)
        assert decoder.push(ranks[b"\xe2"]) == ""
        assert decoder.push(ranks[b"a"]) == "\ufffda"

    @given(data=st.data())
    @settings(deadline=None)
    def test_equal_to_decoding_at_once(self, tokenizer: Tokenizer, data: st.DataObject) -> None:
        # Single bytes are among the first 256 ids of both vocabularies: many broken characters.
        token = st.one_of(st.integers(0, 255), st.integers(0, tokenizer.vocab_size - 1))
        ids = data.draw(st.lists(token, max_size=30))
        decoder = IncrementalDecoder(tokenizer)
        streamed = "".join(decoder.push(i) for i in ids) + decoder.flush()
        assert streamed == tokenizer.decode(ids)


class TestTrainingCommand:
    TEXTS = {  # noqa: RUF012
        ("tales", "train"): ["Once upon a time, a fox met a crow.", "The fox smiled."] * 3,
        ("tales", "validation"): ["Once upon a time, a crow met a fox."],
        ("talk", "train"): ["User: hello fox\nAssistant: hello crow"],
        ("talk", "validation"): [],
    }
    TASK = Instruction("Name a bird.", "", "A crow.", "made up")

    @pytest.fixture(autouse=True)
    def small_data(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sources = (SimpleNamespace(name="tales"), SimpleNamespace(name="talk"))
        shares = {"tales": 0.6, "talk": 0.3, INSTRUCT: 0.1}
        monkeypatch.setattr(train.tokenizer, "CORPUS", sources)
        monkeypatch.setattr(train.tokenizer, "MIXTURE", shares)
        monkeypatch.setattr(
            train.tokenizer, "corpus_documents", lambda name, split: iter(self.TEXTS[name, split])
        )
        monkeypatch.setattr(train.tokenizer, "load_instructions", lambda name, split: [self.TASK])

    def test_it_writes_what_bpe_learns_from_the_training_text(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "new" / "small.tiktoken"
        assert train.tokenizer.main(["--vocab-size", "281", "--out", str(out)]) == 0
        texts = [
            *self.TEXTS["tales", "train"],
            *self.TEXTS["talk", "train"],
            format_prompt("Name a bird.") + "A crow.",
        ]
        expected = train_bpe(count_words(texts, SINGLE_DIGITS_PATTERN), 280)
        assert read_ranks(out) == expected

        small = Tokenizer.from_file(out)
        assert small.vocab_size == 281
        text = self.TEXTS["tales", "validation"][0]
        printed = capsys.readouterr().out
        assert f"tales                {len(text) / len(small.encode(text)):.3f}" in printed
        assert "talk" not in printed  # it has no validation text to measure on

    def test_missing_data_is_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def unreachable(name: str, split: str) -> list[str]:
            raise DatasetError("tales cannot be reached.")

        monkeypatch.setattr(train.tokenizer, "corpus_documents", unreachable)
        assert train.tokenizer.main(["--out", str(tmp_path / "x")]) == 1
        assert capsys.readouterr().out == "tales cannot be reached.\n"

    def test_too_small_a_vocabulary(self) -> None:
        with pytest.raises(SystemExit):
            train.tokenizer.main(["--vocab-size", "256"])

    def test_sample_spreads_over_the_documents(self) -> None:
        documents = [f"{i:04}" for i in range(1000)]  # 4 bytes each
        assert train.tokenizer.sample(documents, 4000) == documents
        assert train.tokenizer.sample(documents, 1000) == documents[::4]
        assert train.tokenizer.sample(documents, 999) == documents[::5]
        assert train.tokenizer.sample(["äöü"] * 10, 30) == ["äöü"] * 5  # bytes, not characters
        assert train.tokenizer.sample([], 10) == []
