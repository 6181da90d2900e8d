"""A CLIP or SigLIP from transformers: pictures and texts as unit vectors of one space."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.errors import ModelError

MODEL_TYPES = ("clip", "siglip", "siglip2", "metaclip_2", "chinese_clip")
"""Kinds whose towers are given in full by their own config; others may name a further model, or code, to be fetched."""


class ClipTowers:
    """Both towers, with what their pictures and texts go through first; weights are read from safetensors only.

    Args:
        name: hub name or folder.
        device: a torch device.
        needed: begins the error message if it is another model or can't be fetched: the user of the model, and its use.

    Raises:
        ModelError: the model is neither, lacks weights, or can't be fetched.
    """

    def __init__(self, name: str, *, device: str, needed: str) -> None:
        network, self._processor, self._tokenizer = _loaded(name, needed)
        self._network = network.to(device).eval()
        self._siglip = str(network.config.model_type).startswith("siglip")
        self._settings = self._text_settings()

    @torch.inference_mode()
    def image_embeddings(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Return unit vectors (pictures, width) float32."""
        given = self._processor(images=list(pictures), return_tensors="pt").to(self._network.device)
        return _unit(self._network.get_image_features(**given))

    @torch.inference_mode()
    def text_embeddings(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (texts, width) float32; a text that is longer than the tower's positions is cut."""
        # SigLIP saw texts in lower case (big_vision #166 names this as the usual reason for figures below the paper's).
        seen = [text.lower() for text in texts] if self._siglip else list(texts)
        given = self._tokenizer(seen, return_tensors="pt", **self._settings).to(self._network.device)
        mask = given.get("attention_mask")
        return _unit(self._network.get_text_features(input_ids=given["input_ids"], attention_mask=mask))

    def _text_settings(self) -> dict[str, Any]:
        """Return the tokenizer's settings: SigLIP's texts are always padded to its full length, without a mask."""
        positions = self._network.config.text_config.max_position_embeddings
        always = {"truncation": True, "max_length": min(self._tokenizer.model_max_length, positions)}
        if self._siglip:
            return {**always, "padding": "max_length", "return_attention_mask": False}
        return {**always, "padding": True}


def _loaded(name: str, needed: str) -> tuple[Any, Any, Any]:
    from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        if config.model_type not in MODEL_TYPES:
            raise ModelError(f"{needed}, but this is of the type {config.model_type}")
        if getattr(config, "quantization_config", None) is not None:
            raise ModelError(f"{needed}, but this is a quantised one")
        network, found = AutoModel.from_pretrained(
            name,
            config=config,
            dtype=torch.float32,
            attn_implementation="sdpa",  # a config may name a kernel of the hub, which is code
            output_loading_info=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        if found["missing_keys"]:
            raise ModelError(f"{needed}, but its weights lack {sorted(found['missing_keys'])[0]} among others")
        processor = AutoImageProcessor.from_pretrained(name, trust_remote_code=False)
        return network, processor, AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{needed}: {' '.join(str(error).split())[:300]}") from error


def _unit(found: Any) -> Tensor:
    # transformers 4 gives the features themselves, 5 an output that holds them.
    features = cast(Tensor, found if isinstance(found, Tensor) else found.pooler_output)
    return functional.normalize(features.float(), dim=1)
