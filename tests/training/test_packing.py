"""Packing to token shards, and batches as a pure function of seed and step."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import datasets, packing
from train.data.catalogue import DATASETS
from train.packing import PackedSource, PackingError, TokenMixture, pack

TALES = [f"Tale {i}: the fox ran to the h\u00f6use, then home again." for i in range(500)]
TALKS = [f"A: Hello {i}!\nB: Good day, how are you?" for i in range(300)]
TASKS = [
    {"instruction": f"Add {i} and 1.", "input": "" if i % 2 else "Quickly.", "output": str(i + 1)}
    for i in range(20)
]


def byte_tokenizer(extra: tuple[bytes, ...] = (b"th", b"he", b"the", b"ox")) -> Tokenizer:
    """All 256 bytes and a few merges."""
    tokens = [bytes([value]) for value in range(256)] + list(extra)
    return Tokenizer({token: rank for rank, token in enumerate(tokens)}, name="bytes")


@pytest.fixture(autouse=True)
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A mirror with two tiny corpora and a tiny instruction file."""
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "mirror"))
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "SFT_VALIDATION_LINES", 5)

    def write(name: str, text: str) -> None:
        path = tmp_path / "mirror" / DATASETS[name].filename
        path.parent.mkdir(parents=True, exist_ok=True)
        data = lzma.compress(text.encode())
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], sha256=digest))

    write("fairytales", "\n<|endoftext|>\n".join(TALES))
    write("topicalchat", "\n<|endoftext|>\n".join(TALKS))
    write("sft", "".join(json.dumps(task) + "\n" for task in TASKS))
    return write


def pack_all(**arguments: object) -> dict[str, PackedSource]:
    names = ("fairytales", "topicalchat", "instruct")
    return pack(byte_tokenizer(), names, **arguments)  # type: ignore[arg-type]


def split_documents(source: PackedSource, split: str) -> list[str]:
    """Decode a shard and cut it at the end-of-text tokens."""
    tokenizer = byte_tokenizer()
    documents: list[list[int]] = [[]]
    for token_id in source.tokens(split).tolist():
        if token_id == tokenizer.eot_id:
            documents.append([])
        else:
            documents[-1].append(token_id)
    assert documents.pop() == []  # every document is closed
    return [tokenizer.decode(ids) for ids in documents]


# --- shards ------------------------------------------------------------------------------------


def test_shards_decode_to_the_documents() -> None:
    packed = pack_all()["fairytales"]
    train = split_documents(packed, "train")
    held_out = split_documents(packed, "validation")
    assert train == [tale for tale in TALES if datasets.split_of(tale) == "train"]
    assert held_out == [tale for tale in TALES if datasets.split_of(tale) == "validation"]
    assert held_out and not set(train) & set(held_out)


def test_small_batches_of_text_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pack_all()["fairytales"].tokens("train").tolist()
    monkeypatch.setattr(packing, "_BATCH_CHARACTERS", 3_000)
    again = pack_all(folder=datasets.cache_folder() / "elsewhere")["fairytales"]
    assert again.tokens("train").tolist() == whole


def test_statistics_count_what_is_there() -> None:
    packed = pack_all()["fairytales"]
    for split in packing.SPLITS:
        texts = [tale for tale in TALES if datasets.split_of(tale) == split]
        statistics = packed.statistics[split]
        assert statistics.documents == len(texts)
        assert statistics.bytes == sum(len(text.encode()) for text in texts)
        assert statistics.tokens == len(packed.tokens(split))


def test_byte_lengths_of_tokens_add_up_to_the_text() -> None:
    lengths = packing.token_byte_lengths(byte_tokenizer())
    for source in pack_all().values():
        for split in packing.SPLITS:
            ids = torch.from_numpy(source.tokens(split).astype(np.int64))
            assert lengths[ids].sum().item() == source.statistics[split].bytes


def test_tasks_are_packed_as_plain_text() -> None:
    """Not in the chat template: what base has never read it does not write."""
    packed = pack_all()["instruct"]
    expected = [
        f"Add {i} and 1.\n\n{i + 1}" if i % 2 else f"Add {i} and 1.\nQuickly.\n\n{i + 1}"
        for i in range(len(TASKS))
    ]
    assert split_documents(packed, "train") == expected[:-5]
    assert split_documents(packed, "validation") == expected[-5:]


def test_end_of_text_written_in_a_document_stays_text(mirror: Callable[[str, str], None]) -> None:
    mirror("fairytales", "Never type <|endoftext|> here.")
    ids = pack(byte_tokenizer(), ["fairytales"])["fairytales"].tokens("train")
    assert (ids == byte_tokenizer().eot_id).sum() == 1 and ids[-1] == byte_tokenizer().eot_id


def test_second_pack_reuses_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack_all()

    def must_not_run(*arguments: object) -> None:
        raise AssertionError("packed again")

    monkeypatch.setattr(packing, "write_pack", must_not_run)
    assert pack_all() == first


def test_new_text_or_tokenizer_is_packed_anew(mirror: Callable[[str, str], None]) -> None:
    first = pack_all()["fairytales"]
    other = pack(byte_tokenizer((b"fo", b"fox")), ["fairytales"])["fairytales"]
    assert other.stem != first.stem
    assert other.statistics["train"].tokens != first.statistics["train"].tokens
    mirror("fairytales", "A different tale.")
    changed = pack_all()["fairytales"]
    assert split_documents(changed, "train") == ["A different tale."]


def test_interrupted_pack_leaves_nothing_that_looks_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str):  # type: ignore[no-untyped-def]
        yield TALES[0]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packing, "documents", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pack_all()
    assert list((datasets.cache_folder() / "tokens").iterdir()) == []
    assert pack_all()["fairytales"].statistics["train"].documents > 400


