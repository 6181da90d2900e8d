"""Filling a document store: photos through the model, then mixes of photos' states, until there are enough (torch).

What is real: the vectors of photos, in float32. What is mixed: every document after them (`encoders/mixes.py`), in
bfloat16. Sparse and dense vectors of a document come from the same states.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encoders.arithmetic import choose_arithmetic
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.mixes import Mix, mixed_states
from lexlip_lucene.encoders.pixels import load_batches
from lexlip_lucene.encoders.pooling import divide_by_length, saturate
from lexlip_lucene.encoders.states_pass import StatesPass
from lexlip_lucene.errors import InputError
from lexlip_lucene.files import written_folder
from lexlip_lucene.ladder_documents.distractor_texts import DistractorTexts, photo_texts
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import DistractorSpec
from lexlip_lucene.training.frozen_states import frozen_states
from lexlip_lucene.training.sources import find_pictures

HELD_BYTES = 4e9
"""Distractors whose pixels take more are not held in memory, unless they are mixed."""

PHOTOS_AT_ONCE, TEXTS_AT_ONCE = 32, 1024

TEXT_TOKENS = 32
"""Tokens kept of a text."""


class Wanted(NamedTuple):
    """What a store is to hold: `targets` first, then `distractors`, then mixes of the distractors up to `documents`.

    `cuts` are the numbers of tokens that can be kept of a document later, the largest first. With `encode_texts` the
    texts' own vectors are kept as well.
    """

    targets: Sequence[CaptionedImage]
    distractors: Sequence[CaptionedImage]
    documents: int
    held_out: int
    cuts: Sequence[int]
    mix: DistractorSpec
    texts: DistractorTexts
    encode_texts: bool


class _Batch(NamedTuple):
    """Documents of one batch: docids, their states, whether they are computed in bfloat16, and a mix's photos."""

    ids: list[str]
    texts: list[str]
    states: Tensor
    parents: NDArray[np.int64]


def fill_store(folder: Path, model: LexLip, wanted: Wanted, *, states: Path | None, progress: Progress) -> None:
    """Write the store, whole or not at all.

    Args:
        folder: replaced when it is there.
        model: its quantisation ceiling is kept with the vectors.
        wanted: what it holds.
        states: a folder that keeps the backbone's states of photos; None: don't.
        progress: told about it.

    Raises:
        InputError: not one photo can be read, two documents have one id, or mixes are wanted and no photo is there to
            mix.
    """
    rejected: list[dict[str, str]] = []
    with written_folder(folder, force=True) as partial:
        arrays = _arrays(partial, model, wanted)
        ids: list[str] = []
        texts: list[str] = []
        counts = {"targets": 0, "photos": 0}
        batches = _batches(model, wanted, states, rejected, counts, progress)
        for batch in batches:
            rows = slice(len(ids), len(ids) + len(batch.ids))
            _encode(model, batch, wanted.cuts, {name: array[rows] for name, array in arrays.items()})
            ids += batch.ids
            texts += batch.texts
        if len(set(ids)) != len(ids):
            raise InputError(f"{len(ids) - len(set(ids))} documents have an id that another one has: ids must differ")
        _shorten(partial, arrays, len(ids))
        if wanted.encode_texts:
            _encode_texts(partial, model, texts, progress)
        facts = {
            "documents": len(ids),
            **counts,
            "mixes": len(ids) - counts["photos"],
            "rejected": rejected,
            "cuts": list(wanted.cuts),
            "ceiling": model.quantiser("image").ceiling,
            "tokens": list(model.lexicon.tokens),
            "captions_of_mixes": len(wanted.texts.captions),
        }
        (partial / "facts.json").write_bytes(orjson.dumps(facts))
        (partial / "ids.json").write_bytes(orjson.dumps(ids))
        (partial / "texts.json").write_bytes(orjson.dumps(texts))


def _arrays(folder: Path, model: LexLip, wanted: Wanted) -> dict[str, NDArray[Any]]:
    """Arrays in files, as long as the store can become."""
    tokens = min(wanted.cuts[0], len(model.lexicon))
    shapes: dict[str, tuple[int, type]] = {
        "positions": (tokens, np.uint16),
        "weights": (tokens, np.float32),
        "lengths": (len(wanted.cuts), np.float32),
        "parents": (wanted.mix.photos, np.int32),
    }
    if model.config.dense_width is not None:
        shapes["dense"] = (model.config.dense_width, np.float32)
    rows = max(wanted.documents, len(wanted.targets))
    return {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=(rows, width))
        for name, (width, kind) in shapes.items()
    }


def _shorten(folder: Path, arrays: dict[str, NDArray[Any]], documents: int) -> None:
    """Cut the files to the documents that there are: fewer than wanted where photos could not be read."""
    for name, array in arrays.items():
        if len(array) != documents:
            np.save(folder / f"{name}.npy", np.array(array[:documents]), allow_pickle=False)


