"""Activation checkpointing: the towers compute their activations again in the backward pass instead of keeping them."""

from typing import Any, cast

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.errors import ModelError


def spare_activations(model: LexLip) -> None:
    """Turn checkpointing on in the backbone, where it trains, and in the text network.

    Raises:
        ModelError: the backbone or the network can't do it.
    """
    tower = model.image.tower
    try:
        if any(parameter.requires_grad for parameter in tower.parameters()):
            cast(Any, tower.backbone).set_grad_checkpointing(True)
        if isinstance(model.text, TransformerText):
            network = cast(Any, model.text.network)
            newer = getattr(network, "activation_checkpointing_enable", None)  # whose older name warns from 5 on
            (newer or network.gradient_checkpointing_enable)({"use_reentrant": False})
    except (AttributeError, AssertionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"training.checkpointing: {tower.spec.backbone} or its text network has no checkpointing: {reason}; set it "
            "to false"
        ) from None
