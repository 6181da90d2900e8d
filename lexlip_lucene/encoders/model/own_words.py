"""The lexicon's tokens that a text has: the static text side weighs them, and a transformer's word path."""

import torch
from torch import Tensor, nn

from lexlip_lucene.vectors.lexicon import Lexicon


class OwnWords(nn.Module):
    """Token ids → presence of each lexicon token, as 0 and 1.

    Args:
        lexicon: the vector's dimensions.
        vocabulary_size: rows of the vocabulary that ids come from.
        token_keep: share of the tokens that a training step sees.
    """

    position_of_row: Tensor

    def __init__(self, lexicon: Lexicon, vocabulary_size: int, token_keep: float = 1.0) -> None:
        super().__init__()
        self.tokens, self.token_keep = len(lexicon), token_keep
        positions = torch.full((vocabulary_size,), len(lexicon), dtype=torch.long)
        positions[torch.tensor(lexicon.rows, dtype=torch.long)] = torch.arange(len(lexicon))
        self.register_buffer("position_of_row", positions, persistent=False)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return `presence`, in training of only a share of the tokens."""
        if self.training and self.token_keep < 1:
            mask = mask & (torch.rand(ids.shape, device=ids.device) < self.token_keep)
        return self.presence(ids, mask)

    def presence(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map token ids (batch, length), and True for those that count, to presence (batch, tokens) float32."""
        positions = self.positions(ids, mask)
        # One column more than there are tokens takes what is blocked or masked. No len(): an exported graph would
        # hold the number of texts that it was exported with.
        presence = torch.zeros(ids.shape[0], self.tokens + 1, device=ids.device).scatter(1, positions, 1.0)
        return presence[:, : self.tokens]

    def positions(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map token ids (batch, length) to positions in the lexicon; those that don't count, to its length."""
        positions: Tensor = self.position_of_row[ids].masked_fill(~mask, self.tokens)
        return positions
