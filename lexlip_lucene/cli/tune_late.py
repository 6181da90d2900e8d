"""`lexlip tune --late`: how many hits to re-rank by patches, and the part of the first score."""

from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any, NamedTuple

from lexlip_lucene.cli.late import Late, reranker
from lexlip_lucene.cli.query import encoded_queries, with_captions
from lexlip_lucene.cli.verb import answer, percent
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.tuning.late import LateTuning


class LateTask(NamedTuple):
    """An index to tune re-ranking for: its topics with judgements, its model, its patch store, and the most hits."""

    where: Path
    topics: Path
    qrels: Path
    model: Path
    late: Late


def tune_late(task: LateTask, output: Path, *, as_json: bool, force: bool) -> None:
    """Tune, write the folder `output`, and answer with the figures and the line that searches so."""
    found = _tuned(task)
    chosen = found.chosen
    search = ["lexlip", "search", str(task.where), "--topics", str(task.topics), "--model", str(task.model)]
    search += ["--late", str(task.late.store), "--rerank", str(chosen.hits), "--mix", f"{chosen.mix:g}"]
    command = join([*search, "--output", "run.txt"])
    rows = [f"| {one.hits} | {one.mix:g} | {_three(one.recall)} |" for one in found.settings]
    table = "\n".join(["| hits | mix | R@1 | R@5 | R@10 |", "| --- | --- | --- | --- | --- |", *rows])
    text = (
        f"first stage: {percent(found.first)}\n\n{table}\n\n"
        f"chosen on {found.topics - found.topics // 2} topics, reported on the other {found.topics // 2}: "
        f"{chosen.hits} hits, mix {chosen.mix:g}: {percent(chosen.recall)}\n\n```bash\n{command}\n```"
    )
    settings = [one._asdict() for one in found.settings]
    record = {**found._asdict(), "settings": settings, "chosen": chosen._asdict(), "command": command}
    _write(output, found, record, text, force=force)
    answer({**record, "folder": output.absolute()}, f"{text}\n\nLook at {output / 'recall-hits.png'}", as_json=as_json)


def _tuned(task: LateTask) -> "LateTuning":
    from lexlip_lucene.data.qrels import read_qrels
    from lexlip_lucene.data.topics import read_topics
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.tuning.late import tune_late as tuned

    texts = {topic.qid: topic.text for topic in read_topics(task.topics)}
    relevant: dict[str, set[str]] = {}
    for qrel in read_qrels(task.qrels):
        if qrel.grade > 0:
            relevant.setdefault(qrel.qid, set()).add(qrel.docid)
    if not relevant.keys() & texts.keys():
        raise InputError(f"{task.qrels} must judge topics of {task.topics}, but they share none")
    second = reranker(task.where, task.model, task.late)
    queries = encoded_queries(task.where, task.topics, None, task.model)
    with ImpactSearcher(task.where) as searcher:
        queries = with_captions(queries, task.topics, searcher)
        hits = searcher.search_batch(queries, max(task.late.hits, 10), progress=for_terminal())
    return tuned(second, texts, hits, {qid: frozenset(ids) for qid, ids in relevant.items()}, progress=for_terminal())


def _three(recall: dict[str, float]) -> str:
    return " | ".join(f"{100 * value:.2f}" for value in recall.values())


def _write(output: Path, found: "LateTuning", record: dict[str, Any], text: str, *, force: bool) -> None:
    import orjson

    from lexlip_lucene.files.written import written_folder
    from lexlip_lucene.tuning.late_picture import draw_late

    with written_folder(output, force=force) as folder:
        draw_late(found, folder)
        (folder / "tune.json").write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        markdown = f"# Re-ranking by patches\n\n![recall and hits](recall-hits.png)\n\n{text}\n"
        (folder / "tune.md").write_text(markdown, encoding="utf-8")
