"""A LexLip small enough to build in a test: a ViT of 2 blocks over 2 × 2 patches, and 20 word pieces.

`lexlip()` has the static text side, `lexlip(text=BERT)` a fresh BERT of one layer. Nothing is trained: the weights
come from a seed, the quantisation ceilings are made up.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn, random

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import Ceilings, ModelConfig
from lexlip_lucene.recipes.model_spec import (
    AdapterSpec,
    ImageSpec,
    LateSpec,
    StaticTextSpec,
    TextSpec,
    TransformerTextSpec,
)
from lexlip_lucene.vectors.lexicon import make_lexicon

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("a", "red", "blue", "green", "circle", "square", "star", "dog", "cat", "run", "##s", "over", "two")
VOCABULARY = (*SPECIAL, "[unused0]", ".", *WORDS)
"""20 rows, of which the 13 words are the lexicon."""

SIZE = 32
"""Pixels: four patches of 16."""

VIT = ImageSpec(
    backbone="vit_tiny_patch16_224",
    arguments={"img_size": SIZE, "depth": 2, "embed_dim": 32, "num_heads": 2},
    size=SIZE,
    global_path=True,
    adapter=AdapterSpec(width=16, layers=1, heads=2),
)
STATIC = StaticTextSpec(kind="static")
BERT = TransformerTextSpec(
    kind="transformer",
    architecture={
        "model_type": "bert",
        "vocab_size": len(VOCABULARY),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
    },
)
WORD_PATH = BERT.model_copy(update={"word_path": True})
DISTILBERT = TransformerTextSpec(
    kind="transformer",
    architecture={
        "model_type": "distilbert",
        "vocab_size": len(VOCABULARY),
        "dim": 16,
        "n_layers": 1,
        "n_heads": 2,
        "hidden_dim": 32,
        "max_position_embeddings": 64,
    },
)


def tokenizer() -> Tokenizer:
    """Make BERT's uncased WordPiece over VOCABULARY."""
    rows = {token: row for row, token in enumerate(VOCABULARY)}
    made = Tokenizer(models.WordPiece(rows, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", rows["[SEP]"]), ("[CLS]", rows["[CLS]"]))
    made.add_special_tokens(list(SPECIAL))
    return made


def config(
    image: ImageSpec = VIT, text: TextSpec = STATIC, dense_width: int | None = None, late: LateSpec | None = None
) -> ModelConfig:
    """Make the config of a calibrated model over the lexicon of VOCABULARY."""
    rows = {token: row for row, token in enumerate(VOCABULARY)}
    lexicon = make_lexicon(rows, special=SPECIAL, counts=None, min_count=0)
    return ModelConfig(
        name="tiny",
        image=image,
        text=text,
        tokens=lexicon.tokens,
        rows=lexicon.rows,
        vocabulary_size=len(VOCABULARY),
        ceilings=Ceilings(image=0.5, text=1.0),
        dense_width=dense_width,
        late=late,
    )


def lexlip(
    image: ImageSpec = VIT,
    text: TextSpec = STATIC,
    *,
    seed: int = 0,
    dense_width: int | None = None,
    late: LateSpec | None = None,
) -> LexLip:
    """Make a model with random weights, ready to encode."""
    with random.fork_rng(devices=[]):
        random.manual_seed(seed)
        model = LexLip(config(image, text, dense_width, late), tokenizer()).eval()
        if model.late is not None:
            nn.init.normal_(model.late.words)
            nn.init.normal_(model.late.raw_weight)
            if model.late.context is not None:
                nn.init.normal_(model.late.context, std=0.3)
        return model


def saved(folder: Path, *, late: LateSpec | None = None) -> LexLip:
    """Save a model with random weights in `folder`, and load it, so that a collection of its vectors can name it."""
    lexlip(late=late).save_pretrained(folder)
    return LexLip.from_pretrained(folder)


def without_checksums(folder: Path) -> Path:
    """Remove the checksums of the saved model in `folder`, as older models lack them: its files may then be changed."""
    config = json.loads((folder / "config.json").read_bytes())
    kept = {key: value for key, value in config.items() if key not in ("files", "checksum")}
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
    return folder
