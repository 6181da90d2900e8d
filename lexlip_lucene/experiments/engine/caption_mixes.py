"""Made-up vectors with the shape of photos', which anybody can make: mixes of captions that come with the package.

The shipped model `photos-fast` holds the vectors of 1,000 captions of training photos (its bank of queries). A document
is as if 16 of them described one photo:

    x = Σ over 16 captions i of w_i × caption_i / m^0.3,    w ~ Dirichlet(0.3, …),    m: the mean of all captions
    impact = 255 × x^0.35 × e^n, n ~ N(0, 0.15²), scaled by all alike and rounded;    the 128 largest are kept

No photo is in them: topics and their words are real. The constants were chosen so that the shape is that of the vectors
of Flickr8k's 1,000 validation photos; only speed and size are measured on them. Of 2,000 documents against those: the
token of the average posting is in 21.5 % (21.9 %) of the documents, 32.5 % (31.0 %) of the postings are of the 100
commonest tokens, the mean impact is 73.7 (77.0), and the entropy of impacts 6.64 (6.72) bits. What the mixes can't show
is whether a hit is a good one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lexlip_lucene.experiments.engine.queries import TERMS, heaviest, queries_path
from lexlip_lucene.experiments.engine.shape import ShapeCounter
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.models.shipped import CONFIG_FILE, PHOTOS_FAST, WEIGHTS_FILE, model_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import write_queries, write_shards

SEED = 7

POSTINGS = 128

_CAPTIONS, _CONCENTRATION, _DAMPING, _POWER, _NOISE = 16, 0.3, 0.3, 0.35, 0.15
_COMMON = 1e-3
"""The least share of the commonest token's mean: rarer ones are damped alike."""

_CHUNK = 1000
_DOCUMENTS, _QUERIES = 1, 2
"""The purposes of generators, one each, so that queries do not change with the number of documents."""


@dataclass(frozen=True)
class CaptionMixes:
    """`documents` mixes of captions; `queries` captions of 8 terms, and as many further mixes of 32."""

    documents: int
    queries: int

    def request(self) -> dict[str, Any]:
        """Return what the vectors depend on."""
        return {
            "source": "mixes of captions",
            "documents": self.documents,
            "queries": self.queries,
            "seed": SEED,
            "model_sha256": sha256_of(model_folder(PHOTOS_FAST) / WEIGHTS_FILE),
        }

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write collection and queries into `folder`; return facts about them."""
        bank, counter = CaptionBank(model_folder(PHOTOS_FAST)), ShapeCounter()
        documents = progress.track(bank.mixes(self.documents, _DOCUMENTS, "mix"), "mixes of captions", self.documents)
        (folder / "collection").mkdir()
        write_shards(folder / "collection", counter.through(documents))
        mixes = list(bank.mixes(self.queries, _QUERIES, "mix-query"))
        short, long = TERMS
        captions = [query for query in bank.captions() if len(query.vector) >= short][: self.queries]
        asked = {short: [*captions, *mixes[len(captions) :]], long: mixes}
        for terms, queries in asked.items():
            write_queries(queries_path(folder, terms), [heaviest(query, terms) for query in queries])
        return {
            "about": "made-up vectors of photos' shape: mixes of the captions in the shipped model photos-fast",
            "shape": counter.shape()._asdict(),
            "queries": {
                str(short): {"captions": len(captions), "mixes": len(mixes) - len(captions)},
                str(long): {"captions": 0, "mixes": len(mixes)},
            },
        }


class CaptionBank:
    """The captions' vectors of the model in a folder."""

    def __init__(self, folder: Path) -> None:
        from lexlip_lucene.encoders.query.numpy_tensors import numpy_tensors

        config = orjson.loads((folder / CONFIG_FILE).read_bytes())
        self._tokens = np.array(config["tokens"], dtype=object)
        size, width = (config["image"]["bank"][key] for key in ("size", "tokens"))
        names = {"positions": (size, width), "weights": (size, width), "weights.scale": (size,)}
        tensors = numpy_tensors(folder / WEIGHTS_FILE, {f"banks.image.{key}": names[key] for key in names})
        positions, weights, scales = (tensors[f"banks.image.{key}"] for key in names)
        kept = weights > 0
        rows = np.repeat(np.arange(size), width).reshape(size, width)
        values = (weights * scales[:, None].astype(np.float64))[kept]
        self._captions = csr_array((values, (rows[kept], positions[kept])), shape=(size, len(self._tokens)))

    def captions(self) -> Iterator[Document]:
        """Yield the captions, in an order drawn by the seed; the heaviest weight of all is 255."""
        most = self._captions.data.max()
        for number in np.random.default_rng([SEED, _QUERIES]).permutation(self._captions.shape[0]).tolist():
            entries = slice(self._captions.indptr[number], self._captions.indptr[number + 1])
            weights = np.rint(255 * self._captions.data[entries] / most).clip(min=1).astype(int).tolist()
            tokens = self._tokens[self._captions.indices[entries]].tolist()
            yield Document(f"caption{number:04d}", "", dict(zip(tokens, weights, strict=True)))

    def mixes(self, count: int, stream: int, prefix: str) -> Iterator[Document]:
        """Yield `count` mixes `<prefix>0000000` …, heaviest token first; a longer stream begins as a shorter one."""
        for chunk, begin in enumerate(range(0, count, _CHUNK)):
            mixed = self._drawn(stream, chunk)
            for number in range(min(_CHUNK, count - begin)):
                entries = slice(mixed.indptr[number], mixed.indptr[number + 1])
                order = np.argsort(-mixed.data[entries], kind="stable")[:POSTINGS]
                impacts = np.rint(255 * mixed.data[entries][order] / self._ceiling).clip(1, 255).astype(int).tolist()
                tokens = self._tokens[mixed.indices[entries][order]].tolist()
                yield Document(f"{prefix}{begin + number:07d}", "", dict(zip(tokens, impacts, strict=True)))

    @cached_property
    def _damped(self) -> csr_array:
        """Captions of length 1, whose tokens are divided by how common they are."""
        norms = np.sqrt(self._captions.multiply(self._captions).sum(axis=1))
        unit = csr_array(self._captions / norms[:, None])
        mean = self._captions.mean(axis=0)
        unit.data /= np.maximum(mean / mean.max(), _COMMON)[unit.indices] ** _DAMPING
        return unit

    @cached_property
    def _ceiling(self) -> float:
        """The value that becomes 255: a tenth of the documents have a larger one."""
        heaviest_of_each: NDArray[np.float64] = self._drawn(_DOCUMENTS, 0).max(axis=1).toarray()
        return float(np.quantile(heaviest_of_each, 0.9))

    def _drawn(self, stream: int, chunk: int) -> csr_array:
        """Return the mixes of a chunk (_CHUNK, tokens), not cut yet."""
        chance = np.random.default_rng([SEED, stream, chunk])
        captions = chance.integers(self._captions.shape[0], size=(_CHUNK, _CAPTIONS))
        shares = chance.dirichlet([_CONCENTRATION] * _CAPTIONS, size=_CHUNK)
        begins = np.arange(0, _CAPTIONS * _CHUNK + 1, _CAPTIONS)
        chosen = csr_array((shares.ravel(), captions.ravel(), begins), shape=(_CHUNK, self._captions.shape[0]))
        mixed = csr_array(chosen @ self._damped)
        mixed.sort_indices()
        mixed.data = mixed.data**_POWER * np.exp(chance.normal(0, _NOISE, len(mixed.data)))
        return mixed
