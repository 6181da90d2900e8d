"""What a ladder's report says of its documents: what is real and what mixed, how alike they are, what that flatters."""

from typing import Any

from lexlip_lucene.ladder.difficulty import RELATIVES
from lexlip_lucene.ladder.run import Ladder
from lexlip_lucene.ladder.rung_figures import RungFigures


def about_documents(ladder: Ladder) -> str:
    """Return the paragraphs on the documents, and the table of their kinds, as Markdown."""
    facts, spec = ladder.store.facts, ladder.recipe.distractors
    parts = [
        f"{facts['targets']:,} photos are asked for; beside them stand {facts['photos'] - facts['targets']:,} other "
        f"photos, and {facts['mixes']:,} mixes of {spec.photos} of those photos' backbone states (concentration "
        f"{spec.concentration:g}, noise {spec.noise:g}) through the model. {len(facts['rejected'])} photos could not "
        "be read. Documents stand in a drawn order in every index."
    ]
    if facts["given_texts"]:
        parts.append(
            "Real: every photo, every topic, and every caption. Mixed: the vectors of mixes, sparse and dense alike. "
            f"{_about_texts(facts)}"
        )
    parts.append(
        "Before the right photo: the share of each kind that scores higher than it does, for the median topic. Where "
        "mixes have another share than the photos beside them, they are harder or easier than real photos."
    )
    return "\n\n".join([*parts, _kinds(ladder)])


def about_relatives(rung: RungFigures) -> str:
    """Return how many topics meet mixes of one photo, as a sentence."""
    share = f"{100 * rung.relatives:.1f} %"
    return f"{share} of the topics have {RELATIVES} mixes of one photo or more among LexLIP's first ten."


def _kinds(ladder: Ladder) -> str:
    heads = [
        "documents",
        "count",
        "postings each",
        "share with the average posting's token",
        "100 commonest",
        *(f"before the right photo, {name}" for name in ladder.before),
    ]
    rows = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for kind, shape in ladder.shapes.items():
        cells = [
            kind,
            f"{shape['documents']:,}",
            f"{shape['postings_per_document']:.1f}",
            f"{shape['frequency']:.4f}",
            f"{shape['commonest']:.4f}",
            *(f"{100 * shares[kind]:.2f} %" for shares in ladder.before.values()),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _about_texts(facts: dict[str, Any]) -> str:
    captions, given = facts["captions_to_give"], facts["given_texts"]
    if not captions:
        return f"{given:,} documents have no text, so BM25 and what is fused with it meets none of them."
    return (
        f"{given:,} documents have no caption of their own; for BM25 each has a real one of another image, one of "
        f"{captions:,}, each given out {given / captions:.2f} times on average. It does not describe the document: "
        "LexLIP and the dense twin meet distractors that lie between real photos, BM25 meets real language, and fusion "
        "is flattered, since no distractor is near in both."
    )
