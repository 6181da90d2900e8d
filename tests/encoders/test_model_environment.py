"""A model, a manifest or a photo that the system does not let be read is reported as that, and not as missing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tiny, unprivileged

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.onnx_export import export_query

SCRIPT = """
from lexlip_lucene.check.check import kind_of
from lexlip_lucene.data.images import open_image
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
from lexlip_lucene.vectors.manifest import read_manifest
LexLip.from_pretrained(root / "model").encode_texts(["a red circle"])
OnnxQuery(root / "exported")
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
for name in ("config.json", "model.safetensors", "tokenizer.json"):
    attempt(name, lambda: LexLip.from_pretrained(root / f"without {name}"))
    attempt(f"check {name}", lambda: kind_of(root / f"without {name}").check(root / f"without {name}", full=False))
for name in ("query.json", "query.onnx", "tokenizer.json"):
    attempt(f"exported {name}", lambda: OnnxQuery(root / f"exported without {name}"))
attempt("manifest", lambda: read_manifest(root / "c"))
attempt("photo", lambda: open_image(root / "photo.jpg"))
attempt("closed", lambda: LexLip.from_pretrained(root / "closed" / "model"))
"""


@pytest.fixture
def root() -> Iterator[Path]:
    with unprivileged.open_folder() as folder:
        yield folder


def test_what_may_not_be_read_is_said_to_be_that(root: Path) -> None:
    tiny.lexlip().save_pretrained(root / "model")
    export_query(LexLip.from_pretrained(root / "model"), root / "exported")
    refused = {}
    for what, names in {"model": ("config.json", "model.safetensors", "tokenizer.json"),
                        "exported": ("query.json", "query.onnx", "tokenizer.json")}.items():  # fmt: skip
        for name in names:
            prefix = "" if what == "model" else f"{what} "
            copy = Path(shutil.copytree(root / what, root / f"{prefix}without {name}"))
            (copy / name).chmod(0)
            refused[f"{prefix}{name}"] = copy / name
    (root / "c.manifest.json").write_text("{}")
    (root / "photo.jpg").write_bytes(b"x")
    for name in ("c.manifest.json", "photo.jpg"):
        (root / name).chmod(0)
    (root / "closed").mkdir()
    shutil.copytree(root / "model", root / "closed" / "model")
    (root / "closed").chmod(0)
    said = unprivileged.tried(root, SCRIPT)
    for name, path in refused.items():
        assert said[name] == ("ModelError", f"can't read {path}: Permission denied")
        if not name.startswith("exported"):
            assert said[f"check {name}"][1] == f"can't read {path}: Permission denied"
    assert said["manifest"] == ("InputError", f"can't read {root}/c.manifest.json: Permission denied")
    assert said["photo"] == ("UnreadableImage", "Permission denied")
    assert said["closed"] == ("ModelError", f"can't read {root}/closed/model/config.json: Permission denied")
