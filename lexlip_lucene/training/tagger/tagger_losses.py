"""The tagger's loss (MAF; Xu et al., WSDM 2022): λ · CRF + (1 − λ) · (match + alignment).

    CRF        −log p(tags), mean over posts
    match      cross-entropy of P, right pictures against exchanged ones (`picture_swap.py`)
    alignment  InfoNCE of text and picture as wholes, each through a projection of its own, with cosine and
               temperature τ: share · L(text → image) + (1 − share) · L(image → text)

The two projections are of the training only, and not of the model.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Alignment(nn.Module):
    """The alignment loss with its projections.

    Args:
        width: of the words' states.
        patch_width: of the patches' states.
        temperature: τ.
        text_to_image: the share of that direction.
    """

    def __init__(self, width: int, patch_width: int, temperature: float, text_to_image: float) -> None:
        super().__init__()
        self.of_text = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.of_picture = nn.Sequential(nn.Linear(patch_width, width), nn.ReLU(), nn.Linear(width, width))
        self.temperature, self.text_to_image = temperature, text_to_image

    def forward(self, words: Tensor, mask: Tensor, patches: Tensor, pictures: Tensor) -> Tensor:
        """Return the loss of posts with their own pictures.

        Args:
            words: T (posts, words, width).
            mask: (posts, words) bool, True for words.
            patches: V (posts, patches, patch width).
            pictures: (posts,) int64: posts with the same number have the same picture, and are no negatives.
        """
        texts = (words * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        text = functional.normalize(self.of_text(texts), dim=1)
        picture = functional.normalize(self.of_picture(patches.mean(dim=1)), dim=1)
        return info_nce(text @ picture.T / self.temperature, pictures, self.text_to_image)


def info_nce(logits: Tensor, pictures: Tensor, text_to_image: float) -> Tensor:
    """Return the loss of logits (texts, images) whose diagonal is right; others of the same picture are left out."""
    same = (pictures.unsqueeze(0) == pictures.unsqueeze(1)) & ~torch.eye(
        len(pictures), dtype=torch.bool, device=logits.device
    )
    logits = logits.masked_fill(same, -torch.inf)
    right = torch.arange(len(logits), device=logits.device)
    by_text, by_image = functional.cross_entropy(logits, right), functional.cross_entropy(logits.T, right)
    return text_to_image * by_text + (1 - text_to_image) * by_image


def match_loss(match: Tensor, wrong: Tensor) -> Tensor:
    """Return the cross-entropy of P: 1 for right pictures, 0 for wrong ones; both (posts,), logits and bool."""
    return functional.binary_cross_entropy_with_logits(match, (~wrong).float())
