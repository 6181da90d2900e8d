"""Builds of every system's index from the same shards, with times; they are kept for the next run.

The folder has one entry a system and `builds.json`, which records what each was made from. All start from
the JSON shards. The Lucene systems end with one merged segment; the time of the others covers reading the shards from
Python.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.experiments.engine.data import BenchData
from lexlip_lucene.experiments.engine.machine import package_version
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.systems.registry import SYSTEMS
from lexlip_lucene.experiments.engine.systems.system import Job, Maker
from lexlip_lucene.experiments.engine.timing import Spread, rotated
from lexlip_lucene.files.written import bytes_below, sha256_of, written_file
from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.progress import Progress
from lexlip_lucene.vectors.collection import shards_of

FACTS_FILE = "builds.json"


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
        """Return the builds of `systems` and of their variants; build again what is missing or ran fewer times."""
        makers = {name: maker for system in systems for name, maker in SYSTEMS[system].makers().items()}
        kept = self._kept()
        missing = {name: make for name, make in makers.items() if name not in kept or kept[name].runs < repeats}
        if missing:
            kept |= self._built(missing, repeats)
            self._keep(kept)
        return {name: kept[name] for name in makers}

    def _built(self, makers: dict[str, Maker], repeats: int) -> dict[str, Build]:
        self.folder.mkdir(parents=True, exist_ok=True)
        job = Job(self.data.collection, self.threads, self.progress)
        for shard in shards_of(self.data.collection):
            sha256_of(shard)  # so that the first build finds the shards in memory, as the others do
        seconds: dict[str, list[float]] = {name: [] for name in makers}
        paths: dict[str, Path] = {}
        for repeat in range(repeats):
            for name in rotated(list(makers), repeat):
                begun = time.perf_counter()
                with stdout_to_stderr():
                    paths[name] = makers[name](job, self.folder / name.replace(", ", "-"))
                seconds[name].append(time.perf_counter() - begun)
                self.progress.note(f"{name}: built in {seconds[name][-1]:.1f} s")
        return {name: Build(path, Spread.of(seconds[name]), repeats, _size(path)) for name, path in paths.items()}

    def _made_from(self, name: str) -> dict[str, Any]:
        """Return what a build depends on."""
        system = SYSTEMS[name.partition(",")[0]]
        made_from = {"request": self.data.facts["request"], "threads": self.threads, "lucene": find_jar().lucene}
        if system.package is not None:
            made_from["version"] = package_version(system.package)
        return made_from | system.made_from()

    def _kept(self) -> dict[str, Build]:
        """Return the builds in the folder that were made from the same."""
        path = self.folder / FACTS_FILE
        record = orjson.loads(path.read_bytes()) if path.is_file() else {}
        return {
            name: Build(self.folder / build["file"], Spread(*build["seconds"]), build["runs"], build["index_bytes"])
            for name, build in record.items()
            if name.partition(",")[0] in SYSTEMS and build["made_from"] == self._made_from(name)
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
