"""Topics: queries with their ids, in `topics.tsv`, one `qid TAB text` a line; and how captions become topics.

    1000268201#0	A child in a pink dress is climbing up a set of stairs in an entry way .

The number of a caption is its place among the captions of its image, from 0. Text to image (t2i): each caption
is a topic `<image id>#<number>` that its image answers. Image to text (i2t): each image is a topic
`<image id>#img`, whose text is that qid, and the captions are the documents `<image id>#<number>`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lexlip_lucene.data.caption_collection import CaptionDocument, write_caption_collection
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.qrels import write_qrels
from lexlip_lucene.data.trec_id import WrittenIds, utf8_lines
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_lines
from lexlip_lucene.files.written import written_file, written_folder
from lexlip_lucene.records import Qrel, Topic

Direction = Literal["t2i", "i2t"]


@dataclass(frozen=True)
class TopicSet:
    """Topics, the judgements that go with them, and the caption collection, if any."""

    topics: list[Topic]
    qrels: list[Qrel]
    captions: list[CaptionDocument] | None


def caption_id(image: CaptionedImage, number: int) -> str:
    """`<image id>#<number>`: the id of a caption, as a topic and as a document."""
    return f"{image.id}#{number}"


def read_topics(path: Path) -> list[Topic]:
    """Read `topics.tsv` in its order.

    Raises:
        InputError: no such file, no line, or (file:line) not two columns, an empty qid or one that was there before.
    """
    where_of: dict[str, str] = {}
    topics = []
    for where, line in read_lines(path, "topics"):
        columns = line.split("\t")
        if len(columns) != 2:
            raise InputError(f"{where}: a topic is 'qid TAB text', two columns, but here are {len(columns)}")
        topic = Topic(*columns)
        if not topic.qid:
            raise InputError(f"{where}: the qid must not be empty")
        if topic.qid in where_of:
            raise InputError(f"{where}: the qid {topic.qid!r} must be unique, but it is also at {where_of[topic.qid]}")
        where_of[topic.qid] = where
        topics.append(topic)
    if not topics:
        raise InputError(f"topics: no topic in {path}")
    return topics


def write_topics(path: Path, topics: Iterable[Topic], *, force: bool = False) -> None:
    """Write `topics.tsv`.

    Raises:
        InputError: an empty qid, two that TREC files can't tell apart, or a TAB or line break in a qid or a text, which
            the format can't hold.
        OutputError: the file exists and `force` is off, or it can't be written.
    """
    with written_file(path, force=force) as file:
        file.writelines(utf8_lines(_lines(topics)))


def _lines(topics: Iterable[Topic]) -> Iterator[str]:
    written = WrittenIds("topic")
    for topic in topics:
        if not topic.qid:
            raise InputError(f"a qid must not be empty, but that of the text {topic.text!r} is")
        for field in topic:
            if any(mark in field for mark in "\t\n\r"):
                raise InputError(
                    f"topic {topic.qid!r}: topics.tsv can't hold a TAB or line break, but it has {field!r}"
                )
        written.written(topic.qid)  # refuses what a run and qrels of these topics could not tell apart
        yield f"{topic.qid}\t{topic.text}\n"


def make_topics(images: Sequence[CaptionedImage], *, held_out: int = 0, direction: Direction = "t2i") -> TopicSet:
    """Make topics and judgements (grade 1) from captions.

    Args:
        images: one without captions gives no topic, but with captions held out it is a document all the same,
            with blank contents, so that BM25 searches as many images as LexLIP does.
        held_out: for t2i only: how many first captions of each image go to the caption collection instead, joined by
            a space, one document an image. With 0 no collection is written.
        direction: "t2i" or "i2t"; in i2t the collection is all captions.

    Returns:
        Topics in the order of images and captions; white space in their texts is folded to single spaces.

    Raises:
        InputError: `held_out` below 0 or not 0 with i2t, another direction, or no topic is left.
    """
    if direction not in get_args(Direction):
        raise InputError(f"the direction must be one of {', '.join(get_args(Direction))}, but it is {direction!r}")
    if held_out < 0:
        raise InputError(f"the number of captions held out must be at least 0, but it is {held_out}")
    if direction == "i2t" and held_out:
        raise InputError(
            f"no captions can be held out with i2t, where all are documents, but {held_out} were asked for"
        )
    topic_set = _text_to_image(images, held_out) if direction == "t2i" else _image_to_text(images)
    if not topic_set.topics:
        most = max((len(image.captions) for image in images), default=0)
        raise InputError(f"no topic is left: no image has more than {most} captions, and {held_out} are held out")
    return topic_set


def write_topic_set(folder: Path, topic_set: TopicSet, *, force: bool = False) -> None:
    """Write `topics.tsv`, `qrels.txt` and, if there is a caption collection, `captions/captions.jsonl`.

    Raises:
        InputError: an image id has a TAB or a line break.
        OutputError: the folder exists and `force` is off, or it can't be written.
    """
    with written_folder(folder, force=force) as partial:
        write_topics(partial / "topics.tsv", topic_set.topics)
        write_qrels(partial / "qrels.txt", topic_set.qrels)
        if topic_set.captions is not None:
            write_caption_collection(partial / "captions", topic_set.captions)


def _text_to_image(images: Sequence[CaptionedImage], held_out: int) -> TopicSet:
    topics, qrels = [], []
    for image in images:
        for number, caption in enumerate(image.captions):
            if number >= held_out:
                topics.append(Topic(caption_id(image, number), _folded(caption)))
                qrels.append(Qrel(caption_id(image, number), image.id, 1))
    kept = [CaptionDocument(image.id, " ".join(image.captions[:held_out])) for image in images]
    return TopicSet(topics, qrels, kept if held_out else None)


def _image_to_text(images: Sequence[CaptionedImage]) -> TopicSet:
    topics, qrels, documents = [], [], []
    for image in images:
        qid = f"{image.id}#img"
        if image.captions:
            topics.append(Topic(qid, qid))
        for number, caption in enumerate(image.captions):
            documents.append(CaptionDocument(caption_id(image, number), caption))
            qrels.append(Qrel(qid, caption_id(image, number), 1))
    return TopicSet(topics, qrels, documents)


def _folded(text: str) -> str:
    return " ".join(text.split())
