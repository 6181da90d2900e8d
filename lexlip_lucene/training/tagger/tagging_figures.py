"""The strict F1 of a network on posts: from the tags that the CRF finds best."""

import torch

from lexlip_lucene.data.entities.iob2 import spans_of
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.evaluate.entity_f1 import EntityFigures, entity_figures
from lexlip_lucene.training.tagger.post_batches import by_length
from lexlip_lucene.training.tagger.post_pictures import PostPictures
from lexlip_lucene.training.tagger.tagged_data import PostSet

AT_ONCE = 64


def best_tags(network: TaggerNetwork, cutter: WordCutter, posts: PostSet, pictures: PostPictures) -> list[list[str]]:
    """Return the tags that the network finds best for the words of each post, in the mode of evaluation."""
    found: list[list[str]] = [[] for _ in range(len(posts))]
    device = network.emissions.weight.device
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        for numbers in by_length([len(words) for words in posts.words], AT_ONCE):
            batch = cutter.batch([posts.words[at] for at in numbers]).to(device)
            own = [pictures.of_post[at] for at in numbers]
            seen_ones = [number for number in own if number >= 0]
            patches = pictures.patches(network, seen_ones) if seen_ones else None
            pictured = torch.tensor([number >= 0 for number in own], device=device)
            emissions = network(batch, patches, pictured).emissions
            for at, path in zip(numbers, network.crf.best(emissions, batch.mask), strict=True):
                found[at] = [network.crf.tags[tag] for tag in path]
    network.train(was_training)
    return found


def tagging_figures(
    network: TaggerNetwork, cutter: WordCutter, posts: PostSet, pictures: PostPictures
) -> EntityFigures:
    """Return the strict figures on the posts."""
    found = best_tags(network, cutter, posts, pictures)
    return entity_figures([spans_of(tags) for tags in found], [post.entities for post in posts.posts])
