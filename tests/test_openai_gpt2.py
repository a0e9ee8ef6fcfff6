"""OpenAI's checkpoints: names and layouts both ways, and the way to them over the Hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_checkpoint import fault_of
from torch import Tensor
from transformers import GPT2Config as ReferenceConfig
from transformers import GPT2LMHeadModel

from gpt2_scratch.checkpoint import CheckpointError, build_model, load_model
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.model import GPT2
from gpt2_scratch.openai_gpt2 import from_openai, load_from_hub, to_openai

CONFIG = GPT2Config(vocab_size=50257, block_size=12, n_layer=2, n_head=2, n_embd=8)
SMALL = GPT2Config(vocab_size=19, block_size=12, n_layer=2, n_head=2, n_embd=8)
IDX = torch.tensor([[1, 5, 2, 7, 3]])


def make_model(config: GPT2Config) -> GPT2:
    generator = torch.Generator().manual_seed(0)
    model = GPT2(config).init_weights(generator).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
    return model


def published(model: GPT2) -> dict[str, Tensor]:
    """Tensors as in OpenAI's files on the Hub: a causal mask in each block, no output layer."""
    n = model.config.block_size
    masks = {
        f"h.{layer}.attn.bias": torch.ones(n, n).tril()[None, None]
        for layer in range(model.config.n_layer)
    }
    return to_openai(model.state_dict()) | masks


# --- names -------------------------------------------------------------------------------------


def test_there_and_back_again() -> None:
    ours = make_model(SMALL).state_dict()
    theirs = to_openai(ours)
    assert theirs["h.0.mlp.c_fc.weight"].shape == (8, 32)  # (in, out)
    assert theirs["h.1.attn.c_attn.weight"].shape == (8, 24)
    assert theirs["wte.weight"].shape == (19, 8)  # not a Conv1D: as it was
    assert all(tensor.is_contiguous() for tensor in theirs.values())
    back = from_openai(theirs)
    assert back.keys() == ours.keys()
    assert all(torch.equal(back[name], ours[name]) for name in ours)
    assert all(tensor.is_contiguous() for tensor in back.values())