def _batches(
    model: LexLip,
    wanted: Wanted,
    keep: Path | None,
    rejected: list[dict[str, str]],
    counts: dict[str, int],
    progress: Progress,
) -> Iterator[_Batch]:
    for batch in _photos(model, wanted.targets, wanted, keep, rejected, progress):
        counts["targets"] += len(batch.ids)
        yield batch
    if not counts["targets"]:
        raise InputError(f"not one of {len(wanted.targets)} photos can be read: there is nothing to search")
    # A photo that could not be read makes room for another one, where there are to be others.
    room = wanted.documents - counts["targets"] if wanted.documents > len(wanted.targets) else 0
    counts["photos"] = counts["targets"]
    pixels = len(wanted.distractors) * 3 * model.config.image.size**2
    if room <= len(wanted.distractors) and pixels > HELD_BYTES:
        for batch in _photos(model, wanted.distractors[:room], wanted, keep, rejected, progress):
            counts["photos"] += len(batch.ids)
            yield batch
    elif room:
        images, states = _held(model, wanted, keep, rejected, progress)
        images = images[:room]
        counts["photos"] += len(images)
        for begin in range(0, len(images), PHOTOS_AT_ONCE):
            part = images[begin : begin + PHOTOS_AT_ONCE]
            yield _of_photos(part, states[begin : begin + len(part)], wanted)
        yield from _mixes(states, room - len(images), wanted, progress)


def _held(
    model: LexLip, wanted: Wanted, keep: Path | None, rejected: list[dict[str, str]], progress: Progress
) -> tuple[list[CaptionedImage], Tensor]:
    """The distractors that can be read and their states, all in memory; what training kept of them is found again."""
    found = find_pictures(wanted.distractors, model.config.image.size, progress=progress)
    images = [wanted.distractors[number] for number in found.readable]
    there = set(found.readable)
    left_out = [image for number, image in enumerate(wanted.distractors) if number not in there]
    for image, reason in zip(left_out, found.rejected, strict=True):
        rejected.append({"id": image.id, "reason": reason})
        progress.note(f"left out: {reason}")
    if not images:
        raise InputError(f"not one of {len(wanted.distractors)} distractor photos can be read: none to search or mix")
    states = frozen_states(model, found.source, mirrored=False, cache=keep, progress=progress)
    return images, states.kept[0]


def _photos(
    model: LexLip,
    images: Sequence[CaptionedImage],
    wanted: Wanted,
    keep: Path | None,
    rejected: list[dict[str, str]],
    progress: Progress,
) -> Iterator[_Batch]:
    arithmetic = choose_arithmetic(model.device, inputs=len(images))
    run = StatesPass(model.image.tower, model.device, arithmetic, batch_size=PHOTOS_AT_ONCE, keep=keep)
    files = (image.path for image in images)
    batches = load_batches(files, size=model.config.image.size, batch_size=PHOTOS_AT_ONCE)
    done = iter(progress.track(images, "photos through the model", len(images)))
    for pictures in batches:
        seen = [(next(done), picture) for picture in pictures]
        for image, picture in seen:
            if not isinstance(picture, Tensor):
                rejected.append({"id": image.id, "reason": str(picture)})
                progress.note(f"left out: {image.where}: image {image.id}: {picture}")
        readable = [(image, picture) for image, picture in seen if isinstance(picture, Tensor)]
        if readable:
            found = [image for image, _ in readable]
            yield _of_photos(found, run(torch.stack([picture for _, picture in readable])), wanted)
    next(done, None)


def _of_photos(images: Sequence[CaptionedImage], states: Tensor, wanted: Wanted) -> _Batch:
    parents = np.full((len(images), wanted.mix.photos), -1)
    return _Batch([image.id for image in images], photo_texts(images, wanted.held_out), states, parents)


def _mixes(states: Tensor, count: int, wanted: Wanted, progress: Progress) -> Iterator[_Batch]:
    spec = wanted.mix
    mix = Mix(spec.photos, spec.concentration, spec.noise)
    texts = wanted.texts.stream()
    done = iter(progress.track(range(count), "mixes through the model", count))
    number = 0
    for batch in mixed_states(states, count, seed=spec.seed, mix=mix):
        ids = [f"mix{number + place:07d}" for place in range(len(batch.states))]
        number += len(ids)
        yield _Batch(ids, [next(texts) for _ in ids], batch.states, batch.photos)
        for _ in ids:
            next(done)
    next(done, None)


@torch.inference_mode()
def _encode(model: LexLip, batch: _Batch, cuts: Sequence[int], rows: dict[str, NDArray[Any]]) -> None:
    """Write the vectors of a batch into its rows of the arrays."""
    mixed = bool(batch.parents[0, 0] >= 0)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=mixed):
        adapted, mean_state = model.image.adapted(batch.states.to(model.device))
        logits = model.image.logits_of(adapted, mean_state).float()
        dense = None if model.dense is None else model.dense.image(adapted, mean_state).float()
    weights = divide_by_length(saturate(logits), model.config.image.length_power)
    found = model.kept(weights, "image", cuts[0])
    rows["positions"][:] = found.positions.cpu().numpy()
    rows["weights"][:] = found.weights.cpu().numpy()
    rows["lengths"][:] = model.cut_lengths(weights, "image", cuts).cpu().numpy()
    rows["parents"][:] = batch.parents
    if dense is not None:
        rows["dense"][:] = model.dense_documents(dense, "image").cpu().numpy()


def _encode_texts(folder: Path, model: LexLip, texts: Sequence[str], progress: Progress) -> None:
    """Keep the texts' vectors as queries would have them, in 8 bits; a text that occurs often is encoded once."""
    place_of = {token: place for place, token in enumerate(model.lexicon.tokens)}
    row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    different = list(row_of)
    positions = np.zeros((len(different), TEXT_TOKENS), dtype=np.uint16)
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
