"""A graph of ONNX Runtime, opened on the CPU."""

from pathlib import Path
from typing import Any

from lexlip_lucene.encoders.model.model_files import require_readable
from lexlip_lucene.errors import ModelError


def onnx_session(path: Path, threads: int) -> Any:
    """Return an `onnxruntime.InferenceSession` of the graph at `path`, which runs in so many threads.

    Raises:
        ModelError: the file is missing, or is no graph.
    """
    import onnxruntime

    require_readable(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # it raises what it logs, and a second report in colours would surround ours
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class below this one
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path}: ONNX Runtime can't load it: {reason}; write it again") from None
