"""The wheel has the models: they are loaded from it, not from the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import lexlip_lucene
from lexlip_lucene import LexLip
assert lexlip_lucene.__file__.startswith({root!r}), lexlip_lucene.__file__
for name in ("photos", "photos-fast"):
    assert LexLip.from_pretrained(name).encode_texts(["two dogs in the snow"])[0]
"""


def test_the_models_for_photos_are_loaded_from_the_built_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size <= 15 * 10**6
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    (tmp_path / "empty").mkdir()
    script = f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r})" + SCRIPT.format(root=str(tmp_path))
    subprocess.run([sys.executable, "-P", "-c", script], check=True, cwd=tmp_path / "empty")
