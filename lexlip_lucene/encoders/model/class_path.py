"""The class path: a picture's words also come from the classes that its backbone was trained to tell apart.

    added = share · ‖w‖ · c / ‖c‖,   c = √softmax(logits of the classes) · M

M has a few words for each class (`training/start/class_words.py`). What a backbone knows of ImageNet's 1,000 classes
holds for any photo, while a lexicon learned on few photos holds for photos like them. Places in the picture have no
part in it.
"""

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.weight_packages import packaged_classifier
from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR
from lexlip_lucene.recipes.model_spec import ClassPathSpec
from lexlip_lucene.recipes.weight_package import WeightPackage

CLASSES = 1000
"""Of ImageNet's classification task (ILSVRC 2012)."""


class ClassPath(nn.Module):
    """Mean states of a backbone → weights of its classes' words.

    Args:
        spec: how much is added.
        width: of the states.
        tokens: of the lexicon.
    """

    positions: Tensor
    weights: Tensor

    def __init__(self, spec: ClassPathSpec, width: int, tokens: int) -> None:
        super().__init__()
        self.spec, self.tokens = spec, tokens
        self.classifier = nn.Linear(width, CLASSES)
        self.classifier.requires_grad_(False)
        self.register_buffer("positions", torch.zeros(CLASSES, spec.words, dtype=torch.int32))
        self.register_buffer("weights", torch.zeros(CLASSES, spec.words))

    @torch.no_grad()
    def fill(self, words: Tensor) -> None:
        """Take the words of each class (classes, tokens) float ≥ 0, and keep the heaviest of each."""
        found = words.topk(min(self.positions.shape[1], words.shape[1]), dim=1)
        self.positions[:, : found.indices.shape[1]] = found.indices.to(self.positions)
        self.weights[:, : found.values.shape[1]] = found.values.to(self.weights)

    @torch.no_grad()
    def load_classifier(self, package: WeightPackage) -> None:
        """Take the classifier that the package's backbone was trained with; errors as in `load_packaged`."""
        for own, carried in zip(self.classifier.parameters(), packaged_classifier(package), strict=True):
            own.copy_(carried)

    def forward(self, weights: Tensor, means: Tensor) -> Tensor:
        """Return weights (batch, tokens) with the classes' words added, given the mean states (batch, width)."""
        found = self.words_of(means)
        length = weights.norm(dim=1, keepdim=True)
        unit = found / found.norm(dim=1, keepdim=True).clamp(min=NORM_FLOOR)
        added: Tensor = weights + self.spec.share * length * unit
        return added

    def words_of(self, means: Tensor) -> Tensor:
        """Map mean states (batch, width) to the words of their classes (batch, tokens) float32 ≥ 0."""
        seen = self.classifier(means.to(self.classifier.weight)).float().softmax(dim=1).sqrt()
        values = (seen.unsqueeze(2) * self.weights).flatten(1)
        words: Tensor = values.new_zeros(len(means), self.tokens).index_add_(1, self.positions.flatten(), values)
        return words
