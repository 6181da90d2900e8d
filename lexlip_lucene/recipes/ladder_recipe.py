"""A ladder recipe (`indexes/*.yaml` with `system: ladder`): many systems on the same topics, at every scale."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator, model_validator

from lexlip_lucene.recipes.index_recipe import Expectation
from lexlip_lucene.recipes.ladder_expect import FigureName, read_expectations
from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.recipe_path import RecipePath

LEXLIP = "LexLIP"
"""The name in tables of LexLIP, before that of an operating point."""

OURS = "ours"
"""The source of vectors and topics of the ladder's own encoder."""


class PointSpec(Spec):
    """One of LexLIP's operating points: the most tokens of an image that are indexed, and the bits of their weights.

    A point is of the model of the ladder's encoder recipe, unless it says otherwise:

    Attributes:
        top_k: heaviest tokens kept of an image.
        bits: of an impact.
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
        """The name in tables: `128 × 8 bit`, `64 × 8 bit, FLOPS 0.1`, `128 × 8 bit, flickr8k-text-tower`."""
        other = self.encoder.stem if self.encoder is not None else f"FLOPS {self.flops:g}" if self.flops else None
        return f"{self.top_k} × {self.bits} bit" + ("" if other is None else f", {other}")

    @property
    def source(self) -> str:
        """The model that it is of: `ours`, `flops-0.1` or `flickr8k-text-tower`; names a folder, too."""
        return self.encoder.stem if self.encoder is not None else f"flops-{self.flops:g}" if self.flops else OURS


def lexlip_name(point: PointSpec) -> str:
    """Return the name in tables of LexLIP at an operating point: `LexLIP 128 × 8 bit`."""
    return f"{LEXLIP} {point.name}"


class DistractorSpec(Spec):
    """The distractors beside the images that topics ask for.

    Photos come first, then mixes of their backbone states (see `encode/mixes.py`), as many as a rung needs.

    Attributes:
        captions, split: the photos; the recipe's own captions file unless given; or a plain folder of images.
        texts: caption sets; each mix gets a real caption as its text for BM25. Captions of images in the recipe's
            captions file are left out.
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
        postings_per_document: postings that the first step adds up, for each document of the rung. A query of ten
            tokens meets 1.7 of each, say; then 0.6 is about a third of them.
        candidates: as in `Approximation`.
    """

    postings_per_document: float = Field(gt=0)
    candidates: int = Field(gt=0)


class SeismicSpec(Spec):
    """Parameters of Seismic's search, on the vectors of the first operating point.

    Attributes:
        query_cut: heaviest tokens of a query that are looked at.
        heap_factor: share of the k-th score below which a block is passed over.
    """

    query_cut: int = Field(gt=0)
    heap_factor: float = Field(gt=0, le=1)


class HnswSpec(Spec):
    """faiss's HNSW.

    Attributes:
        links: of a vector.
        build: width of the search while it is built.
        search: width of the search of a query.
    """

    links: int = Field(default=32, gt=0)
    build: int = Field(default=80, gt=0)
    search: int = Field(default=128, gt=0)


class IvfPqSpec(Spec):
    """faiss's IVF-PQ.

    Attributes:
        bytes: of a vector, which divide its width.
        probed: share of the lists that a query probes.
    """

    bytes: int = Field(default=64, gt=0)
    probed: float = Field(default=0.05, gt=0, le=1)


class DenseSpec(Spec):
    """The dense twin's indexes: always a flat, exact one.

    Attributes:
        hnsw: an HNSW index as well; null: none.
        ivfpq: an IVF-PQ index as well; null: none.
    """

    hnsw: HnswSpec | None = None
    ivfpq: IvfPqSpec | None = None


class ClipSpec(Spec):
    """A CLIP or SigLIP, and its indexes: always a flat, exact one.

    A mix is made of another backbone's states, so CLIP is only at rungs that hold nothing but photos.

    Attributes:
        model: a hub name or a folder.
        hnsw: an HNSW index as well; null: none.
    """

    model: str
    hnsw: HnswSpec | None = None


class TimingSpec(Spec):
    """The timing of all systems.

    Attributes:
        topics: drawn once, asked one at a time.
        repeats: of all systems, interleaved.
        threads: of builds, and of topics asked in one call.
    """

    topics: int = Field(default=500, gt=0)
    repeats: int = Field(default=5, gt=0)
    threads: int = Field(default=2, gt=0)


class LadderRecipe(Spec):
    """A whole ladder recipe.

    Attributes:
        name: the recipe's name in messages and reports.
        about: where the recipe comes from, for people.
        roots: name → folder; a path of the recipe that begins with `{name}` is relative to it.
        system: of a ladder.
        distractors: the further documents of the rungs.
        timing: of all systems.
        captions, split, held_out: the images that topics ask for; their first `held_out` captions are for BM25, the
            others are the topics.
        outside: read image files outside of the folders of captions files.
        encoder: the encoder recipe; its model is trained if it is missing.
        rungs: documents of each rung, rising; a rung begins with all of the rung below.
        points: LexLIP's operating points; other systems build on the first, which is of the recipe's own model.
        two_step, seismic, dense, clip: further systems; `dense` needs an encoder with a dense twin.
        tune_split: photos on which the share of each side in fused systems is chosen; null: no tuned fusion.
        up_to: system → largest rung that it is built for; not of BM25 and the first point.
        systems: systems of further kinds: key of a registered kind → its settings; null: not this one.
        expect: the expected figures, nested as `ladder_expect.py` shows; read into name → figure.
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
    systems: dict[str, dict[str, Any] | None] = Field(default={})
    expect: dict[FigureName, Expectation] = Field(default={})

    @field_validator("expect", mode="before")
    @classmethod
    def _nested(cls, expect: Any) -> dict[FigureName, Any]:
        return read_expectations(expect)

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
        if self.points[0].top_k < max(point.top_k for point in self.points):
            raise ValueError(f"the first of points must have the most tokens, but it has {self.points[0].top_k}")
        if self.points[0].source != OURS:
            raise ValueError(
                "the first of points is of the encoder recipe's own model: it must have no flops and no encoder"
            )
        return self

    @property
    def main(self) -> str:
        """The name of LexLIP at the first point, which other systems build on."""
        return lexlip_name(self.points[0])

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
        """Return the recipe with the points of one model only, its encoder, and the rungs of these points.

        Only the recipe's own model has the dense twin.
        """
        points = tuple(point for point in self.points if point.source == source)
        if source == OURS:
            return self.model_copy(update={"points": points})
        last = max(self.up_to.get(lexlip_name(point), self.rungs[-1]) for point in points)
        rungs = tuple(rung for rung in self.rungs if rung <= last) or self.rungs[:1]
        encoder = points[0].encoder or self.encoder
        return self.model_copy(update={"points": points, "encoder": encoder, "rungs": rungs, "dense": None})

    def asked_figures(self) -> dict[str, Expectation]:
        """Return the expected figures of rungs up to the last, by their names as text.

        Figures of larger rungs are left out, so that a ladder can stop earlier.
        """
        last = self.rungs[-1]
        return {
            str(name): expected
            for name, expected in self.expect.items()
            if not (name.rung.isdecimal() and int(name.rung) > last)
        }


def is_point(name: str) -> bool:
    """Return whether `name` is that of LexLIP at an operating point, of any recipe."""
    return name.startswith(f"{LEXLIP} ") and name[len(LEXLIP) + 1 :][:1].isdecimal()


def is_ladder(path: Path) -> bool:
    """Return whether the recipe at `path` has `system: ladder`; errors in it are raised when it is read."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(values, dict) and values.get("system") == "ladder"