def test_prefix_masks_and_tied_output_are_left_out() -> None:
    ours = make_model(SMALL).state_dict()
    theirs = {f"transformer.{name}": tensor for name, tensor in to_openai(ours).items()}
    for layer in range(2):
        theirs[f"transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, 12, 12)
        theirs[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    theirs["lm_head.weight"] = ours["wte.weight"].clone()
    assert from_openai(theirs).keys() == ours.keys()


def test_an_output_layer_of_its_own_is_refused() -> None:
    theirs = to_openai(make_model(SMALL).state_dict())
    theirs["lm_head.weight"] = theirs["wte.weight"] + 1e-3
    assert "output layer of its own" in fault_of(lambda: from_openai(theirs))


def test_dtypes_are_kept() -> None:
    halves = {name: tensor.half() for name, tensor in make_model(SMALL).state_dict().items()}
    assert {tensor.dtype for tensor in from_openai(to_openai(halves)).values()} == {torch.float16}


def test_a_checkpoint_that_transformers_wrote(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = ReferenceConfig(
        vocab_size=19, n_positions=12, n_layer=2, n_head=2, n_embd=8, bos_token_id=0, eos_token_id=0
    )
    reference = GPT2LMHeadModel(config).eval()
    reference.save_pretrained(tmp_path)
    model = build_model(SMALL, from_openai(load_file(tmp_path / "model.safetensors")))
    with torch.inference_mode():
        torch.testing.assert_close(
            model(IDX, all_positions=True), reference(IDX).logits, rtol=0, atol=1e-5
        )


def test_a_checkpoint_that_transformers_reads(tmp_path: Path) -> None:
    model = make_model(SMALL)
    config = ReferenceConfig(
        vocab_size=19, n_positions=12, n_layer=2, n_head=2, n_embd=8, bos_token_id=0, eos_token_id=0
    )
    config.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    save_file(to_openai(model.state_dict()), path, metadata={"format": "pt"})
    reference = GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        torch.testing.assert_close(
            reference(IDX).logits, model(IDX, all_positions=True), rtol=0, atol=1e-5
        )


# --- the Hub -----------------------------------------------------------------------------------

COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, a Hub that nobody serves, and a "gpt2" small enough for a test."""
    monkeypatch.setitem(PRESETS, "gpt2", CONFIG)
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def put_into_cache(cache: Path, tensors: dict[str, Tensor]) -> Path:
    """The layout in which huggingface_hub keeps a file that it has downloaded."""
    folder = cache / "models--openai-community--gpt2"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    path = folder / "snapshots" / COMMIT / "model.safetensors"
    path.parent.mkdir(parents=True)
    save_file(tensors, path)
    return path


def test_a_cached_model_loads_without_a_network(hub_cache: Path) -> None:
    model = make_model(CONFIG)
    put_into_cache(hub_cache, published(model))
    loaded = load_from_hub("gpt2")
    assert torch.equal(loaded(IDX), model(IDX))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    by_name, tokenizer = load_model("gpt2")
    assert torch.equal(by_name(IDX), model(IDX))
    assert tokenizer.vocab_size == CONFIG.vocab_size


def test_half_precision_files_become_float32(hub_cache: Path) -> None:
    model = make_model(CONFIG)
    put_into_cache(hub_cache, {name: t.half() for name, t in published(model).items()})
    loaded = load_from_hub("gpt2")
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(loaded(IDX), model(IDX), rtol=0, atol=0.02)


def test_offline_and_not_in_the_cache(hub_cache: Path) -> None:
    message = fault_of(lambda: load_from_hub("gpt2"))
    assert "not in the Hugging Face cache" in message and "connect to the network" in message


@pytest.mark.parametrize("name", ["nano", "gpt3", "openai-community/gpt2", ""])
def test_only_openais_models_are_on_the_hub(name: str) -> None:
    assert "gpt2, gpt2-medium, gpt2-large, gpt2-xl" in fault_of(lambda: load_from_hub(name))


def test_a_damaged_file_is_named(hub_cache: Path) -> None:
    path = put_into_cache(hub_cache, published(make_model(CONFIG)))
    path.write_bytes(path.read_bytes()[:5000])
    message = fault_of(lambda: load_from_hub("gpt2"))
    assert str(path) in message and "delete it" in message


def test_a_file_of_another_shape_is_refused_before_it_is_read(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into_cache(hub_cache, published(make_model(CONFIG)))
    larger = GPT2Config(**CONFIG.to_dict() | {"n_embd": 10})
    monkeypatch.setitem(PRESETS, "gpt2", larger)
    assert "of another shape, (" in fault_of(lambda: load_from_hub("gpt2"))
    deeper = GPT2Config(**CONFIG.to_dict() | {"n_layer": 3})
    monkeypatch.setitem(PRESETS, "gpt2", deeper)
    assert "it lacks h.2." in fault_of(lambda: load_from_hub("gpt2"))
    shallower = GPT2Config(**CONFIG.to_dict() | {"n_layer": 1})
    monkeypatch.setitem(PRESETS, "gpt2", shallower)
    assert "unknown tensor h.1." in fault_of(lambda: load_from_hub("gpt2"))


@pytest.fixture
def hub(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A Hub on this machine; what is put into the dictionary, by path, it serves."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.wfile.write(self.answer())

        def answer(self) -> bytes:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            else:
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{hash(content):x}"')
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            return content or b""

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield files
    server.shutdown()
    server.server_close()


def test_a_download_is_kept_for_the_next_time(
    hub: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(CONFIG)
    served = tmp_path / "served"
    save_file(published(model), served)
    hub["/openai-community/gpt2/resolve/main/model.safetensors"] = served.read_bytes()
    assert torch.equal(load_from_hub("gpt2")(IDX), model(IDX))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert torch.equal(load_from_hub("gpt2")(IDX), model(IDX))


def test_a_hub_without_the_file(hub: dict[str, bytes]) -> None:
    message = fault_of(lambda: load_from_hub("gpt2"))
    assert "HTTP status 404" in message and "openai-community/gpt2" in message


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match="run `pip install huggingface_hub`"):
        load_from_hub("gpt2")
