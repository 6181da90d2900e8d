"""The part of a ladder's report on its documents: real and mixed ones, their likeness, and what it flatters."""

from collections.abc import Mapping
from typing import Any

from lexlip_lucene.experiments.ladder.difficulty import RELATIVES

Record = Mapping[str, Any]


def about_documents(record: Record) -> str:
    """Return the paragraphs on the documents, and the table of their kinds, as Markdown."""
    facts, spec = record["documents"], record["settings"]["mixes"]
    mixes = (
        f"and {facts['mixes']:,} mixes of {spec['photos']} of those photos' backbone states (concentration "
        f"{spec['concentration']:g}, noise {spec['noise']:g}, seed {spec['seed']}) through the model"
    )
    parts = [
        f"{facts['targets']:,} photos are asked for, by {record['topics']:,} topics; beside them stand "
        f"{facts['photos'] - facts['targets']:,} other photos, {mixes if facts['mixes'] else 'and no mixes'}. "
        f"{len(facts['rejected'])} photos could not be read; nobody asks for them. Documents stand in a drawn order in "
        "every index.",
        "Real: every photo, every topic, and every caption."
        + (" Mixed: the vectors of mixes, sparse and dense alike." if facts["mixes"] else ""),
        _about_texts(facts),
    ]
    parts.append(
        "Before the right photo: the share of each kind that scores higher than it does, for the median topic. Where "
        "mixes have another share than the photos beside them, they are harder or easier than real photos."
    )
    return "\n\n".join(part for part in [*parts, _kinds(record)] if part)


def about_relatives(share: float) -> str:
    """Return the sentence on the share of topics that meet many mixes of one photo."""
    return f"{100 * share:.1f} % of the topics have {RELATIVES} mixes of one photo or more among LexLIP's first ten."


def _kinds(record: Record) -> str:
    heads = [
        "documents",
        "count",
        "postings each",
        "share with the average posting's token",
        "100 commonest",
        *(f"before the right photo, {name}" for name in record["before"]),
    ]
    rows = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for kind, shape in record["shapes"].items():
        cells = [
            kind,
            f"{shape['documents']:,}",
            f"{shape['postings_per_document']:.1f}",
            f"{shape['frequency']:.4f}",
            f"{shape['commonest']:.4f}",
            *(f"{100 * shares[kind]:.2f} %" for shares in record["before"].values()),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _about_texts(facts: Record) -> str:
    captions, given = facts["captions_to_give"], facts["given_texts"]
    if not given:
        return ""
    if not captions:
        return f"{given:,} documents have no text, so BM25 and what is fused with it meets none of them."
    text = (
        f"{given:,} documents have no caption of their own; for BM25 each has a real one of another image, one of "
        f"{captions:,}, each given out {given / captions:.2f} times on average. It does not describe the document, so "
        "none of them is near in both, which flatters fusion."
    )
    if facts["mixes"]:
        text += " LexLIP and the dense twin meet distractors that lie between real photos, BM25 meets real language."
    return text
