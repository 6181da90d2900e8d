"""The tokenizer and the lexicon of a model, from a recipe and the training captions."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from lexlip_lucene.encoders.model.tokenizer import uncut
from lexlip_lucene.errors import InputError, ModelError, RecipeError
from lexlip_lucene.files.lines import read_lines
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
        rows = _read_wordpieces(recipe.wordpieces)
        return _word_piece(_with_whole_words(rows, captions, recipe.whole_words))
    if recipe.tokenizer is not None:
        return _from_transformers(recipe.tokenizer)
    assert recipe.train_size is not None, "one of the three sources is named"
    return _word_piece(_train_wordpieces(captions, recipe.train_size))


def lexicon_of(tokenizer: Tokenizer, captions: Sequence[str], min_count: int) -> Lexicon:
    """Return the dimensions: the tokenizer's rows less the blocked ones.

    Raises:
        RecipeError: no token is left.
    """
    counts = token_uses(tokenizer, captions)
    special = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    lexicon = make_lexicon(tokenizer.get_vocab(), special=[*SPECIAL, *special], counts=counts, min_count=min_count)
    if len(lexicon) == 0:
        raise RecipeError(f"vocabulary.min_count {min_count}: no token is used that often by the training captions")
    return lexicon


def token_uses(tokenizer: Tokenizer, captions: Sequence[str]) -> Counter[int]:
    """Return row → uses by the captions, without the special tokens around them."""
    counts: Counter[int] = Counter()
    for encoding in uncut(tokenizer).encode_batch(list(captions), add_special_tokens=False):
        counts.update(encoding.ids)
    return counts


def _read_wordpieces(path: Path) -> dict[str, int]:
    """Read a BERT `vocab.txt`: one token a line, its row is its line.

    Raises:
        InputError: no such file, not UTF-8, a token twice (file:line), or no [UNK].
    """
    rows: dict[str, int] = {}
    for where, line in read_lines(path, "vocabulary.wordpieces"):
        if line in rows:
            raise InputError(f"{where}: token {line!r} stands already in line {rows[line] + 1}")
        rows[line] = len(rows)
    if "[UNK]" not in rows:
        raise InputError(f"{path}: a WordPiece vocabulary with the token [UNK] is needed")
    return rows


def _with_whole_words(rows: dict[str, int], captions: Sequence[str], least: int | None) -> dict[str, int]:
    """Add the words that the captions use `least` times, in the order of their letters; None adds none."""
    if least is None:
        return rows
    plain = _plain(models.WordPiece(rows, unk_token="[UNK]"))
    counts: Counter[str] = Counter()
    for caption in captions:
        normal = plain.normalizer.normalize_str(caption)
        counts.update(word for word, _ in plain.pre_tokenizer.pre_tokenize_str(normal))
    new = sorted(word for word, count in counts.items() if count >= least and word not in rows)
    return rows | {word: len(rows) + number for number, word in enumerate(new)}


def _train_wordpieces(captions: Sequence[str], size: int) -> dict[str, int]:
    """Train a WordPiece vocabulary; the same captions give the same rows in every process."""
    tokenizer = _plain(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    words = [
        word
        for caption in captions
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(caption))
    ]
    # The trainer numbers the inner letters in the order of a hash map, and breaks ties by these numbers.
    letters = sorted({f"##{letter}" for word in words for letter in word[1:]})
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=[*SPECIAL, *letters], show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(captions, trainer)
    rows: dict[str, int] = tokenizer.get_vocab()
    return rows


def _from_transformers(name: str) -> Tokenizer:
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"vocabulary.tokenizer {name}: a hub name or a tokenizer folder is needed: {reason}"
        ) from error
    if not hasattr(loaded, "backend_tokenizer"):
        raise ModelError(f"vocabulary.tokenizer {name}: a tokenizer with a tokenizer.json (a fast one) is needed")
    tokenizer: Tokenizer = loaded.backend_tokenizer
    return tokenizer


def _word_piece(rows: dict[str, int]) -> Tokenizer:
    tokenizer = _plain(models.WordPiece(rows, unk_token="[UNK]"))
    tokenizer.add_special_tokens([token for token in SPECIAL if tokenizer.token_to_id(token) is not None])
    return _with_frame(tokenizer)


def _plain(model: models.WordPiece) -> Tokenizer:
    """Return BERT's uncased tokenizer around `model`: lower case, no accents, split at white space and punctuation."""
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
