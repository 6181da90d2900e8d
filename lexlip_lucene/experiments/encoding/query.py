"""The latency of encoding one query on one core: `python -m lexlip_lucene.experiments.encoding.query --model MODEL`.

MODEL is a model folder or the output of `lexlip export onnx`. The result is the median and the 95th percentile, in
milliseconds, of `LexLipQueryEncoder.encode`, from the text to the integers. `lexlip` has no verb for it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import orjson
import torch

from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder

QUERIES = (
    "a black dog runs over the green grass with a ball",
    "two children play in the snow",
    "a man in a red jacket climbs a steep rock",
    "people sit at a table outside a restaurant",
    "a bicycle rider jumps over a ramp in front of a crowd",
)

WARM_UP = 10


def milliseconds(encoder: LexLipQueryEncoder, times: int) -> list[float]:
    """Return the milliseconds of each of `times` queries."""
    taken = []
    for number in range(WARM_UP + times):
        begun = time.perf_counter()
        encoder.encode(QUERIES[number % len(QUERIES)])
        taken.append(1000 * (time.perf_counter() - begun))
    return taken[WARM_UP:]


def main() -> None:
    """Measure and print one JSON object."""
    program = "python -m lexlip_lucene.experiments.encoding.query"
    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="model folder, or an exported query side")
    parser.add_argument("--times", type=int, default=200, help="queries to time")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    taken = milliseconds(LexLipQueryEncoder(arguments.model), arguments.times)
    print(orjson.dumps({"p50": float(np.percentile(taken, 50)), "p95": float(np.percentile(taken, 95))}).decode())


if __name__ == "__main__":
    main()
