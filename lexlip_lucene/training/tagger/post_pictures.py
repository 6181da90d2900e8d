"""The pictures of posts as a training takes them: pixels, or the states of a frozen tower, computed once and kept."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lexlip_lucene.data.images import UnreadableImage
from lexlip_lucene.encode.arithmetic import choose_arithmetic
from lexlip_lucene.encode.states_pass import StatesPass, tower_fingerprint
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.pixels import load_batches
from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.files.written import sha256_of
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

    def chosen(self, posts: Sequence[int]) -> "PostPictures":
        """Return the pictures of some posts; what is held stays, and unreadable ones are counted with the whole."""
        return PostPictures(self.held, [self.of_post[at] for at in posts], 0)

    def patches(self, network: TaggerNetwork, numbers: Sequence[int]) -> Tensor:
        """Return the states V of some pictures, with gradients if the tower trains."""
        chosen = self.held[torch.tensor(numbers, dtype=torch.long)].to(network.emissions.weight.device)
        return chosen.float() if self.held.dim() == 3 else network.patches(chosen)


def hold_pictures(
    paths: Sequence[Path | None], network: TaggerNetwork, progress: Progress, cache: Path | None = None
) -> PostPictures:
    """Read the picture of each post; a file that several posts name is read once.

    Args:
        paths: of each post; None: it has none.
        network: whose tower looks at them; its states are held if it is frozen, the pixels if it trains.
        progress: receives the batches done.
        cache: a folder that keeps the states for the next run with the same pictures and tower; None: they are not
            kept.
    """
    files = sorted({path for path in paths if path is not None})
    tower = network.tower
    if tower is None or not files:
        return PostPictures(torch.empty(0, 1, 1), [-1] * len(paths), 0)
    frozen = network.frozen_tower
    kept = cache / f"states-{_fingerprint(tower, files)}.safetensors" if cache is not None and frozen else None
    if kept is not None and kept.exists():
        found = kept_tensors(kept)
        held, readable = found["states"], found["readable"].tolist()
    else:
        held, readable = _looked_at(files, tower.spec.size, _states_of(network) if frozen else None, progress)
        if kept is not None:
            keep_tensors({"states": held, "readable": torch.tensor(readable)}, kept)
    number = {file: place for place, file in enumerate(file for file, can in zip(files, readable, strict=True) if can)}
    return PostPictures(held, [-1 if path is None else number.get(path, -1) for path in paths], readable.count(False))


def _looked_at(
    files: Sequence[Path], size: int, states: Callable[[Tensor], Tensor] | None, progress: Progress
) -> tuple[Tensor, list[bool]]:
    """Return what is held of the files that can be read, and which these are."""
    parts, readable = [torch.empty(0, 1, 1) if states else torch.empty(0, 3, size, size, dtype=torch.uint8)], []
    batches = load_batches(files, size=size, batch_size=AT_ONCE)
    for batch in progress.track(batches, "pictures (batches)", -(-len(files) // AT_ONCE)):
        readable += [not isinstance(picture, UnreadableImage) for picture in batch]
        pixels = [picture for picture in batch if not isinstance(picture, UnreadableImage)]
        if pixels:
            parts.append(states(torch.stack(pixels)) if states else torch.stack(pixels))
    return torch.cat(parts[1:] or parts), readable


def _states_of(network: TaggerNetwork) -> Callable[[Tensor], Tensor]:
    assert network.tower is not None, "only a tower gives states"
    device = network.emissions.weight.device
    run = StatesPass(network.tower.eval(), device, choose_arithmetic(device, inputs=1), batch_size=AT_ONCE)
    return lambda pixels: run(pixels).half().cpu()


def _fingerprint(tower: ImageTower, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(tower_fingerprint(tower).encode())
    for file in files:
        digest.update(sha256_of(file).encode())
    return digest.hexdigest()[:16]
