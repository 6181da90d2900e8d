"""The vectors of a bench in the order that `lexlip index --order` gives them, for all engines."""

import mmap
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from lexlip_lucene.experiments.engine.data import BenchData
from lexlip_lucene.experiments.engine.queries import TERMS, queries_path
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.lucene.jvm.jvm import java_class
from lexlip_lucene.progress import Progress
from lexlip_lucene.vectors.collection import SHARD_DOCUMENTS, shards_of


@dataclass(frozen=True)
class OrderedVectors:
    """The documents of `data` in the order of an ordered index, and its queries."""

    data: BenchData

    def request(self) -> dict[str, Any]:
        """Return what the vectors depend on."""
        return {key: value for key, value in self.data.facts["request"].items() if key != "schema_version"} | {
            "ordered": True
        }

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write collection and queries into `folder`; return the facts about them."""
        with TemporaryDirectory(dir=folder.parent) as home:
            index = Path(home) / "index"
            ImpactIndex.build(self.data.collection, index, order=True, merge=True)
            docids = docids_of(index, progress)
        _write_in_order(self.data.collection, docids, folder / "collection")
        for terms in TERMS:
            copyfile(queries_path(self.data.folder, terms), queries_path(folder, terms))
        facts = {key: value for key, value in self.data.facts.items() if key != "request"}
        return facts | {"about": f"{facts['about']}; documents in the order of `lexlip index --order`"}


def docids_of(index: Path, progress: Progress) -> list[str]:
    """Return the docids of an index in the order of its documents."""
    folder = java_class("java.io.File")(to_java(index)).toPath()
    directory = java_class("org.apache.lucene.store.FSDirectory").open(folder)
    reader = java_class("org.apache.lucene.index.DirectoryReader").open(directory)
    try:
        stored, count = reader.storedFields(), reader.maxDoc()
        return [stored.document(number).get("id") for number in progress.track(range(count), "order", count)]
    finally:
        reader.close()
        directory.close()


def _write_in_order(collection: Path, docids: list[str], target: Path) -> None:
    """Write the lines of a collection's shards, one document a line, in the order of `docids`."""
    target.mkdir()
    with ExitStack() as opened:
        places: dict[str, tuple[mmap.mmap, int, int]] = {}
        for shard in shards_of(collection):
            file = opened.enter_context(shard.open("rb"))
            content = opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            begin = 0
            for line in iter(content.readline, b""):
                places[orjson.loads(line)["id"]] = content, begin, begin + len(line)
                begin += len(line)
        waiting = iter(docids)
        number = 0
        while part := list(islice(waiting, SHARD_DOCUMENTS)):
            with (target / f"part-{number:05d}.jsonl").open("wb") as shard_file:
                for docid in part:
                    content, begin, end = places[docid]
                    shard_file.write(content[begin:end])
            number += 1
