"""Running Anserini's own indexer, `io.anserini.index.IndexCollection`, as a separate process.

It says "Indexing Complete!" and exits with 0 even when it lost documents (a broken line costs the rest of its
file), so its caller counts what is in the index. It ends with this process, however that ends: it runs for as
long as its standard input is open, whose other end is here.
"""

import os
import subprocess
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from lexlip_lucene.errors import IndexingError
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar, find_java
from lexlip_lucene.lucene.jvm.java_locale import locale_settings
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.progress import Progress

HEAP, BUFFER_MB = "2g", 512
"""Anserini's buffer is 4 GB by default, more than the heap Java takes on a machine of 8 GB. A flush at
512 MB costs a few more segments, which are merged at the end."""

_LAST_LINES = 3


def index_collection(
    collection: Path, index: Path, *, options: Sequence[str], threads: int, merge: bool, progress: Progress
) -> None:
    """Build the Lucene index `index` from the folder `collection`.

    Args:
        collection: folder of shards; every thread takes whole shards.
        index: folder that is overwritten.
        options: what kind of collection and index, in Anserini's own options.
        threads: at least 1.
        merge: merge to one segment at the end.
        progress: gets Anserini's count of documents once a minute.

    Raises:
        InputError: Java can't open a folder of that name.
        IndexingError: Anserini failed; quotes its last lines.
        JavaError: no Java or no jar.
    """
    for path in (collection, index):
        to_java(path)  # says which name Java can't open; the arguments cross as bytes
    command = [
        str(find_java().command),
        f"-Xmx{HEAP}",
        "-cp",
        os.pathsep.join([str(find_jar().path), str(BRIDGE)]),
        "lexlip.build.WhileWatched",
        "io.anserini.index.IndexCollection",
    ]
    command += ["-input", str(collection.absolute()), "-index", str(index.absolute())]
    command += ["-generator", "DefaultLuceneDocumentGenerator", "-threads", str(threads)]
    command += ["-memoryBuffer", str(BUFFER_MB), *(["-optimize"] if merge else []), *options]
    last = deque[str](maxlen=_LAST_LINES)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        env=os.environ | locale_settings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                said = line.strip().rpartition(" - ")[2]
                last.append(said)
                if "documents indexed" in said:
                    progress.note(f"Anserini: {said}")
            process.wait()  # before its input is closed
        except BaseException:  # Ctrl-C: without this the process would continue, and we would wait for it
            process.kill()
            raise
    # On a full disk Anserini says so, writes no commit, and exits with 0.
    if process.returncode != 0 or not any(index.glob("segments_*")):
        raise IndexingError(f"Anserini failed on {collection} (status {process.returncode}): {' | '.join(last)}")
