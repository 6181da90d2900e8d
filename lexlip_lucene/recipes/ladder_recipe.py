"""A ladder recipe (`indexes/*.yaml` with `system: ladder`): many systems on the same topics, at every scale."""

import difflib
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator

from lexlip_lucene.recipes.index_recipe import Expectation
from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.recipe_path import RecipePath

BM25, LEXLIP, TWO_STEP, ONE_FIELD = "BM25", "LexLIP", "LexLIP in two steps", "one field"
FLAT, HNSW, IVFPQ, SEISMIC = "dense, flat", "dense, HNSW", "dense, IVF-PQ", "Seismic"
CLIP_FLAT, CLIP_HNSW = "CLIP, flat", "CLIP, HNSW"
RRF, INTERPOLATED = "LexLIP + BM25, RRF", "LexLIP + BM25, interpolated"

SYSTEMS = (BM25, TWO_STEP, FLAT, HNSW, IVFPQ, CLIP_FLAT, CLIP_HNSW, SEISMIC, RRF, INTERPOLATED, ONE_FIELD)
"""How tables call the systems, beside LexLIP's operating points."""


OURS = "ours"
"""The source of vectors and topics of the ladder's own encoder."""

MIXES = "mixes"
"""What figures of mixes are called, where those of a system have its name."""


class PointSpec(Spec):
    """One of LexLIP's operating points: how many tokens of an image are indexed at most, and in how many bits.

    A point is of the model of the ladder's encoder recipe, unless it says otherwise:

    Attributes:
        flops: the weight on FLOPS of images in training (`training.image_flops`): the model is trained to be sparser
            than the encoder recipe says, to its last step.
        encoder: another encoder recipe: one with a text tower, say, where the ladder's is inference-free.
    """

    top_k: int = Field(gt=0)
    bits: int = Field(default=8, ge=1, le=16)
    flops: float | None = Field(default=None, gt=0)
    encoder: RecipePath | None = Field(default=None, repr=False)  # an index is known by the model, not by its place

    @model_validator(mode="after")
    def _one_other_model(self) -> "PointSpec":
        if self.flops is not None and self.encoder is not None:
            raise ValueError("a point has flops or an encoder of its own, not both: set training.image_flops there")
        return self

    @property
    def name(self) -> str:
        """How tables call it: `128 × 8 bit`, `64 × 8 bit, FLOPS 0.1`, `128 × 8 bit, flickr8k-text-tower`."""
        other = self.encoder.stem if self.encoder is not None else f"FLOPS {self.flops:g}" if self.flops else None
        return f"{self.top_k} × {self.bits} bit" + ("" if other is None else f", {other}")

    @property
    def source(self) -> str:
        """Which model it is of: `ours`, `flops-0.1` or `flickr8k-text-tower`; names a folder, too."""
        return self.encoder.stem if self.encoder is not None else f"flops-{self.flops:g}" if self.flops else OURS


def lexlip_name(point: PointSpec) -> str:
    """How tables call LexLIP at an operating point: `LexLIP 128 × 8 bit`."""
    return f"{LEXLIP} {point.name}"


class DistractorSpec(Spec):
    """What stands beside the images that topics ask for.

    Photos come first, then mixes of their backbone states (see `encoders/mixes.py`), as many as a rung needs.

    Attributes:
        captions, split: the photos; the recipe's own captions file unless given. A plain folder of images will do.
        texts: caption sets; each mix gets a real caption as its text for BM25. Images that the recipe's captions file
            has are left out of them.
        seed, photos, concentration, noise: of the mixes.
    """

    captions: RecipePath | None = None
    split: str | None = None
    texts: tuple[RecipePath, ...] = ()
    seed: int = Field(default=7, ge=0)
    photos: int = Field(default=3, gt=0)
    concentration: float = Field(default=0.3, gt=0)
    noise: float = Field(default=0.3, ge=0)


class TwoStepSpec(Spec):
    """LexLIP's approximate search at its first operating point: a setting for every rung.

    Attributes:
        postings_per_document: how many postings the first step adds up, for each document of the rung: 0.6 of the 1.7
            that a query of ten tokens meets in each, say, looks at about a third.
        candidates: as `Approximation` takes them.
    """

    postings_per_document: float = Field(gt=0)
    candidates: int = Field(gt=0)


class SeismicSpec(Spec):
    """Seismic on the vectors of the first operating point, as its search takes it."""

    query_cut: int = Field(gt=0)
    heap_factor: float = Field(gt=0, le=1)


class HnswSpec(Spec):
    """faiss's HNSW: links a vector, and how wide it looks when it builds and when it searches."""

    links: int = Field(default=32, gt=0)
    build: int = Field(default=80, gt=0)
    search: int = Field(default=128, gt=0)


class IvfPqSpec(Spec):
    """faiss's IVF-PQ: bytes a vector (which divide its width), and the share of the lists that a query looks into."""

    bytes: int = Field(default=64, gt=0)
    probed: float = Field(default=0.05, gt=0, le=1)


class DenseSpec(Spec):
    """The dense twin's indexes: always flat and exact; the others where they are set."""

    hnsw: HnswSpec | None = None
    ivfpq: IvfPqSpec | None = None


