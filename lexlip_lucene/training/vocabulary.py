"""The tokenizer and the lexicon of a model, from a recipe and the training captions."""

from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from lexlip_lucene.errors import ModelError, RecipeError
from lexlip_lucene.files import require_file
from lexlip_lucene.recipes.encoder_recipe import VocabularyRecipe
from lexlip_lucene.vectors.lexicon import Lexicon, make_lexicon

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_vocabulary(recipe: VocabularyRecipe, captions: Sequence[str]) -> Tokenizer:
    """Return the tokenizer that the recipe names, or one trained on `captions`.

    Raises:
        RecipeError: the recipe names none of the three sources, or several.
        ModelError: the named tokenizer can't be had.
    """
    sources = (recipe.wordpieces, recipe.tokenizer, recipe.train_size)
    if sum(source is not None for source in sources) != 1:
        raise RecipeError("vocabulary needs exactly one of wordpieces, tokenizer and train_size")
    if recipe.wordpieces is not None:
        path = require_file(recipe.wordpieces, "vocabulary.wordpieces")
        words = path.read_text(encoding="utf-8").splitlines()
        return _word_piece(models.WordPiece({word: row for row, word in enumerate(words)}, unk_token="[UNK]"))
    if recipe.tokenizer is not None:
        return _from_transformers(recipe.tokenizer)
    assert recipe.train_size is not None, "one of the three sources is there"
    tokenizer = _plain(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=recipe.train_size, special_tokens=list(SPECIAL), show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(captions, trainer)
    return _with_frame(tokenizer)


def lexicon_of(tokenizer: Tokenizer, captions: Sequence[str], min_count: int) -> Lexicon:
    """Return the dimensions: the tokenizer's rows less the blocked ones.

    Raises:
        RecipeError: no token is left.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    counts: Counter[int] = Counter()
    for encoding in tokenizer.encode_batch(list(captions), add_special_tokens=False):
        counts.update(encoding.ids)
    special = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    lexicon = make_lexicon(tokenizer.get_vocab(), special=[*SPECIAL, *special], counts=counts, min_count=min_count)
    if len(lexicon) == 0:
        raise RecipeError(f"vocabulary.min_count {min_count}: no token is used that often by the training captions")
    return lexicon


def _from_transformers(name: str) -> Tokenizer:
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"vocabulary.tokenizer {name}: a hub name or a tokenizer folder is needed: {reason}"
        ) from error
    if not hasattr(loaded, "backend_tokenizer"):
        raise ModelError(f"vocabulary.tokenizer {name}: a tokenizer with a tokenizer.json (a fast one) is needed")
    tokenizer: Tokenizer = loaded.backend_tokenizer
    return tokenizer


def _word_piece(model: models.WordPiece) -> Tokenizer:
    tokenizer = _plain(model)
    tokenizer.add_special_tokens([token for token in SPECIAL if tokenizer.token_to_id(token) is not None])
    return _with_frame(tokenizer)


def _plain(model: models.WordPiece) -> Tokenizer:
    """BERT's uncased tokenizer around `model`: lower case, accents stripped, split at white space and punctuation."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _with_frame(tokenizer: Tokenizer) -> Tokenizer:
    """Put [CLS] … [SEP] around every text, where the vocabulary has them."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if first is not None and last is not None:
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", last), ("[CLS]", first))
    return tokenizer