def test_vocabulary_must_fit_into_uint16() -> None:
    tokens = [bytes([value]) for value in range(256)]
    tokens += [bytes([i, j]) for i in range(256) for j in range(256)]
    large = Tokenizer({token: rank for rank, token in enumerate(tokens)}, name="large")
    with pytest.raises(PackingError, match="at most 65,536"):
        pack(large, ["fairytales"])


def test_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Tokenizer, "load", lambda name: byte_tokenizer())
    assert packing.main(["--sources", "topicalchat", "--cache", str(tmp_path / "shards")]) == 0
    assert "topicalchat" in capsys.readouterr().out
    assert len(list((tmp_path / "shards").glob("topicalchat-*.bin"))) == 2
    with pytest.raises(SystemExit) as stopped:
        packing.main(["--sources", "openstax"])
    assert stopped.value.code == 1
    assert "set GPT2_SCRATCH_DATA" in capsys.readouterr().err


# --- batches -----------------------------------------------------------------------------------

WEIGHTS = {"fairytales": 0.6, "topicalchat": 0.3, "instruct": 0.1}


def mixture(seed: int = 0, weights: dict[str, float] = WEIGHTS) -> TokenMixture:
    return TokenMixture(pack_all(), weights, seed)


def test_batch_has_the_promised_form() -> None:
    x, y = mixture().batch(0, batch_size=4, block_size=16)
    assert x.shape == y.shape == (4, 16)
    assert x.dtype == y.dtype == torch.int64
    assert torch.equal(x[:, 1:], y[:, :-1])
    assert 0 <= x.min() and y.max() < byte_tokenizer().vocab_size


def test_batch_depends_on_seed_and_step_alone() -> None:
    one, another = mixture(), mixture()
    for step in range(5):  # a resumed run jumps straight to its step
        one.batch(step, 4, 16)
    assert all(map(torch.equal, one.batch(5, 4, 16), another.batch(5, 4, 16)))
    assert not torch.equal(one.batch(5, 4, 16)[0], one.batch(6, 4, 16)[0])
    assert not torch.equal(one.batch(5, 4, 16)[0], mixture(seed=1).batch(5, 4, 16)[0])


def test_processes_share_one_batch() -> None:
    whole, _ = mixture().batch(3, batch_size=8, block_size=16)
    parts = [mixture().batch(3, 2, 16, rank=rank, world_size=4)[0] for rank in range(4)]
    assert torch.equal(whole, torch.cat(parts))


def test_windows_are_pieces_of_their_source_and_reach_both_ends() -> None:
    packed = pack_all()
    tokens = packed["instruct"].tokens("train").tolist()
    block_size = len(tokens) - 4  # only four windows exist
    drawn = TokenMixture(packed, {"instruct": 1.0}).batch(0, 200, block_size)
    starts = set()
    for x, y in zip(*(tensor.tolist() for tensor in drawn), strict=True):
        window = [*x, y[-1]]
        starts |= {i for i in range(4) if tokens[i : i + block_size + 1] == window}
    assert starts == {0, 1, 2, 3}


def test_sources_are_drawn_in_proportion_to_their_weights() -> None:
    packed = pack_all()
    sampler = TokenMixture(packed, {"fairytales": 3.0, "topicalchat": 1.0})
    assert sampler.names == ["fairytales", "topicalchat"]
    x, _ = sampler.batch(0, batch_size=2_000, block_size=64)
    tokenizer = byte_tokenizer()
    tale = sum(" fox" in tokenizer.decode(row) for row in x.tolist()) / 2_000
    assert 0.70 < tale < 0.80  # every window of a tale is long enough to hold a fox


def test_mixture_refuses_what_cannot_work() -> None:
    with pytest.raises(PackingError, match="positive weight"):
        mixture(weights={"fairytales": 0.0, "wikipedia": 1.0})
    with pytest.raises(PackingError, match="finite"):
        mixture(weights={"fairytales": float("inf")})
    with pytest.raises(PackingError, match="take the source out"):
        mixture().batch(0, 1, block_size=10_000)
    with pytest.raises(PackingError, match="not packed here"):
        mixture().validation_windows("wikipedia", 16)


def test_default_mixture_names_every_source() -> None:
    assert set(packing.MIXTURE) == set(packing.SOURCES)
    assert set(packing.OLD_MIXTURE) < set(packing.SOURCES)
    for shares in (packing.MIXTURE, packing.OLD_MIXTURE):
        assert sum(shares.values()) == pytest.approx(1.0)


# --- validation --------------------------------------------------------------------------------


def test_validation_windows_cover_the_held_out_text_once() -> None:
    packed = pack_all()
    sampler = TokenMixture(packed, WEIGHTS)
    tokens = packed["fairytales"].tokens("validation").tolist()
    x, y = sampler.validation_windows("fairytales", block_size=16)
    assert x.shape == y.shape == ((len(tokens) - 1) // 16, 16)
    assert x.flatten().tolist() == tokens[: x.numel()]
    assert y.flatten().tolist() == tokens[1 : y.numel() + 1]


def test_validation_windows_stop_at_max_tokens() -> None:
    x, _ = mixture().validation_windows("fairytales", block_size=16, max_tokens=50)
    assert x.shape == (3, 16)


def test_source_without_held_out_text(mirror: Callable[[str, str], None]) -> None:
    assert datasets.split_of("One tale.") == "train"
    mirror("fairytales", "One tale.")
    x, y = mixture().validation_windows("fairytales", block_size=4)
    assert x.shape == y.shape == (0, 4)
