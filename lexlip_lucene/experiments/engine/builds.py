"""Builds of every system's index from the same shards, with times; they are kept for the next run.

The folder has one entry a system and `builds.json`, which records what each was made from. The Lucene systems start
from the JSON shards and end with one merged segment; Seismic's time covers its reading the shards from Python as well.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.experiments.engine.bounds import ORDERED, OURS, SEISMIC, STOCK
from lexlip_lucene.experiments.engine.data import BenchData
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.timing import Spread, rotated
from lexlip_lucene.files.written import bytes_below, sha256_of, written_file, written_folder
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.anserini import index_collection
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.vectors.collection import shards_of

FACTS_FILE = "builds.json"

OUR_BUILDS: dict[str, dict[str, Any]] = {OURS: {}, ORDERED: {"order": True}}
"""System → further arguments of `ImpactIndex.build`."""

_STOCK_OPTIONS = ("-collection", "JsonVectorCollection", "-impact", "-pretokenized")


class Build(NamedTuple):
    """The index at `path`: the seconds of its builds, their number (`runs`), and its size."""

    path: Path
    seconds: Spread
    runs: int
    index_bytes: int


@dataclass(frozen=True)
class Builder:
    """The builder of the indexes of `data` in `folder`."""

    data: BenchData
    folder: Path
    threads: int
    progress: Progress

    def builds(self, systems: tuple[str, ...], repeats: int) -> dict[str, Build]:
        """Return the builds of `systems` and of our variants; build again what is missing or ran fewer times."""
        makers = {system: maker for system, maker in self._makers().items() if system.partition(",")[0] in systems}
        kept = self._kept()
        missing = {name: make for name, make in makers.items() if name not in kept or kept[name].runs < repeats}
        if missing:
            kept |= self._built(missing, repeats)
            self._keep(kept)
        return {name: kept[name] for name in makers}

    def _makers(self) -> dict[str, Callable[[], Path]]:
        ours = {name: partial(self._ours, name, options) for name, options in OUR_BUILDS.items()}
        return {**ours, STOCK: self._stock, SEISMIC: self._seismic}

    def _built(self, makers: dict[str, Callable[[], Path]], repeats: int) -> dict[str, Build]:
        self.folder.mkdir(parents=True, exist_ok=True)
        for shard in shards_of(self.data.collection):
            sha256_of(shard)  # so that the first build finds the shards in memory, as the others do
        seconds: dict[str, list[float]] = {name: [] for name in makers}
        paths: dict[str, Path] = {}
        for repeat in range(repeats):
            for name in rotated(list(makers), repeat):
                begun = time.perf_counter()
                with stdout_to_stderr():
                    paths[name] = makers[name]()
                seconds[name].append(time.perf_counter() - begun)
                self.progress.note(f"{name}: built in {seconds[name][-1]:.1f} s")
        return {name: Build(path, Spread.of(seconds[name]), repeats, _size(path)) for name, path in paths.items()}

    def _ours(self, name: str, options: dict[str, Any]) -> Path:
        target = self.folder / name.replace(", ", "-")
        ImpactIndex.build(self.data.collection, target, threads=self.threads, merge=True, force=True, **options)
        return target

    def _stock(self) -> Path:
        target = self.folder / STOCK
        with written_folder(target, force=True) as index:
            index_collection(
                self.data.collection, index, options=_STOCK_OPTIONS, threads=self.threads, merge=True, progress=SILENT
            )
        return target

    def _seismic(self) -> Path:
        from lexlip_lucene.experiments.engine.seismic import build_seismic

        return build_seismic(self.data.collection, self.folder / SEISMIC, threads=self.threads, progress=self.progress)

    def _made_from(self, name: str) -> dict[str, Any]:
        """Return what a build depends on; ours depends on our own class files as well."""
        jar = find_jar()
        decides = {"request": self.data.facts["request"], "threads": self.threads, "lucene": jar.lucene}
        if name in OUR_BUILDS and BRIDGE.exists():
            decides["bridge_sha256"] = sha256_of(BRIDGE)
        return decides

    def _kept(self) -> dict[str, Build]:
        """Return the builds in the folder that were made from the same."""
        path = self.folder / FACTS_FILE
        record = orjson.loads(path.read_bytes()) if path.is_file() else {}
        return {
            name: Build(self.folder / build["file"], Spread(*build["seconds"]), build["runs"], build["index_bytes"])
            for name, build in record.items()
            if build["made_from"] == self._made_from(name)
        }

    def _keep(self, builds: dict[str, Build]) -> None:
        record = {
            name: {
                "made_from": self._made_from(name),
                "file": path.name,
                "seconds": list(seconds),
                "runs": runs,
                "index_bytes": size,
            }
            for name, (path, seconds, runs, size) in builds.items()
        }
        with written_file(self.folder / FACTS_FILE, force=True) as file:
            file.write(orjson.dumps(record, option=orjson.OPT_INDENT_2))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else bytes_below(path)