class ClipSpec(Spec):
    """A CLIP or SigLIP by hub name or folder, and its indexes: always flat and exact; HNSW where it is set.

    A mix is of another backbone's states, so CLIP is only at rungs that hold photos alone.
    """

    model: str
    hnsw: HnswSpec | None = None


class TimingSpec(Spec):
    """How times are taken: so many topics, drawn once, one at a time; so many repeats of all systems."""

    topics: int = Field(default=500, gt=0)
    repeats: int = Field(default=5, gt=0)
    threads: int = Field(default=2, gt=0)


class LadderRecipe(Spec):
    """A whole ladder recipe.

    Attributes:
        captions, split, held_out: the images that topics ask for; BM25 has their first `held_out` captions, the others
            are the topics.
        outside: read image files that lie outside of the folders of captions files.
        encoder: the encoder recipe; its model is trained when it is not there.
        rungs: documents of each rung, rising; a rung begins with all of the rung below.
        points: LexLIP's operating points; the first is the one that other systems build on, of the recipe's own model.
        two_step, seismic, dense, clip: further systems; `dense` needs an encoder with a dense twin.
        tune_split: photos on which the share of each side in fused systems is chosen; null: no tuned fusion.
        up_to: system → largest rung that it is built for; not of BM25 and the first point.
        expect: `<rung> <system> <measure>` → expected figure; the other names are in `figures_of`.
    """

    name: str
    about: str = ""
    roots: dict[str, str] = Field(default={})
    system: Literal["ladder"]
    captions: RecipePath
    split: str | None = None
    outside: bool = False
    held_out: int = Field(default=1, ge=1)
    encoder: RecipePath
    distractors: DistractorSpec = DistractorSpec()
    rungs: tuple[int, ...] = Field(min_length=1)
    points: tuple[PointSpec, ...] = Field(min_length=1)
    two_step: TwoStepSpec | None = None
    seismic: SeismicSpec | None = None
    dense: DenseSpec | None = None
    clip: ClipSpec | None = None
    tune_split: str | None = None
    up_to: dict[str, int] = Field(default={})
    timing: TimingSpec = TimingSpec()
    expect: dict[str, Expectation] = Field(default={})

    @model_validator(mode="after")
    def _in_order(self) -> "LadderRecipe":
        if list(self.rungs) != sorted(set(self.rungs)) or self.rungs[0] < 1:
            raise ValueError(f"rungs must rise from at least 1, but they are {list(self.rungs)}")
        if len({point.name for point in self.points}) != len(self.points):
            raise ValueError("points must differ, but one is there twice")
        models = {(point.source, point.encoder) for point in self.points}
        names = [name for name, _ in models]
        if len(set(names)) != len(names) or any(name in ("clip", OURS) for name, encoder in models if encoder):
            raise ValueError(f"encoders of points must be told apart by name, and be called neither clip nor {OURS}")
        self._known_limits()
        if self.points[0].top_k < max(point.top_k for point in self.points):
            raise ValueError(f"the first of points must have the most tokens, but it has {self.points[0].top_k}")
        if self.points[0].source != OURS:
            raise ValueError(
                "the first of points is of the encoder recipe's own model: it must have no flops and no encoder"
            )
        return self

    @property
    def sources(self) -> dict[str, PointSpec]:
        """Source → the first point of its model, the recipe's own model first."""
        first: dict[str, PointSpec] = {}
        for point in self.points:
            first.setdefault(point.source, point)
        return first

    def cuts(self) -> list[int]:
        """Return the numbers of tokens that points keep of a document, the largest first."""
        return sorted({point.top_k for point in self.points}, reverse=True)

    def of_source(self, source: str) -> "LadderRecipe":
        """Return the recipe with the points of one model alone, its encoder, and the rungs that these are at.

        The dense twin is of the recipe's own model alone.
        """
        points = tuple(point for point in self.points if point.source == source)
        if source == OURS:
            return self.model_copy(update={"points": points})
        last = max(self.up_to.get(lexlip_name(point), self.rungs[-1]) for point in points)
        rungs = tuple(rung for rung in self.rungs if rung <= last) or self.rungs[:1]
        encoder = points[0].encoder or self.encoder
        return self.model_copy(update={"points": points, "encoder": encoder, "rungs": rungs, "dense": None})

    def asked_figures(self) -> dict[str, Expectation]:
        """Return what `expect` says of rungs up to the last: a ladder that stops earlier is asked for no more."""
        rungs = {key: key.partition(" ")[0] for key in self.expect}
        last = self.rungs[-1]
        return {
            key: expected
            for key, expected in self.expect.items()
            if not (rungs[key].isdecimal() and int(rungs[key]) > last)
        }

    def _known_limits(self) -> None:
        known = [*SYSTEMS, *(lexlip_name(point) for point in self.points)]
        for name in self.up_to:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known systems are {', '.join(known)}"
                raise ValueError(f"up_to: no system {name!r}: {hint}")
            if name in (BM25, lexlip_name(self.points[0])):
                raise ValueError(f"up_to: {name!r} is at every rung: other systems build on it")


def is_ladder(path: Path) -> bool:
    """Whether the recipe at `path` says `system: ladder`; what is wrong with it is said when it is read."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(values, dict) and values.get("system") == "ladder"
