"""The shards of an encode run mapped over a Ray cluster by Ray Data: each worker loads the model once, and keeps the
shards that it gets in the run's unfinished result, which all of them see.

A worker that dies is started again and encodes its shard again; what it had kept stays. Ray's reports of its usage are
off unless the environment says otherwise.
"""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lexlip_lucene import errors
from lexlip_lucene.data.image_folder import ImageFolder
from lexlip_lucene.data.remote.pictures import read_pictures
from lexlip_lucene.encode.image_run import ImageOptions, ImageRun, image_run
from lexlip_lucene.encode.result import Completion
from lexlip_lucene.encode.run import encode_missing
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encoders.model.device import choose_device
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, LexlipError
from lexlip_lucene.files.location import Location
from lexlip_lucene.progress import SILENT, Progress


class RayWorkers:
    """Workers of a Ray cluster, which all see the model, the input and the output under these names.

    Args:
        address: of the cluster, as `ray.init` takes it; "local" starts one on this machine. A Ray that this process has
            joined already is used as it is.
        model: the model's folder or name.
        source: what is encoded.
        output: the place of the result.
        split, outside: as `read_pictures` takes them.
        device: as `choose_device` takes it.
    """

    def __init__(
        self,
        address: str,
        model: Path,
        source: Location,
        output: Location,
        *,
        split: str | None = None,
        outside: bool = False,
        device: str = "auto",
    ) -> None:
        self.address = address
        self.model = str(model.absolute() if model.is_dir() else model)
        self.source, self.output = (
            location.address if location.path is None else location.path.absolute() for location in (source, output)
        )
        self.split, self.outside, self.device = split, outside, device

    def __call__(self, options: ImageOptions, plan: Sequence[PlannedShard], progress: Progress) -> None:
        """Encode the shards of `plan`, one GPU or else one core a worker.

        Args:
            options: of the run, with its arithmetic.
            plan: the shards that are missing.
            progress: receives the shards done.

        Raises:
            LexlipError: of a worker, as it raised it; or Ray is not installed, does not answer, or gave up.
        """
        if not plan:
            return
        options = replace(options, states=_absolute(options.states), entities=_absolute(options.entities))
        with _joined(self.address) as ray:
            for row in progress.track(self._rows(ray, options, plan), "encoding shards", len(plan)):
                if row["error"]:
                    raise getattr(errors, row["kind"])(row["error"])

    def _rows(self, ray: Any, options: ImageOptions, plan: Sequence[PlannedShard]) -> Iterator[dict[str, Any]]:
        resources = ray.cluster_resources()
        unit = "GPU" if resources.get("GPU", 0) >= 1 else "CPU"
        size = max(1, min(len(plan), int(resources.get(unit, 1))))
        shards = ray.data.from_items([{"shard": shard.number} for shard in plan], override_num_blocks=len(plan))
        yield from shards.map_batches(
            _Worker,
            batch_size=1,
            fn_constructor_args=(self, options),
            compute=ray.data.ActorPoolStrategy(size=size),
            **{"num_gpus": 1} if unit == "GPU" else {"num_cpus": 1},
        ).iter_rows()


class _Worker:
    """An encoder of shards, one in each of Ray's actors."""

    def __init__(self, job: RayWorkers, options: ImageOptions) -> None:
        self._job, self._options = job, options
        self._run: ImageRun | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Encode the shards of a batch; an error of ours is an answer, since Ray would wrap it."""
        said: dict[str, list[Any]] = {"shard": [], "kind": [], "error": []}
        for number in batch["shard"].tolist():
            kind = error = ""
            try:
                self._encode(number)
            except LexlipError as raised:
                kind = type(raised).__name__ if hasattr(errors, type(raised).__name__) else "InputError"
                error = str(raised)
            for key, value in (("shard", number), ("kind", kind), ("error", error)):
                said[key].append(value)
        return said

    def _encode(self, number: int) -> None:
        self._run = self._run or self._prepared()
        result, batches = self._run.result, self._run.batches
        missing = [shard for shard in result.plan if shard.number == number and result.done(shard) is None]
        encode_missing(result, missing, batches.of(missing), "", SILENT)

    def _prepared(self) -> ImageRun:
        job = self._job
        model = LexLip.from_pretrained(job.model, device=choose_device(job.device))
        found = read_pictures(Location(job.source), split=job.split, outside=job.outside)
        images = found.images if isinstance(found, ImageFolder) else found
        run = image_run(model, images, Location(job.output), self._options)
        if run.result.completion(resume=True, force=True) is Completion.NONE:
            raise InputError(
                f"a Ray worker on {socket.gethostname()} does not see what was begun for {job.output}: give a folder "
                "that all machines share, or a URL"
            )
        return run


def _absolute(path: Path | None) -> Path | None:
    """Return a path that is the same file in a worker's working folder."""
    return None if path is None else path.absolute()


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    """Join the cluster, unless this process is in one, and leave it again."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError("--ray needs Ray: pip install 'lexlip-lucene[ray]'") from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    joined = not ray.is_initialized()
    try:
        if joined:
            ray.init(address=address, include_dashboard=False if address == "local" else None, log_to_driver=False)
        yield ray
    except (ConnectionError, ray.exceptions.RayError) as error:
        raise InputError(f"Ray at {address}: {' '.join(str(error).split())[:500]}") from error
    finally:
        if joined:
            ray.shutdown()
