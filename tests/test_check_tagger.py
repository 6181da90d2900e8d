"""`lexlip check` of an entity tagger's folder."""

from pathlib import Path

import pytest
from support import taggers

from lexlip_lucene.check.check import kind_of
from lexlip_lucene.check.kind import DamageError


def test_a_whole_tagger_is_found_whole_and_a_changed_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "tagger"
    taggers.tagger(None).save_pretrained(folder)
    kind = kind_of(folder)
    assert kind.name == "tagger"
    checked = kind.check(folder, full=False)
    assert checked.compared and checked.files == 4
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DamageError, match=r"model\.safetensors"):
        kind.check(folder, full=False)
    weights.unlink()
    with pytest.raises(DamageError, match="missing"):
        kind.check(folder, full=False)


def test_a_changed_config_is_damage(tmp_path: Path) -> None:
    folder = tmp_path / "tagger"
    taggers.tagger(None).save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("tiny tagger", "other"), encoding="utf-8")
    with pytest.raises(DamageError):
        kind_of(folder).check(folder, full=False)
