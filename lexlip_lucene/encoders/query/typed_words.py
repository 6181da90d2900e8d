"""The reader of typed queries for a model: the rules of `words` with its own tokenizer and lexicon."""

from collections.abc import Mapping
from pathlib import Path

from tokenizers import Tokenizer

from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, read_config
from lexlip_lucene.encoders.model.model_files import require_as_written
from lexlip_lucene.encoders.model.tokenizer import load_tokenizer
from lexlip_lucene.encoders.query.onnx_query import CONFIG_FILE as QUERY_CONFIG_FILE
from lexlip_lucene.encoders.query.onnx_query import is_onnx_query, read_query_config
from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
from lexlip_lucene.errors import ModelError
from lexlip_lucene.words.cut_word import Cut, CutWord, as_cut
from lexlip_lucene.words.read_query import QueryReader
from lexlip_lucene.words.word_files import (
    COUNTS_FILE,
    LARGEST,
    NEIGHBOURS_FILE,
    PIECED_FILE,
    WordFiles,
    parse_counts,
    parse_neighbours,
    parse_pieced,
)


def query_reader(folder: Path, encoder: LexLipQueryEncoder) -> QueryReader:
    """Return the reader of queries typed for the model in `folder`, which `encoder` encodes.

    Raises:
        ModelError: its tokenizer or one of its word files can't be read, or is not the one that was written.
    """
    tokens = encoder.model.lexicon.tokens
    return QueryReader(encoder.encode, word_cutter(load_tokenizer(folder)), tokens, read_word_files(folder))


def word_cutter(tokenizer: Tokenizer) -> Cut:
    """Return the cut of texts of any length into words, as the tokenizer makes it, without special tokens.

    Args:
        tokenizer: one that nothing else uses: from now on it leaves texts whole.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def cut(text: str) -> list[CutWord]:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        words: dict[int, list[int]] = {}
        for place, word in enumerate(encoding.word_ids):
            if word is not None:  # it is of special tokens only, which are not added
                words.setdefault(word, []).append(place)
        offsets, tokens = encoding.offsets, encoding.tokens
        return [
            as_cut(text, offsets[at[0]][0], offsets[at[-1]][1], [tokens[each] for each in at]) for at in words.values()
        ]

    return cut


def read_word_files(folder: Path) -> WordFiles:
    """Read `neighbours.json`, `pieced_words.json` and `token_counts.json` of a folder; each may be missing.

    Raises:
        ModelError: one can't be read, is not what it must be, or is not the one that was written.
    """
    config = QUERY_CONFIG_FILE if is_onnx_query(folder) else CONFIG_FILE
    files = read_query_config(folder).files if is_onnx_query(folder) else read_config(folder).files
    neighbours = _content(folder, NEIGHBOURS_FILE, files, config)
    pieced = _content(folder, PIECED_FILE, files, config)
    counts = _content(folder, COUNTS_FILE, files, config)
    return WordFiles(
        {} if neighbours is None else parse_neighbours(neighbours, folder / NEIGHBOURS_FILE),
        None if pieced is None else parse_pieced(pieced, folder / PIECED_FILE),
        {} if counts is None else parse_counts(counts, folder / COUNTS_FILE),
    )


def _content(folder: Path, name: str, files: Mapping[str, str], config: str) -> bytes | None:
    path = folder / name
    if name not in files and not path.is_file():
        return None
    require_as_written(folder, name, files, config)
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path}: a file of at most {LARGEST} bytes is needed, got {path.stat().st_size}")
    return path.read_bytes()
