"""AUC of each kind of score of a model: `python -m lexlip_lucene.experiments.pairs.auc RECIPE --model M`.

The model was trained by RECIPE without a final run, so it has not seen the images that this keeps aside. It is measured
on them and on the split `val`, against random pictures and those that look most alike. MAF's head is trained on
captions of the images kept aside; those that it scores there are not among them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import torch

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.experiments.pairs.separation import separation
from lexlip_lucene.experiments.pairs.table import Table, opened
from lexlip_lucene.pairs.encoded import encode_pairs
from lexlip_lucene.pairs.judged import calibrated, make_scorers
from lexlip_lucene.pairs.scorer import HEADS
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.frozen_states import FrozenStates


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a JSON line for each kind of score and set of pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path, help="encoder recipe with a frozen backbone and a late head")
    parser.add_argument("--model", type=Path, required=True, help="model that it gave")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    recipe = read_recipe(given.recipe, EncoderRecipe, given.set)
    states = given.recipe.with_suffix("") / "states"
    table = opened(recipe, given.model.with_suffix(".auc"), states, folds=2, head="both")
    for record in measured(table, LexLip.from_pretrained(given.model), given.seed):
        print(orjson.dumps(record).decode(), flush=True)


def measured(table: Table, model: LexLip, seed: int) -> list[dict[str, object]]:
    """Return a record for each kind of score on either set."""
    job = table.job
    assert isinstance(job.source, FrozenStates), "`opened` has looked"
    aside = job.kept_aside
    images = [*(job.images[number] for number in aside), *table.val]
    source = FrozenStates(torch.cat([job.source.some(aside).kept[:1], table.val_states.kept[:1]], dim=1))
    captions = CaptionTokens.of(images, model.tokenizer, model.config.text.max_length)
    texts = [caption for image in images for caption in image.captions]
    encoded = encode_pairs(model, source, np.arange(len(images)), captions, texts)
    own = np.repeat(np.arange(len(images)), captions.counts)
    learn = np.arange(len(aside))
    scorers = make_scorers(HEADS, encoded, own, learn=learn, seed=seed, progress=table.progress)
    records = []
    for name, among in (("aside", learn), ("val", np.arange(len(aside), len(images)))):
        for head, scorer in scorers.items():
            found = separation(scorer, encoded, own, among, seed)
            brier = calibrated(scorer, own, np.flatnonzero(np.isin(own, among)), seed=seed).brier
            records.append({"pictures": name, "head": head, **found._asdict(), "brier": brier})
    return records


if __name__ == "__main__":
    main()
