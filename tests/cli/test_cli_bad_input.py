"""Bad input: one line names the file, line or record; the work continues if it can."""

from pathlib import Path

import orjson
import pytest
from support.cli_run import RECIPE, TEST, TRAIN, Job, copied, done, lexlip, whole_job

from lexlip_lucene.vectors.collection import read_collection

GOOD = {"id": "1", "file": "1.png", "split": "test", "captions": ["a red circle"]}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


def captions_file(folder: Path, *lines: object) -> Path:
    path = folder / "captions.jsonl"
    path.write_bytes(b"".join(line if isinstance(line, bytes) else orjson.dumps(line) + b"\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["topics", "no.jsonl", "out"], "captions: no such file or folder: no.jsonl"),
        (["encode", "images", "no", "out", "--model", "m"], "captions: no such file or folder: no"),
        (["encode", "texts", "no.tsv", "out", "--model", "m"], "topics: no such file: no.tsv"),
        (["index", "no", "out"], "collection: no such folder: no"),
        (["index", "no", "out", "--bm25"], "caption collection: no such folder: no"),
        (["eval", "no.txt", "run.txt"], "qrels: no such file: no.txt"),
        (["fuse", "no.txt", "run.txt", "--output", "out"], "run: no such file: no.txt"),
        (["train", "no.yaml", "--output", "out"], "recipe: no such file: no.yaml"),
        (["bench", "no.yaml"], "recipe: no such file: no.yaml"),
    ],
)
def test_a_file_that_is_not_there_is_named(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert lexlip(*arguments).error == f"error: {message}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "c", "{}"],
        ["index", "{}", "i"],
        ["merge", "{}"],
        ["check", "{}"],
        ["tune", "{}", "--encoded", "q"],
        ["duplicates", "{}"],
        ["lexicon", "{}", "--docid", "d"],
        ["push", "{}", "{}"],
        ["serve", "{}", "--model", "m", "--images", "{}"],
    ],
)
def test_an_address_is_not_taken_for_a_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_text('{"id": "d", "vector": {"a": 1}}\n')
    ran = lexlip(*(part.format("http://localhost:1/photos") for part in arguments))
    assert "got the address http://localhost:1/photos" in ran.error
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_topics_that_are_not_there_are_named_before_the_model_is_loaded(job: Job, tmp_path: Path) -> None:
    for option, what in (("--topics", "topics"), ("--encoded", "encoded queries")):
        model = ["--model", "no model"] if option == "--topics" else []
        asked = (option, tmp_path / "no.tsv", *model, "--output", tmp_path / "run.txt")
        error = lexlip("search", job.root / "images index", *asked).error
        assert error == f"error: {what}: no such file: {tmp_path / 'no.tsv'}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode", "images", "{}", "out", "--model", "m"], "image folder: no file below {} that is not hidden"),
        (["topics", "{}", "out"], "image folder: no file below {} that is not hidden"),
        (["encode", "texts", "{}", "out", "--model", "m"], "caption collection: no shard (.jsonl, "),
        (["index", "{}", "out"], "collection: no shard (.jsonl, "),
        (["index", "{}", "out", "--bm25"], "caption collection: no shard (.jsonl, "),
        (["search", "{}", "--query", "red:1"], "{} is not a Lucene index: it has no file segments_…"),
    ],
)
def test_an_empty_folder_is_named(arguments: list[str], message: str, tmp_path: Path) -> None:
    error = lexlip(*(argument.replace("{}", str(tmp_path)) for argument in arguments)).error
    assert message.replace("{}", str(tmp_path)) in error


