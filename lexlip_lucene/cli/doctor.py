"""`lexlip doctor`: what this machine has, and what to do about what is missing."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lexlip_lucene.cli.verb import Debug, Json, answer, verb
from lexlip_lucene.errors import LexlipError


@verb
def doctor(json: Json = False, debug: Debug = False) -> None:
    """Say what this machine has, and what is missing.

    \b
    Example: lexlip doctor
    """
    problems: list[str] = []
    java = _java(problems)
    lucene = _lucene(problems)
    if java and lucene:
        _try_jvm(problems)
    record = {
        "ok": False,
        "java": java,
        "lucene": lucene,
        "pyserini": _package("pyserini", problems),
        "torch": _package("torch", problems),
        "device": _device(problems),
        "problems": problems,
    }
    record["ok"] = not problems
    answer(record, _as_text(record), as_json=json)
    if problems:
        raise LexlipError(f"something that the job needs is missing or broken here: {'; '.join(problems)}")


def _java(problems: list[str]) -> dict[str, str] | None:
    from lexlip_lucene.lucene.jvm.java import find_java

    try:
        java = find_java()
    except LexlipError as error:
        problems.append(str(error))
        return None
    return {"path": str(java.path), "version": java.version, "from": java.source}


def _lucene(problems: list[str]) -> dict[str, str] | None:
    from lexlip_lucene.lucene.jvm.java import find_jar

    try:
        jar = find_jar()
    except LexlipError as error:
        problems.append(str(error))
        return None
    return {"version": jar.lucene, "jar": str(jar.path), "anserini": jar.version, "from": jar.source}


def _try_jvm(problems: list[str]) -> None:
    """Start the JVM for real: a path that looks right may still not work."""
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    try:
        start_jvm()
    except LexlipError as error:
        problems.append(str(error))


def _package(name: str, problems: list[str]) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        problems.append(f"{name} is not installed: run `pip install {name}`")
        return None


def _device(problems: list[str]) -> str | None:
    try:
        from lexlip_lucene.encoders.model.device import choose_device
    except (ImportError, OSError) as error:
        problems.append(f"torch can't be loaded: {error}: run `pip install --force-reinstall torch torchvision`")
        return None
    return choose_device("auto")


def _as_text(record: dict[str, Any]) -> str:
    lines = []
    for name in ("java", "lucene", "pyserini", "torch", "device"):
        value = record[name]
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        lines.append(f"{name:<9} {value or 'missing'}")
    return "\n".join([*lines, "ok: all that the job needs is here" if record["ok"] else "not ok"])
