"""The speed of encoding beside that of its bare parts: `python -m lexlip_lucene.experiments.encoding.throughput`.

    head                               a fresh ViT-B/16 at 224 over 30,522 tokens, pictures already decoded, top-k 128,
                                       through quantising and writing; against the bare backbone's forward plus one
                                       bare product of the head's size, in the same precision
    files --model M --images FOLDER    a model from image files; against the same with the pictures already decoded

Each repeat times both in turns. The share is the parts' median time over the whole's, 1 if nothing is lost. Compiling
is not timed. `lexlip` has no verb for it.
"""

import argparse
import copy
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson
import torch
from tokenizers import Tokenizer, models
from torch import Tensor

from lexlip_lucene.data.image_folder import read_image_folder
from lexlip_lucene.encode.arithmetic import Arithmetic, choose_arithmetic
from lexlip_lucene.encode.image_pass import ImagePass
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encode.shard_thread import EncodedBatch, ShardThread
from lexlip_lucene.encode.unfinished import Unfinished
from lexlip_lucene.encoders.model.device import choose_device
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import Ceilings, ModelConfig
from lexlip_lucene.encoders.model.pixels import load_groups, normalise
from lexlip_lucene.encoders.pool.heaviest import quantised
from lexlip_lucene.experiments.engine.timing import interleaved
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec, StaticTextSpec

TOKENS, WIDTH, TOP_K = 30_522, 768, 128

Batches = Iterable[Sequence[Tensor]]


def fresh_vit(device: str) -> LexLip:
    """Return a ViT-B/16 with a head of 30,522 tokens, with random weights."""
    tokens = tuple(f"t{number}" for number in range(TOKENS))
    rows = {token: row for row, token in enumerate(tokens)}
    config = ModelConfig(
        name="fresh ViT-B/16",
        image=ImageSpec(backbone="vit_base_patch16_224", adapter=AdapterSpec(width=WIDTH)),
        text=StaticTextSpec(kind="static"),
        tokens=tokens,
        rows=tuple(range(TOKENS)),
        vocabulary_size=TOKENS,
        ceilings=Ceilings(image=1.0, text=1.0),
        top_k=TOP_K,
    )
    torch.manual_seed(0)
    model = LexLip(config, Tokenizer(models.WordLevel(rows, unk_token="t0")))
    return model.to(device).eval()


def encode(model: LexLip, encoder: ImagePass, batches: Callable[[], Batches], folder: Path) -> None:
    """Encode batches of pictures into one shard below `folder`, as `lexlip encode images` does."""
    shard = PlannedShard(0, 0, 0)
    unfinished = Unfinished(folder / "collection", facts={}, settings={}, plan=[shard])
    unfinished.begin()
    quantiser, tokens = model.quantiser("image"), model.lexicon.tokens
    with ShardThread(unfinished) as shards:
        for batch in batches():
            names = [(str(number), "") for number in range(len(batch))]
            vectors = partial(quantised, encoder(batch), quantiser, tokens)
            shards.put(EncodedBatch(shard, False, len(names), names, vectors))
        shards.put(EncodedBatch(shard, True, 0, [], list))


@torch.inference_mode()
def bare_parts(model: LexLip, arithmetic: Arithmetic, batch: Tensor, times: int) -> None:
    """Run the bare backbone and one bare product of the head's size over the same batch `times` times."""
    dtype = torch.bfloat16 if arithmetic.precision == "bfloat16" else torch.float32
    states = torch.zeros(len(batch) * 196, WIDTH, dtype=dtype, device=batch.device)
    weight = torch.zeros(WIDTH, TOKENS, dtype=dtype, device=batch.device)
    backbone = model.image.tower.backbone
    for _ in range(times):
        backbone.forward_features(batch.to(dtype))  # type: ignore[operator]  # timm's, which mypy takes for a tensor
        states @ weight
    if batch.device.type == "cuda":
        torch.cuda.synchronize()


def head_share(arguments: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Measure the part `head`."""
    model = fresh_vit(choose_device(arguments.device))
    batches = max(1, arguments.count // arguments.batch_size)
    arithmetic = choose_arithmetic(model.device, inputs=1)
    encoder = ImagePass(model, arithmetic, most=TOP_K, batch_size=arguments.batch_size)
    pictures = list(torch.randint(0, 256, (arguments.batch_size, 3, 224, 224), dtype=torch.uint8))
    bare = copy.deepcopy(model)
    if arithmetic.precision == "bfloat16":
        bare.image.tower.to(dtype=torch.bfloat16)
    pixels = normalise(torch.stack(pictures).to(model.device), model.config.image)
    passes = {
        "whole": partial(encode, model, encoder, lambda: [pictures] * batches, folder),
        "parts": partial(bare_parts, bare, arithmetic, pixels, batches),
    }
    return _shares(passes, batches * arguments.batch_size, arguments.repeats)


def files_share(arguments: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Measure the part `files`."""
    model = LexLip.from_pretrained(arguments.model, device=choose_device(arguments.device))
    paths = [image.path for image in read_image_folder(arguments.images)][: arguments.count]
    size = arguments.batch_size
    groups = [paths[start : start + size] for start in range(0, len(paths), size)]
    inputs = 10**6 if arguments.compiled else 1
    arithmetic = choose_arithmetic(model.device, inputs=inputs)
    encoder = ImagePass(model, arithmetic, most=model.quantiser("image").top_k, batch_size=size)

    def load() -> Batches:
        for group in load_groups(groups, size=model.config.image.size):
            yield [picture for picture in group if isinstance(picture, Tensor)]

    decoded = list(load())
    passes = {
        "whole": partial(encode, model, encoder, load, folder),
        "parts": partial(encode, model, encoder, lambda: decoded, folder),
    }
    return _shares(passes, len(paths), arguments.repeats)


def _shares(passes: Mapping[str, Callable[[], None]], images: int, repeats: int) -> dict[str, float]:
    seconds = interleaved(passes, repeats=repeats)
    whole, parts = seconds["whole"].median, seconds["parts"].median
    return {
        "share": parts / whole,
        "images_per_second": images / whole,
        "parts_images_per_second": images / parts,
    }


def main() -> None:
    """Measure one part and print one JSON object."""
    program = "python -m lexlip_lucene.experiments.encoding.throughput"
    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["head", "files"])
    parser.add_argument("--model", type=Path, help="model folder, for files")
    parser.add_argument("--images", type=Path, help="folder of image files, for files")
    parser.add_argument("--compiled", action="store_true", help="compile, as for many images (files)")
    parser.add_argument("--count", type=int, default=64, help="images a repeat")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    if arguments.part == "files" and not (arguments.model and arguments.images):
        parser.error("files needs --model and --images")
    with tempfile.TemporaryDirectory() as folder:
        measure = head_share if arguments.part == "head" else files_share
        print(orjson.dumps(measure(arguments, Path(folder))).decode())


if __name__ == "__main__":
    main()
