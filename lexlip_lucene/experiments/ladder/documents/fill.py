"""Filling a document store: states through the model's head and the twin's projection, batch by batch (torch).

The vectors of photos are real: their states and head run as `lexlip encode images` runs them (held distractors' states
in half precision). Every document after them is mixed, in bfloat16. Sparse and dense vectors of a document come from
the same states.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from numpy.typing import NDArray

from lexlip_lucene.encoders.explain.patch_maps import grid_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.ladder.documents.document_batches import DocumentBatch, DocumentBatches
from lexlip_lucene.experiments.ladder.documents.plan import DocumentPlan
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress

TEXTS_AT_ONCE = 1024

TEXT_TOKENS = 32
"""Tokens kept of a text."""

_UINT16 = 2**16


def fill_store(folder: Path, model: LexLip, plan: DocumentPlan, *, states: Path | None, progress: Progress) -> None:
    """Write the store, whole or not at all.

    Args:
        folder: replaced if it exists.
        model: its quantisation ceiling is kept with the vectors.
        plan: the documents.
        states: a folder that keeps the backbone's states of photos; None: keep none.
        progress: shows how far it is.

    Raises:
        InputError: none of the photos that topics ask for, or of those beside them, can be read, or two documents have
            one id.
    """
    batches = DocumentBatches(model, plan, states, progress)
    with written_folder(folder, force=True) as partial:
        arrays = _arrays(partial, model, plan)
        ids: list[str] = []
        texts: list[str] = []
        for batch in batches:
            rows = slice(len(ids), len(ids) + len(batch.ids))
            _encode(model, batch, plan.cuts, {name: array[rows] for name, array in arrays.items()})
            ids += batch.ids
            texts += batch.texts
        if len(set(ids)) != len(ids):
            raise InputError(f"{len(ids) - len(set(ids))} documents have an id that another one has: ids must differ")
        _shorten(partial, arrays, len(ids))
        if plan.encode_texts:
            _encode_texts(partial, model, texts, progress)
        (partial / "facts.json").write_bytes(orjson.dumps(_facts(model, batches, len(ids))))
        (partial / "ids.json").write_bytes(orjson.dumps(ids))
        (partial / "texts.json").write_bytes(orjson.dumps(texts))


def _facts(model: LexLip, batches: DocumentBatches, documents: int) -> dict[str, Any]:
    return {
        "wanted": batches.plan.documents,
        "documents": documents,
        "targets": batches.targets,
        "kept": batches.kept,
        "photos": batches.photos,
        "mixes": documents - batches.photos,
        "rejected": batches.rejected,
        "given_texts": batches.given_texts,
        "captions_to_give": len(batches.plan.texts.captions),
        "cuts": list(batches.plan.cuts),
        "ceiling": model.quantiser("image").ceiling,
        "tokens": list(model.lexicon.tokens),
        "late_mix": None if model.config.late is None else model.config.late.mix,
    }


def _arrays(folder: Path, model: LexLip, plan: DocumentPlan) -> dict[str, NDArray[Any]]:
    """Return arrays in files, as long as the store can become."""
    tokens = min(plan.cuts[0], len(model.lexicon))
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "positions": ((tokens,), _position_type(model)),
        "weights": ((tokens,), np.float32),
        "lengths": ((len(plan.cuts),), np.float32),
        "parents": ((plan.mix.photos,), np.int32),
    }
    if plan.dense and model.config.dense_width is not None:
        shapes["dense"] = ((model.config.dense_width,), np.float32)
    if plan.patches and model.config.late is not None:
        grid = grid_of(model)
        patches = 1 if model.config.late.pooled else grid.rows * grid.columns
        shapes["patches"] = ((patches, model.config.late.width), np.float16)
    rows = max(plan.documents, len(plan.targets))
    return {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=(rows, *shape))
        for name, (shape, kind) in shapes.items()
    }


def _position_type(model: LexLip) -> type:
    return np.uint16 if len(model.lexicon) <= _UINT16 else np.uint32


def _shorten(folder: Path, arrays: dict[str, NDArray[Any]], documents: int) -> None:
    """Cut the files to the number of documents: fewer than planned if photos could not be read."""
    for name, array in arrays.items():
        if len(array) != documents:
            np.save(folder / f"{name}.npy", np.array(array[:documents]), allow_pickle=False)


@torch.inference_mode()
def _encode(model: LexLip, batch: DocumentBatch, cuts: Sequence[int], rows: dict[str, NDArray[Any]]) -> None:
    """Write the vectors of a batch into its rows of the arrays."""
    mixed = bool(batch.parents[0, 0] >= 0)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=mixed):
        states = batch.states.to(model.device)
        adapted, mean_state = model.image.adapted(states)
        logits = model.image.logits_of(adapted, mean_state).float()
        twin = model.dense if "dense" in rows else None
        dense = None if twin is None else twin.image(adapted, mean_state).float()
    weights = model.image.with_classes(saturate(logits), states)
    weights = divide_by_length(weights, model.config.image.length_power)
    kept = model.kept(weights, "image", cuts[0])
    rows["positions"][:] = kept.positions.cpu().numpy()
    rows["weights"][:] = kept.weights.cpu().numpy()
    rows["lengths"][:] = model.cut_lengths(weights, "image", cuts).cpu().numpy()
    rows["parents"][:] = batch.parents
    if "patches" in rows:
        rows["patches"][:] = model.patches_of_states(states).cpu().numpy()
    if dense is not None:
        rows["dense"][:] = model.dense_documents(dense, "image").cpu().numpy()


def _encode_texts(folder: Path, model: LexLip, texts: Sequence[str], progress: Progress) -> None:
    """Write the texts' vectors as queries would have them, in 8 bits; a text that occurs often is encoded once."""
    place_of = {token: place for place, token in enumerate(model.lexicon.tokens)}
    row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    different = list(row_of)
    positions: NDArray[Any] = np.zeros((len(different), TEXT_TOKENS), dtype=_position_type(model))
    impacts = np.zeros((len(different), TEXT_TOKENS), dtype=np.uint8)
    begins = range(0, len(different), TEXTS_AT_ONCE)
    for begin in progress.track(begins, "texts through the model (batches)", len(begins)):
        vectors = model.encode_texts(different[begin : begin + TEXTS_AT_ONCE], top_k=TEXT_TOKENS, bits=8)
        for row, vector in enumerate(vectors, start=begin):
            positions[row, : len(vector)] = [place_of[token] for token in vector]
            impacts[row, : len(vector)] = list(vector.values())
    rows = np.array([row_of[text] for text in texts])
    np.save(folder / "text_positions.npy", positions[rows], allow_pickle=False)
    np.save(folder / "text_impacts.npy", impacts[rows], allow_pickle=False)
