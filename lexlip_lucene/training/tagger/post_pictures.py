"""The pictures of posts as a training takes them: pixels, or the states of a frozen tower, computed once."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.model.pixels import load_batches
from lexlip_lucene.progress import Progress

AT_ONCE = 32


class PostPictures(NamedTuple):
    """Pictures in memory.

    Attributes:
        held: (pictures, 3, size, size) uint8, or (pictures, patches, width) fp16 of a frozen tower.
        of_post: the picture's number for each post; −1: the post has none.
        unreadable: pictures that are there but can't be read; their posts have none.
    """

    held: Tensor
    of_post: list[int]
    unreadable: int

    def patches(self, network: TaggerNetwork, numbers: Sequence[int]) -> Tensor:
        """Return the states V of some pictures, with gradients if the tower trains."""
        chosen = self.held[torch.tensor(numbers, dtype=torch.long)].to(network.emissions.weight.device)
        return chosen.float() if self.held.dim() == 3 else network.patches(chosen)


NO_PICTURES = PostPictures(torch.empty(0, 1, 1), [], 0)


def hold_pictures(paths: Sequence[Path | None], network: TaggerNetwork, progress: Progress) -> PostPictures:
    """Read the picture of each post; a file that several posts name is read once.

    Args:
        paths: of each post; None: it has none.
        network: whose tower looks at them; its states are kept if it is frozen, the pixels if it trains.
        progress: receives the batches done.
    """
    files = list(dict.fromkeys(path for path in paths if path is not None))
    if network.tower is None or not files:
        return NO_PICTURES._replace(of_post=[-1] * len(paths))
    kept: list[Tensor] = []
    number: dict[Path, int] = {}
    batches = load_batches(files, size=network.tower.spec.size, batch_size=AT_ONCE)
    begun = 0
    for batch in progress.track(batches, "pictures (batches)", -(-len(files) // AT_ONCE)):
        readable = [picture for picture in batch if not isinstance(picture, UnreadableImage)]
        for file, picture in zip(files[begun : begun + len(batch)], batch, strict=True):
            if not isinstance(picture, UnreadableImage):
                number[file] = len(number)
        begun += len(batch)
        if readable:
            kept.append(_kept(torch.stack(readable), network))
    of_post = [-1 if path is None else number.get(path, -1) for path in paths]
    held = torch.cat(kept) if kept else NO_PICTURES.held
    return PostPictures(held, of_post, len(files) - len(number))


@torch.inference_mode()
def _kept(pixels: Tensor, network: TaggerNetwork) -> Tensor:
    if not network.frozen_tower:
        return pixels
    return network.patches(pixels.to(network.emissions.weight.device)).half().cpu()
