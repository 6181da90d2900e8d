"""A tiny ladder over the scenes of `cli_run`: its recipe, the files that this names, and a folder to run it in."""

from pathlib import Path

import orjson

from lexlip_lucene.experiments.ladder.systems.seismic import SEISMIC
from support.cli_run import RECIPE, TEST, Ran, lexlip
from support.clip_folder import clip_folder

RUNGS, ASIDE = (TEST, 90), 8

LADDER = f"""
name: ladder
system: ladder
roots: {{scenes: ../nowhere}}
captions: "{{scenes}}/ladder.jsonl"
split: test
encoder: ../encode/tiny.yaml
distractors: {{split: train, texts: ["{{scenes}}/further.jsonl"]}}
rungs: {list(RUNGS)}
points: [{{top_k: 24}}, {{top_k: 6, bits: 4}}, {{top_k: 24, flops: 3}}, {{top_k: 24, encoder: ../encode/tower.yaml}}]
two_step: {{postings_per_document: 1000, candidates: 90}}
seismic: {{query_cut: 20, heap_factor: 1.0}}
dense: {{hnsw: {{links: 8, build: 16, search: 16}}}}
clip: {{model: nowhere, hnsw: {{links: 8, build: 16, search: 16}}}}
tune_split: aside
up_to: {{"{SEISMIC}": {TEST}}}
systems: {{late: {{hits: 20, mix: 0.5, code: int8, clusters: 4}}}}
timing: {{topics: 5, repeats: 2, threads: 1}}
"""


ENCODER = RECIPE.replace("{scenes: .}", "{scenes: ../nowhere}").replace("légendes 100%", "ladder")

TOWERED = "{kind: transformer, max_length: 16, architecture: {model_type: bert, hidden_size: 16, num_hidden_layers: 1, "
TOWERED += "num_attention_heads: 2, intermediate_size: 16}}"


LATE_HEAD = "late: {width: 8, epochs: 2, batch_size: 16}\n"


class Bench:
    """A ladder in a folder of its own, over the scenes of the job, which only `--set roots.scenes` leads to."""

    def __init__(self, home: Path, scenes: Path) -> None:
        self.home, self.scenes = home, scenes
        for name, text in {
            "encode/tiny.yaml": ENCODER.replace("training: {", "training: {dense: {width: 8}, ") + LATE_HEAD,
            "encode/tower.yaml": ENCODER.replace("{kind: static}", TOWERED),
            "indexes/ladder.yaml": LADDER,
        }.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text, encoding="utf-8")

    @property
    def folder(self) -> Path:
        return self.home / "indexes" / "ladder"

    def run(self, *options: object) -> Ran:
        roots = ("--set", f"roots.scenes={self.scenes}", "--set", f"clip.model={self.scenes / 'clip'}")
        return lexlip("bench", self.home / "indexes" / "ladder.yaml", *roots, *options, "--json")


def write_ladder_files(root: Path) -> None:
    """Write what the ladder names beside the scenes in `root`: a CLIP, further texts, and scenes put aside."""
    clip_folder(root / "clip", "clip")
    further = {"id": "elsewhere", "captions": ["a red circle", "two blue stars over a square", "the green one"]}
    (root / "further.jsonl").write_bytes(orjson.dumps(further))
    lines = [orjson.loads(line) for line in (root / "légendes 100%.jsonl").read_bytes().splitlines()]
    for line in [line for line in lines if line["split"] == "train"][:ASIDE]:
        line["split"] = "aside"
    (root / "ladder.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
