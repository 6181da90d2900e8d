"""Encoding images and texts with a `LexLip`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene import LexLipQueryEncoder
from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.encoders.model.device import choose_device
from lexlip_lucene.encoders.model.pixels import load_batches, normalise, to_square
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.recipes.model_spec import TextSpec

SIDES = pytest.mark.parametrize("text", [tiny.STATIC, tiny.BERT, tiny.DISTILBERT], ids=["static", "bert", "distilbert"])
TEXTS = ["a red circle", "two dogs run over a blue square", "zebra", "", "cat"]


def photos(count: int = 5) -> list[Image.Image]:
    chance = np.random.default_rng(0)
    return [Image.fromarray(chance.integers(0, 256, (30 + n, 50, 3), dtype=np.uint8)) for n in range(count)]


@SIDES
def test_vectors_are_lexicon_tokens_with_built_in_ints(text: TextSpec) -> None:
    model = tiny.lexlip(text=text)
    for vector in [*model.encode_images(photos()), *model.encode_texts(TEXTS)]:
        assert set(vector) <= set(model.lexicon.tokens)
        assert {type(impact) for impact in vector.values()} <= {int}
        assert all(1 <= impact <= 255 for impact in vector.values())
        assert list(vector.values()) == sorted(vector.values(), reverse=True)


def test_an_image_vector_is_the_formula_of_its_parts() -> None:
    """log(1 + relu(max over positions of the head's logits + the global path's)), divided by length^0.5."""
    model = tiny.lexlip()
    pixels = torch.stack([to_square(photo, tiny.SIZE) for photo in photos()])
    image = model.image
    assert image.global_path is not None
    with torch.inference_mode():
        states = image.tower(normalise(pixels, model.config.image))
        places = image.head.tokens(image.head(image.adapter(states))) + image.global_path(states.mean(dim=1))[:, None]
        weights = np.log1p(np.maximum(places.double().numpy().max(axis=1), 0))
        lengths = np.sqrt((weights**2).sum(axis=1, keepdims=True))
        found = model.image_weights(pixels)
    np.testing.assert_allclose(found.numpy(), weights / np.sqrt(lengths), rtol=1e-4, atol=1e-6)  # float32 sums


def test_the_global_path_sees_the_state_kept_for_it_or_else_the_mean() -> None:
    states = torch.tensor([[[1.0], [3.0], [8.0]]])
    assert tiny.lexlip().image.mean_state(states).tolist() == [[4.0]]
    kept = tiny.lexlip(tiny.VIT.model_copy(update={"global_state": True}))
    assert kept.image.mean_state(states).tolist() == [[8.0]]


def test_states_are_centred_and_scaled_before_the_adapter() -> None:
    model = tiny.lexlip()
    states = torch.rand(2, 4, 32)
    with torch.inference_mode():
        before = model.image.logits((states - 0.25) / 2)
        model.image.state_mean.fill_(0.25)
        model.image.state_scale.fill_(2)
        torch.testing.assert_close(model.image.logits(states), before)


@SIDES
def test_a_vector_does_not_depend_on_its_batch(text: TextSpec) -> None:
    model = tiny.lexlip(text=text)
    pixels = torch.stack([to_square(photo, tiny.SIZE) for photo in photos()])
    with torch.inference_mode():
        together = model.image_weights(pixels), model.text_weights(TEXTS)
        alone = [model.image_weights(one[None]) for one in pixels], [model.text_weights([one]) for one in TEXTS]
    for batch, single in zip(together, alone, strict=True):
        torch.testing.assert_close(batch, torch.cat(single), rtol=0, atol=1e-5)  # float32 sums
    for size in (1, 2, 5, 100):
        assert [set(v) for v in model.encode_images(photos(), batch_size=size)] == [
            set(v) for v in model.encode_images(photos())
        ]
        assert len(model.encode_texts(TEXTS, batch_size=size)) == 5


def test_top_k_keeps_the_heaviest_and_bits_set_the_range() -> None:
    model = tiny.lexlip()
    whole = model.encode_images(photos())
    assert all(len(vector) > 3 for vector in whole)
    assert model.encode_images(photos(), top_k=3) == [dict(list(vector.items())[:3]) for vector in whole]
    assert {max(vector.values()) for vector in model.encode_images(photos(), bits=1)} == {1}
    assert 255 < max(max(vector.values()) for vector in model.encode_images(photos(), bits=12)) <= 4095
    assert max(model.encode_texts(["red"], bits=4)[0].values()) <= 15
    with pytest.raises(InputError, match=r"bits must be in 1\.\.16, got 17"):
        model.encode_texts(["red"], bits=17)
    with pytest.raises(InputError, match="top-k must be at least 1, got 0"):
        model.encode_images(photos(), top_k=0)


def test_texts_may_have_a_top_k_of_their_own() -> None:
    model = tiny.lexlip()
    model.config = model.config.model_copy(update={"top_k": 5, "text_top_k": 2})
    assert all(len(vector) == 5 for vector in model.encode_images(photos()))
    assert [len(vector) for vector in model.encode_texts(["a red dog runs"] * 2)] == [2, 2]
    assert len(model.encode_texts(["a red dog runs"], documents=True)[0]) == 2
    assert len(model.encode_texts(["a red dog runs"], top_k=3)[0]) == 3


def test_the_model_s_own_top_k_and_bits_are_the_default() -> None:
    model = tiny.lexlip()
    model.config = model.config.model_copy(update={"bits": 4, "top_k": 2})
    vectors = model.encode_images(photos())
    assert all(len(vector) == 2 and max(vector.values()) <= 15 for vector in vectors)
    assert all(len(vector) == 3 for vector in model.encode_images(photos(), top_k=3))


def test_a_model_without_a_scale_encodes_nothing() -> None:
    model = tiny.lexlip()
    model.config = model.config.model_copy(update={"ceilings": None})
    with pytest.raises(ModelError, match="model tiny has no calibrated scale"):
        model.encode_texts(["dog"])


def test_a_text_without_a_known_token_is_empty_and_nothing_gives_nothing() -> None:
    model = tiny.lexlip()
    assert model.encode_texts(["zebra", "", " ", "…", "[CLS] [SEP]"]) == [{}] * 5
    assert model.encode_texts([]) == []
    assert model.encode_images([]) == []


def test_pictures_come_as_files_or_in_any_mode(tmp_path: Path) -> None:
    model, photo = tiny.lexlip(), photos(1)[0]
    photo.save(tmp_path / "photo.png")
    grey = photo.convert("L")
    whole = model.encode_images([photo, tmp_path / "photo.png", str(tmp_path / "photo.png"), grey, grey.convert("RGB")])
    assert whole[0] == whole[1] == whole[2]
    assert whole[3] == whole[4]
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UnreadableImage):
        model.encode_images([tmp_path / "broken.jpg"])


def test_the_query_encoder_of_pyserini_returns_built_in_ints(tmp_path: Path) -> None:
    model, saved = tiny.lexlip(), tmp_path / "model"
    model.save_pretrained(saved)
    for encoder in (LexLipQueryEncoder(model), LexLipQueryEncoder(saved), LexLipQueryEncoder(str(saved))):
        query: Any = encoder.encode("a red dog runs")
        assert query == model.encode_texts(["a red dog runs"])[0]
        assert type(query) is dict
        assert {type(weight) for weight in query.values()} == {int}
    assert len(LexLipQueryEncoder(model, top_k=2).encode("a red dog runs")) == 2
    assert LexLipQueryEncoder(model).encode("zebra") == {}


# --- pixels and devices ------------------------------------------------------------------------------------------


def test_the_whole_picture_becomes_a_square_of_bytes() -> None:
    image = Image.new("RGB", (60, 20), "red")
    image.paste("blue", (30, 0, 60, 20))
    square = to_square(image, 10)
    assert (square.shape, square.dtype) == ((3, 10, 10), torch.uint8)
    assert square[:, 5, 0].tolist() == [255, 0, 0]
    assert square[:, 5, -1].tolist() == [0, 0, 255]
    already = photos(1)[0].resize((10, 10))
    assert np.array_equal(to_square(already, 10).permute(1, 2, 0), np.asarray(already))


def test_pixels_are_normalised_by_the_channel() -> None:
    spec = tiny.VIT.model_copy(update={"mean": (0.0, 0.5, 1.0), "std": (1.0, 0.5, 0.25)})
    pixels = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    assert normalise(pixels, spec).flatten().tolist() == pytest.approx([0.0, 1.0, -3.2])


def test_pictures_are_loaded_in_order_with_a_reason_for_the_unreadable(tmp_path: Path) -> None:
    paths = []
    for number in range(7):
        paths.append(tmp_path / f"{number}.png")
        if number != 3:
            Image.new("RGB", (4, 4), (number, 0, 0)).save(paths[-1])
    batches = list(load_batches(paths, size=4, batch_size=2))
    assert [len(batch) for batch in batches] == [2, 2, 2, 1]
    found = [int(p[0, 0, 0]) if isinstance(p, torch.Tensor) else str(p) for batch in batches for p in batch]
    assert found == [0, 1, 2, "No such file or directory", 4, 5, 6]


def test_a_device_that_is_not_here_is_refused() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "cuda:0")
    for name in ("cuda:99", "abacus"):
        with pytest.raises(InputError, match=f"device '{name}' can't be used here: .*; take cpu"):
            choose_device(name)


def test_division_by_length_is_what_the_config_says() -> None:
    flat = tiny.VIT.model_copy(update={"length_power": 0.0})
    pixels = torch.stack([to_square(photo, tiny.SIZE) for photo in photos()])
    with torch.inference_mode():
        torch.testing.assert_close(
            tiny.lexlip().image_weights(pixels), divide_by_length(tiny.lexlip(flat).image_weights(pixels), 0.5)
        )
        lengths = tiny.lexlip(text=tiny.STATIC).text_weights(["dog", "a red dog"]).norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(2))
