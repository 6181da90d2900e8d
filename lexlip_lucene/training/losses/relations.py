"""The relation loss: what the other pairs of a batch teach a pair, in training only (HREM, CVPR 2023)."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.relations_recipe import RelationsRecipe
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.losses.parts import DENSE_SCALE, Parts
from lexlip_lucene.training.losses.term import Term
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import Team
from lexlip_lucene.training.relations.fragments import fragment_matching
from lexlip_lucene.training.relations.graph import Graph, Relevance, association_graph, permuted
from lexlip_lucene.training.relations.interaction import interaction
from lexlip_lucene.training.relations.triplets import triplet_loss
from lexlip_lucene.training.relations.word_vectors import WordVectors, bag_of_words, mapped
from lexlip_lucene.training.scale import SimilarityScale


class Instances(nn.Module):
    """The parts of the loss that learn beside the model: the relevance across the sides, and the interaction."""

    def __init__(self, recipe: RelationsRecipe, width: int) -> None:
        super().__init__()
        self.relevance = Relevance(recipe.largest)
        self.interaction = interaction(recipe.form, width, recipe.heads, recipe.dropout, recipe.strength)
        self.recipe = recipe

    def forward(
        self, images: Tensor, texts: Tensor, patches: Tensor, words: Tensor, known: Tensor
    ) -> tuple[Tensor, Graph]:
        """Return the enhanced nodes (2n, width) of unit length, and the graph.

        Args:
            images: (n, width) nodes of unit length.
            texts: (n, width) nodes of unit length.
            patches: (n, patches, width).
            words: (n, length, width).
            known: (n, length) bool, False at pads.
        """
        recipe = self.recipe
        matching = fragment_matching(patches, words, known, recipe.largest)
        graph = association_graph(images, texts, matching, self.relevance, recipe.connected)
        if recipe.permuted:
            graph = permuted(graph, torch.randperm(len(images)), torch.randperm(len(texts)))
        return functional.normalize(self.interaction(torch.cat([images, texts]), graph), dim=1), graph


class Relations(Term):
    """The loss of embeddings that have seen the other pairs of their batch, beside those that have not.

        v, u      unit nodes of images and texts: bags of words a · E of their lexicon weights, a = w / Σ w;
                  or the means of their patches and tokens, mapped as the lexicon head maps them, then by E
        v′, u′    the same after an interaction along the association graph of the batch
        loss      = mean of L(v, u), L(v, u′), L(v′, u), L(v′, u′) + divergence weight · KL,
                  L the contrast (InfoNCE) or the triplet loss

    The four pairings train the encoders for an inference that knows of no relations: v and u are all that it has. The
    graph has one caption of each image, the first that was drawn. The gradient reaches the lexicon heads through the
    nodes; E, (tokens, width), has none, and nothing as wide as the vocabulary enters the graph.
    """

    name = "relations"
    key = "training.relations"
    whole = True

    def __init__(self, settings: RelationsRecipe, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.recipe = settings
        self.word_vectors = WordVectors(parts.model, settings.width, parts.training.seed)
        width = self.word_vectors(parts.model).shape[1]
        if width % settings.heads:
            raise RecipeError(
                f"training.relations.heads must divide the width of the text side's word embeddings, {width}, got "
                f"{settings.heads}"
            )
        self.instances = Instances(settings, width)
        self.scale = SimilarityScale(DENSE_SCALE)

    @classmethod
    def settings_in(cls, training: TrainingRecipe) -> RelationsRecipe | None:
        """Return `training.relations`."""
        return training.relations

    def forward(self, views: Views) -> Tensor:
        """Return the loss of the team's whole batch; 0 before its share of the run."""
        if not self.recipe.has_begun(views.done):
            return views.image_weights.new_zeros(())
        team, words = views.team, self.word_vectors(views.model)
        patches, tokens, known = self._fragments(views, words)
        images, texts = (team.gather(nodes) for nodes in self._nodes(views, words, patches, tokens, known))
        fragments = (team.gather(part.detach()) for part in (patches, tokens, known.to(patches)))
        seen, said, counted = fragments
        shared = {name: _share(tensor, team) for name, tensor in self.instances.named_parameters()}
        enhanced, graph = functional_call(self.instances, shared, (images, texts, seen, said, counted > 0))
        more_images, more_texts = enhanced.chunk(2)
        losses: list[Tensor] = [
            self._loss(ours @ theirs.T, views, images.shape[1])
            for ours in (texts, more_texts)
            for theirs in (images, more_images)
        ]
        loss: Tensor = torch.stack(losses).mean() + self.recipe.divergence * graph.divergence
        return loss

    def _loss(self, similarity: Tensor, views: Views, width: int) -> Tensor:
        """Return the loss of n texts with n images (n, n). Neighbours that are alike are no negatives of each other."""
        alike = views.alike
        if self.recipe.triplet is None:
            return contrastive_loss(self.scale(similarity, views.team).unsqueeze(1), alike)
        negative = ~torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
        if alike is not None:
            negative &= ~alike.pairs
        return triplet_loss(similarity, negative, width, self.recipe.triplet)

    def _nodes(self, views: Views, words: Tensor, patches: Tensor, tokens: Tensor, known: Tensor) -> list[Tensor]:
        """Return the nodes of the own images and of their first captions (own, width), of unit length."""
        if self.recipe.nodes == "states":
            counted = known.unsqueeze(-1)
            of_texts = (tokens * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1)
            return [functional.normalize(nodes, dim=1) for nodes in (patches.mean(dim=1), of_texts)]
        each = len(views.own.numbers) // len(views.own.images)
        weights = views.image_weights, views.text_weights[::each]
        return [functional.normalize(bag_of_words(some, words), dim=1) for some in weights]

    def _fragments(self, views: Views, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the patches and the words of the first captions (own, …, width), and which of the words are known."""
        each = len(views.own.numbers) // len(views.own.images)
        head, device = views.model.image.head.tokens, views.model.device
        patches = mapped(views.image_hidden.float(), head.weight, head.bias, words)
        ids, counted = (part[::each].to(device) for part in (views.own.captions.ids, views.own.captions.words))
        positions = views.model.text.own.positions(ids, counted)
        known = positions < len(words)
        if isinstance(views.model.text, TransformerText):
            weight, bias = views.model.text.projection()
            tokens = mapped(views.text_hidden[::each].float(), weight, bias, words)
        else:
            weighed = functional.softplus(views.model.text.raw_weight).unsqueeze(1) * words
            tokens = weighed[positions.clamp(max=len(words) - 1)]
        return patches, tokens, known


def _share(tensor: Tensor, team: Team) -> Tensor:
    """Return a parameter of a loss that every process computes whole: the gradients of the team add up to one."""
    own = tensor / team.size
    return own + (tensor - own).detach()