@pytest.mark.parametrize("verb", ["topics", "encode images", "encode texts", "train"])
@pytest.mark.parametrize(
    ("second", "message"),
    [
        (b'{"id": "2", "file"\n', ":2: a line of a captions file must be one JSON object"),
        (b"[1, 2]\n", ":2: a line of a captions file must be one JSON object, but it is [1,2]"),
        (b'{"id": "\xff"}\n', ":2: captions file must be UTF-8"),
        ({**GOOD, "id": 7}, ':2: "id" must be a text, but it is 7'),
        ({"id": "2"}, ':2: the key "file" is missing'),
        (GOOD, ":2: the id '1' must be unique, but it is also at {}:1"),
    ],
    ids=["cut off", "a list", "not UTF-8", "number as id", "no file", "duplicate id"],
)
def test_a_broken_captions_file_is_named_with_file_and_line(
    verb: str, second: object, message: str, tmp_path: Path
) -> None:
    captions = captions_file(tmp_path, GOOD, second)
    (tmp_path / "tiny.yaml").write_text(RECIPE.replace("légendes 100%", "captions"), encoding="utf-8")
    output = [tmp_path / "out"] if verb != "train" else ["--output", tmp_path / "out"]
    source = tmp_path / "tiny.yaml" if verb == "train" else captions
    model = ["--model", "m"] if verb.startswith("encode") else []
    error = lexlip(*verb.split(), source, *output, *model).error
    assert error.startswith(f"error: {captions}{message.replace('{}', str(captions))}")
    assert not (tmp_path / "out").exists()


def test_images_that_can_not_be_read_are_rejected_with_their_reason_and_the_run_continues(
    job: Job, tmp_path: Path
) -> None:
    good = (job.root / "phötos 1%" / f"é {TRAIN}%20.png").read_bytes()  # the first of split test
    (tmp_path / "c.png").write_bytes(good)
    (tmp_path / "a.png").write_bytes(good[:200])
    (tmp_path / "b.png").write_bytes(b"")
    captions = captions_file(
        tmp_path, *({**GOOD, "id": name, "file": f"{name}.png"} for name in ("a", "b", "missing", "c"))
    )
    ran = lexlip("encode", "images", captions, tmp_path / "out", "--model", job.root / "modèle")
    assert ran.status == 0 and f"3 rejected (see {tmp_path / 'out.manifest.json'})" in ran.out
    manifest = orjson.loads((tmp_path / "out.manifest.json").read_bytes())
    assert [(id, Path(file).name) for id, file, _ in manifest["rejected"]] == [
        ("a", "a.png"),
        ("b", "b.png"),
        ("missing", "missing.png"),
    ]
    assert all(reason for *_, reason in manifest["rejected"])
    (document,) = read_collection(tmp_path / "out")
    assert document.id == "c" and document.vector == next(read_collection(job.root / "images")).vector


def test_nothing_but_unreadable_images_is_an_error(job: Job, tmp_path: Path) -> None:
    captions = captions_file(tmp_path, GOOD)
    error = lexlip("encode", "images", captions, tmp_path / "out", "--model", job.root / "modèle").error
    assert f"not one input could be read; the first of 1 rejected: {tmp_path / '1.png'}" in error
    assert not (tmp_path / "out").exists()


def test_a_split_that_no_image_has_is_named_with_those_there_are(job: Job, tmp_path: Path) -> None:
    error = lexlip("topics", job.captions, tmp_path / "out", "--split", "val").error
    assert error.endswith("no image is of split 'val'; the splits there are: 'test', 'train'")


def test_more_captions_held_out_than_there_are_is_refused(job: Job, tmp_path: Path) -> None:
    assert "3 are held out" in lexlip("topics", job.captions, tmp_path / "out", "--held-out", 3).error
    assert "at least 0, but it is -1" in lexlip("topics", job.captions, tmp_path / "out", "--held-out", -1).error


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "a model folder with config.json and model.safetensors is needed"),
        ("config.json", b"{", "config.json: not JSON"),
        ("config.json", b'{"schema_version": 99}', "schema version 1 is needed, got 99"),
        ("config.json", b'{"model_type": "bert"}', "schema version 1 is needed, got None"),
        ("model.safetensors", None, "model.safetensors is missing"),
        ("model.safetensors", b"junk", "does not fit config.json beside it"),
        ("tokenizer.json", None, "tokenizer.json is missing"),
        ("tokenizer.json", b"{}", "tokenizer.json: tokenizers can't read it"),
    ],
)
def test_a_folder_that_is_not_a_model_is_named(
    name: str, content: bytes | None, message: str, job: Job, tmp_path: Path
) -> None:
    model = copied(job.root / "modèle", tmp_path / "broken model")
    if content is None:
        (model / name).unlink()
    else:
        (model / name).write_bytes(content)
    topics = job.root / "t2i" / "topics.tsv"
    error = lexlip("encode", "texts", topics, tmp_path / "q.jsonl", "--model", model).error
    assert str(model) in error and message in error
    search = lexlip("search", job.root / "images index", "--query", "a red circle", "--model", model).error
    assert str(model) in search and message in search


