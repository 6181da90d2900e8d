"""Measures of a run: the figures of the image-text papers, from ir_measures, as fractions from 0 to 1.

    R@k       share of topics with a relevant hit in the top k: `Success@k` of ir_measures, whose own R@k would
              stop at 0.2 for five relevant captions and k = 1
    MRR@10    mean of 1 / rank of the first relevant hit, 0 beyond rank 10 (`RR@10`)
    nDCG@10   normalised discounted cumulative gain, log2, the grade is the gain

Scores decide, of equal ones the ranks, then the docids: a first relevant hit with the fourth score is R@1 0, R@5 1,
MRR@10 0.25. Ids of both sides are compared as TREC files have them.
"""

from collections.abc import Sequence

from lexlip_lucene.data.trec_id import encode_id
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.run import best_first
from lexlip_lucene.records import Qrel, Run


def evaluate(qrels: Sequence[Qrel], run: Run) -> dict[str, float]:
    """Measure a run, as the mean over the topics of the qrels.

    A topic of the qrels without hits counts 0; a topic of the run without qrels does not count.

    Returns:
        "R@1", "R@5", "R@10", "MRR@10" and "nDCG@10", in this order.

    Raises:
        InputError: no judgement is relevant, or run and qrels share no topic.
    """
    import ir_measures

    _require_relevant(qrels)
    _require_shared_topic(qrels, run)
    measure_of = {
        "R@1": ir_measures.Success @ 1,
        "R@5": ir_measures.Success @ 5,
        "R@10": ir_measures.Success @ 10,
        "MRR@10": ir_measures.RR @ 10,
        "nDCG@10": ir_measures.nDCG @ 10,
    }
    judgements = [ir_measures.Qrel(encode_id(qrel.qid), encode_id(qrel.docid), qrel.grade) for qrel in qrels]
    # The programs behind ir_measures break ties each in its own way; strictly decreasing scores leave none.
    scored = [
        ir_measures.ScoredDoc(encode_id(qid), encode_id(hit.docid), float(-place))
        for qid, hits in run.items()
        for place, hit in enumerate(best_first(hits))
    ]
    figures = ir_measures.calc_aggregate(list(measure_of.values()), judgements, scored)
    return {name: float(figures[measure]) for name, measure in measure_of.items()}


def _require_relevant(qrels: Sequence[Qrel]) -> None:
    if not any(qrel.grade >= 1 for qrel in qrels):
        raise InputError(f"qrels: at least one judgement must be relevant (grade from 1), but none of {len(qrels)} is")


def _require_shared_topic(qrels: Sequence[Qrel], run: Run) -> None:
    topics = {encode_id(qid) for qid in run}
    if any(encode_id(qrel.qid) in topics for qrel in qrels):
        return
    of_run = repr(next(iter(run))) if run else "nothing"
    raise InputError(
        f"run and qrels must share a topic, but the run begins with {of_run} and the qrels with {qrels[0].qid!r}: "
        "are these the right files?"
    )
