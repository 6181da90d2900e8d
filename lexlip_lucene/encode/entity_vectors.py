"""Entity terms that an encode run adds to its vectors, from a file of `lexlip tag`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.entities.entity_tags import entities_of_images, entities_of_texts, read_entity_tags
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.records import Impacts, Topic
from lexlip_lucene.vectors.entity_terms import entity_impacts, entity_weights
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.vectors.quantise import Quantiser
from lexlip_lucene.words.entity_names import is_entity_term


class EntityTerms(NamedTuple):
    """The terms of each input, and the SHA-256 of the file that they are from; "" if there is none."""

    terms: Mapping[str, Impacts]
    sha256: str


NO_TERMS = EntityTerms({}, "")


def terms_of_images(
    images: Sequence[CaptionedImage], tags: Path, quantiser: Quantiser, lexicon: Lexicon
) -> EntityTerms:
    """Return the terms of images as documents.

    Raises:
        InputError: the file can't be read, has no line of an image, or the lexicon has a token like an entity term.
    """
    _require_apart(lexicon)
    named = entities_of_images(images, read_entity_tags(tags), tags)
    return EntityTerms(entity_impacts(named, quantiser.bits), sha256_of(tags))


def terms_of_texts(
    texts: Sequence[Topic], tags: Path, quantiser: Quantiser, lexicon: Lexicon, *, as_queries: bool
) -> EntityTerms:
    """Return the terms of texts, as documents or as queries; errors as in `terms_of_images`."""
    _require_apart(lexicon)
    named = entities_of_texts([text.qid for text in texts], read_entity_tags(tags), tags)
    if as_queries:
        return EntityTerms({id: entity_weights(entities) for id, entities in named.items()}, sha256_of(tags))
    return EntityTerms(entity_impacts(named, quantiser.bits), sha256_of(tags))


def _require_apart(lexicon: Lexicon) -> None:
    like = next((token for token in lexicon.tokens if is_entity_term(token)), None)
    if like is not None:
        raise InputError(
            f"the model's lexicon has the token {like!r}, which looks like an entity term: entity terms need a "
            "vocabulary without underscores in words"
        )
