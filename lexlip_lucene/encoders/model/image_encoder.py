"""The image side whole: backbone states → adapter → lexicon head → max pooling.

With a frozen backbone the states are computed once and `logits` is all that trains.
"""

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.class_path import ClassPath
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.pool.lexicon_pool import LexiconPool, lexicon_logits, lexicon_pool
from lexlip_lucene.encoders.pool.saturation import saturate
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec


def evened_out(means: Tensor) -> Tensor:
    """Return the square roots of mean states, signs kept: a few large channels would outweigh all others."""
    return means.sign() * means.abs().sqrt()


class Adapter(nn.Module):
    """states (batch, positions, in) → (batch, positions, width), through a pre-norm transformer encoder."""

    def __init__(self, spec: AdapterSpec, in_width: int) -> None:
        super().__init__()
        self.project = nn.Linear(in_width, spec.width)
        self.norm = nn.LayerNorm(spec.width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                spec.width,
                spec.heads,
                dim_feedforward=2 * spec.width,
                dropout=spec.layer_dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(spec.layers)
        )

    def forward(self, states: Tensor) -> Tensor:
        """Return the adapted states."""
        states = self.norm(self.project(states))
        for layer in self.layers:
            states = layer(states)
        return states


class LexiconHead(nn.Module):
    """The language-model head of the image side: dense, GELU, LayerNorm, then one row per lexicon token.

    LexLIP's own vocabulary head, separate from the text side's. The last layer starts near zero so that another
    path (`global_path`, a ridge solution) can carry the first steps.
    """

    def __init__(self, width: int, tokens: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.tokens = nn.Linear(width, tokens)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.zeros_(self.tokens.bias)

    def forward(self, states: Tensor) -> Tensor:
        """Map states (batch, positions, width) to hidden states of that shape, for a lexicon pool with `tokens`."""
        hidden: Tensor = self.dropout(self.norm(nn.functional.gelu(self.dense(states))))
        return hidden


def _global_path(spec: ImageSpec, width: int, tokens: int) -> nn.Linear | nn.Sequential | None:
    if not spec.global_path:
        return None
    if spec.global_rank is None:
        return nn.Linear(width, tokens)
    return nn.Sequential(nn.Linear(width, spec.global_rank, bias=False), nn.Linear(spec.global_rank, tokens))


class ImageEncoder(nn.Module):
    """pixels → lexicon weights (batch, tokens), before any division by length."""

    state_mean: Tensor
    state_scale: Tensor
    view_mean: Tensor
    view_scale: Tensor

    def __init__(self, spec: ImageSpec, tokens: int, *, from_hub: bool = False) -> None:
        super().__init__()
        self.spec = spec
        self.tower = ImageTower(spec, from_hub=from_hub)
        width = self.tower.width
        self.register_buffer("state_mean", torch.zeros(width))
        self.register_buffer("state_scale", torch.ones(()))
        if spec.views:
            self.register_buffer("view_mean", torch.zeros(len(spec.views), width))
            self.register_buffer("view_scale", torch.ones(len(spec.views), 1))
        self.dropout = nn.Dropout(spec.adapter.state_dropout)
        self.adapter = Adapter(spec.adapter, width)
        self.head = LexiconHead(spec.adapter.width, tokens, spec.adapter.head_dropout)
        self.whole_width = width * max(1, len(spec.views))
        self.global_path = _global_path(spec, self.whole_width, tokens)
        self.class_path = None if spec.class_path is None else ClassPath(spec.class_path, width, tokens)

    @property
    def whole_positions(self) -> int:
        """Number of the states' last positions that represent the picture as a whole and are not a place in it."""
        return len(self.spec.views) or int(self.spec.global_state)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels (batch, 3, size, size) to weights (batch, tokens)."""
        return self.weights(self.tower(pixels))

    def weights(self, states: Tensor) -> Tensor:
        """Map backbone states (batch, positions, width) to weights (batch, tokens) float32, those of classes added."""
        return self.with_classes(saturate(self.logits(states).float()), states)

    def with_classes(self, weights: Tensor, states: Tensor) -> Tensor:
        """Add the words of the classes seen in `states` to the weights (batch, tokens) of the same pictures."""
        return weights if self.class_path is None else self.class_path(weights, self.own_mean(states))

    def own_mean(self, states: Tensor) -> Tensor:
        """Return the mean state (batch, width) that the backbone itself gives, without the other views."""
        if self.spec.views:
            return states[:, -len(self.spec.views)].float()
        return self.mean_state(states.float())

    def logits(self, states: Tensor) -> Tensor:
        """Map backbone states (batch, positions, width) to the largest logit of each token (batch, tokens)."""
        return self.logits_of(*self.adapted(states))

    def adapted(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Map backbone states to adapted ones (batch, positions, adapter width) and the mean (batch, whole width)."""
        states = self.dropout(self.standardised(states))
        return self.adapter(states), self.mean_state(states)

    def standardised(self, states: Tensor) -> Tensor:
        """Centre backbone states and bring them to one scale, those of each view on its own."""
        if not self.spec.views:
            return (states.float() - self.state_mean) / self.state_scale
        places, views = states.float().split([states.shape[1] - len(self.spec.views), len(self.spec.views)], dim=1)
        return torch.cat(
            [
                (places - self.state_mean) / self.state_scale,
                (evened_out(views) - self.view_mean) / self.view_scale,
            ],
            dim=1,
        )

    def places(self, states: Tensor) -> Tensor:
        """Return the standardised states (batch, places, width) of only the places in the picture."""
        return self.standardised(states)[:, : states.shape[1] - self.whole_positions]

    def logits_of(self, adapted: Tensor, mean_state: Tensor) -> Tensor:
        """Map the results of `adapted` to the largest logit of each token (batch, tokens)."""
        return self.logits_of_hidden(self.head(adapted), mean_state)

    def logits_of_hidden(self, hidden: Tensor, mean_state: Tensor) -> Tensor:
        """Map what the head gives of adapted states, and mean states, to the largest logit of each token."""
        logits = lexicon_logits(hidden, self.head.tokens.weight, self.head.tokens.bias)
        return self._with_global_path(logits, mean_state)

    def pooled(self, states: Tensor) -> LexiconPool:
        """Return `logits` and the position of each: an index into the positions of `states`."""
        adapted, mean_state = self.adapted(states)
        pool = lexicon_pool(self.head(adapted), self.head.tokens.weight, self.head.tokens.bias)
        return pool._replace(logits=self._with_global_path(pool.logits, mean_state))

    def _with_global_path(self, logits: Tensor, mean_state: Tensor) -> Tensor:
        # The same for every position, so it can be added after the maximum.
        return logits if self.global_path is None else logits + self.global_path(mean_state)

    def mean_state(self, states: Tensor) -> Tensor:
        """Return the state of the whole picture (batch, whole width): the views side by side, or the mean state.

        Without views that is the position kept for it, else the mean of all positions.
        """
        if self.spec.views:
            return states[:, -len(self.spec.views) :].flatten(1)
        return states[:, -1] if self.spec.global_state else states.mean(dim=1)