@pytest.mark.parametrize("what", ["images", "texts"])
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--top-k", 0, "top-k must be at least 1, got 0"),
        ("--top-k", -3, "top-k must be at least 1, got -3"),
        ("--bits", 0, "bits must be in 1..16, got 0"),
        ("--bits", 17, "bits must be in 1..16, got 17"),
        ("--batch-size", 0, "batch size must be at least 1, got 0"),
        ("--device", "toaster", "device 'toaster' can't be used here"),
    ],
)
def test_an_option_of_encode_out_of_range_is_refused(
    what: str, option: str, value: object, message: str, job: Job, tmp_path: Path
) -> None:
    model = ("--model", job.root / "modèle")
    assert message in lexlip("encode", what, job.captions, tmp_path / "out", *model, option, value).error
    assert list(tmp_path.iterdir()) == []


def test_top_k_and_bits_bound_what_is_written(job: Job, tmp_path: Path) -> None:
    options = ("--model", job.root / "modèle", "--top-k", 3, "--bits", 2, "--batch-size", 5, "--split", "test")
    record = done("encode", "images", job.captions, tmp_path / "out", *options)
    vectors = [document.vector for document in read_collection(tmp_path / "out")]
    assert len(vectors) == TEST - 1 and record["postings"] == sum(map(len, vectors))
    assert all(len(vector) <= 3 and set(vector.values()) <= {1, 2, 3} for vector in vectors)


def test_threads_of_index_below_one_are_refused(job: Job, tmp_path: Path) -> None:
    error = lexlip("index", job.root / "images", tmp_path / "index", "--threads", 0).error
    assert error == "error: threads must be at least 1, got 0"


@pytest.mark.parametrize(("options", "folder"), [([], "images"), (["--bm25"], "t2i/captions")])
def test_a_stray_file_in_a_collection_is_named(options: list[str], folder: str, job: Job, tmp_path: Path) -> None:
    collection = copied(job.root / folder, tmp_path / "collection")
    (collection / "notes.txt").write_text("hello")
    error = lexlip("index", collection, tmp_path / "index", *options).error
    assert "notes.txt" in error and str(collection) in error
    assert not (tmp_path / "index").exists()


def test_a_caption_collection_is_not_an_encoded_collection(job: Job, tmp_path: Path) -> None:
    error = lexlip("index", job.root / "t2i" / "captions", tmp_path / "index").error
    assert 'captions.jsonl:1: "vector" of é test-00000% must be an object token → integer' in error


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epoch=3", "unknown key 'training.epoch': did you mean 'epochs'?"),
        ("training.epochs=0", "training.epochs"),
        ("training.epochs", "--set needs key=value, got 'training.epochs'"),
        ("roots.scenes=/nowhere", "captions: no such file or folder: /nowhere/légendes 100%.jsonl"),
        ("data.keep_aside=500", "data.keep_aside is 500, but there are only 59 readable training images"),
    ],
)
def test_a_recipe_that_can_not_be_is_refused(setting: str, message: str, job: Job, tmp_path: Path) -> None:
    error = lexlip("train", job.root / "tiny.yaml", "--output", tmp_path / "m", "--set", setting).error
    assert message in error and not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-k", "0"], "-k must be at least 1, got 0"),
        (["--rrf-k", "-1"], "at least 0, but it is -1"),
        (["--method", "interpolation", "--alpha", "1.5"], "alpha must be from 0 to 1, but it is 1.5"),
        (["--tune", "q.txt", "--method", "rrf"], "but --method rrf has no weight: leave one of them out"),
        (["--tune", "q.txt", "--alpha", "0.5"], "but --alpha is the weight: leave one of them out"),
    ],
)
def test_an_option_of_fuse_out_of_range_is_refused(options: list[str], message: str, job: Job, tmp_path: Path) -> None:
    runs = (job.root / "run é.txt", job.root / "bm25 run.txt")
    assert message in lexlip("fuse", *runs, "--output", tmp_path / "out", *options).error
    assert list(tmp_path.iterdir()) == []
