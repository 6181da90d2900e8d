"""The file of a visual lexicon, `visual.safetensors` in a model folder: tensors, and in their header what they mean.

It is a separate file, so a model that gets visual words stays the model that its collections and indexes name.
"""

from collections.abc import Mapping
from pathlib import Path

import orjson
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lexlip_lucene.encoders.model.model_files import require_as_written
from lexlip_lucene.encoders.visual.auto_encoder import AutoEncoder
from lexlip_lucene.encoders.visual.rotated import Rotated
from lexlip_lucene.encoders.visual.soft_clusters import SoftClusters
from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.encoders.visual.visual_lexicon import Provenance, VisualLexicon
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.visual_recipe import VisualForm
from lexlip_lucene.words.visual_words import VISUAL_FILE

FORMAT = 1
"""Version of the header's keys."""

VISUAL_CODES: Mapping[str, type[VisualCode]] = {code.kind: code for code in (AutoEncoder, SoftClusters, Rotated)}
"""Name in recipes → the code."""

_KEY = "lexlip"


class Header(BaseModel):
    """Header of the file; `version` is that of the code."""

    model_config = ConfigDict(extra="forbid")

    format: int
    version: int
    form: VisualForm
    ceiling: float
    backbone_sha256: str
    pictures: int


def visual_bytes(lexicon: VisualLexicon) -> bytes:
    """Return the content of the file."""
    header = Header(
        format=FORMAT,
        version=lexicon.code.version,
        form=lexicon.form,
        ceiling=lexicon.ceiling,
        **lexicon.made_of._asdict(),
    )
    tensors = {name: tensor.contiguous() for name, tensor in lexicon.code.tensors().items()}
    content: bytes = save({**tensors, "root_idf": lexicon.root_idf}, metadata={_KEY: header.model_dump_json()})
    return content


def read_visual(folder: Path, files: Mapping[str, str], config: str) -> VisualLexicon:
    """Return the visual lexicon of the model in `folder`.

    Args:
        folder: of the model.
        files: name → SHA-256, as its config has them.
        config: the config's name, for messages.

    Raises:
        ModelError: there is none, it can't be read, is of another version, or not the file that the config names.
    """
    path = folder / VISUAL_FILE
    if not path.exists():
        raise ModelError(f"{folder} has no visual words: make a model that has with `lexlip train-visual`")
    sha256 = require_as_written(folder, VISUAL_FILE, files, config)
    try:
        with safe_open(path, "pt") as opened:
            header = _header((opened.metadata() or {}).get(_KEY), path)
            tensors: dict[str, Tensor] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is damaged ({' '.join(str(error).split())}): {_REMEDY}") from None
    kind = VISUAL_CODES[header.form.code]
    if header.version != kind.version:
        raise ModelError(f"{path}: a {kind.kind} of version {kind.version} is needed, got {header.version}: {_REMEDY}")
    try:
        code = kind.of(tensors, header.form)
        root_idf = tensors["root_idf"]
    except KeyError as error:
        raise ModelError(f"{path} is damaged: it has no tensor {error}: {_REMEDY}") from None
    if not _fit(code, root_idf) or header.form.size != code.size:
        raise ModelError(f"{path} is damaged: its tensors are not those of {header.form.size} codes: {_REMEDY}")
    made_of = Provenance(header.backbone_sha256, header.pictures)
    return VisualLexicon(header.form, code, root_idf, header.ceiling, made_of, sha256)


def _fit(code: VisualCode, root_idf: Tensor) -> bool:
    """Return True if the tensors go together: a picture of two places can be encoded."""
    try:
        strengths = code.strengths(torch.ones(1, 2, code.width)) * root_idf
    except (RuntimeError, IndexError):
        return False
    finite = bool(torch.isfinite(strengths).all()) and bool(torch.isfinite(root_idf).all())
    return finite and root_idf.shape == (code.size,)


_REMEDY = "take the whole folder from where it came from, or make it again with `lexlip train-visual`"


def _header(text: str | None, path: Path) -> Header:
    record = orjson.loads(text) if text else {}
    if record.get("format") != FORMAT:
        raise ModelError(f"{path}: visual words of format {FORMAT} are needed, got {record.get('format')!r}: {_REMEDY}")
    try:
        return Header.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{path} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}: {_REMEDY}") from None
