"""The files of a model folder that say more about words than the lexicon does (`words/word_files.py`)."""

from collections.abc import Mapping, Sequence

import orjson

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokenizer import uncut
from lexlip_lucene.encoders.query.typed_words import word_cutter
from lexlip_lucene.recipes.encoder_recipe import ClassWordsRecipe, EncoderRecipe
from lexlip_lucene.training.examples.vocabulary import token_uses
from lexlip_lucene.training.start.neighbours import neighbours
from lexlip_lucene.words.cut_word import Cut
from lexlip_lucene.words.inflections import other_form
from lexlip_lucene.words.known_words import KnownWords
from lexlip_lucene.words.word_files import COUNTS_FILE, NEIGHBOURS_FILE, PIECED_FILE, parse_pieced, pieced_words


def word_files(
    model: LexLip, recipe: EncoderRecipe, captions: Sequence[Sequence[str]], further: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return name → content of the files.

    A typed word may be searched for by its pieces if training saw it cut so, in `captions`. Neighbours in meaning are
    found by the sentence model of the class path, and only with one: it is there then.

    Args:
        model: that was trained.
        recipe: by which it was.
        captions: of each training image.
        further: captions that the lexicon was chosen from beside these.
    """
    cut = word_cutter(uncut(model.tokenizer))
    own = [caption for each in captions for caption in each]
    pieced = pieced_words((cut(caption) for caption in own), frozenset(model.lexicon.tokens))
    uses = token_uses(model.tokenizer, [*own, *further])
    counts = {token: uses[row] for token, row in zip(model.lexicon.tokens, model.lexicon.rows, strict=True)}
    files = {PIECED_FILE: pieced, COUNTS_FILE: orjson.dumps(counts, option=orjson.OPT_APPEND_NEWLINE)}
    if model.image.class_path is not None and recipe.training.start is None:
        known = KnownWords(model.lexicon.tokens, parse_pieced(pieced, PIECED_FILE))
        files[NEIGHBOURS_FILE] = _neighbours(counts, cut, known, recipe)
    return files


def _neighbours(counts: Mapping[str, int], cut: Cut, known: KnownWords, recipe: EncoderRecipe) -> bytes:
    def lacks(word: str) -> bool:
        return all(known.lacks(part) for part in cut(word)) and other_form(word, known.tokens) is None

    return neighbours(counts, lacks, (recipe.image.classes or ClassWordsRecipe()).sentences)
