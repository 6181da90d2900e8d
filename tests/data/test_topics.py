import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.caption_collection import CaptionDocument, read_caption_collection
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.data.topics import make_topics, read_topics, write_topic_set, write_topics
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.records import Qrel, Topic

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\ufeff"))


def image(id: str, *captions: str) -> CaptionedImage:
    return CaptionedImage(id, Path("/images") / id, "test", captions)


DOG = image("dog", "A dog .", "A black\t dog\n.", "Dog !")
CAT = image("cat", "A cat .", "The cat .")
IMAGES = [DOG, CAT]


def refusal(path: Path, content: str) -> str:
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_topics(path)
    return str(caught.value).removeprefix(str(path))


# --- topics.tsv


def test_topics_are_read_in_order_and_may_have_blank_texts(tmp_path: Path) -> None:
    path = tmp_path / "topics.tsv"
    path.write_text("b#0\ta dog\na 1\t\n\n10\t 7 \n")
    assert read_topics(path) == [Topic("b#0", "a dog"), Topic("a 1", ""), Topic("10", " 7 ")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(topics=st.lists(st.builds(Topic, FIELD.filter(bool), FIELD), min_size=1, unique_by=lambda topic: topic.qid))
def test_written_topics_are_read_back(tmp_path: Path, topics: list[Topic]) -> None:
    path = tmp_path / "topics.tsv"
    write_topics(path, topics, force=True)
    assert read_topics(path) == topics


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\tdog\nb cat\n", ":2: a topic is 'qid TAB text', two columns, but here are 1"),
        ("a\tdog\tcat\n", ":1: a topic is 'qid TAB text', two columns, but here are 3"),
        ("\tdog\n", ":1: the qid must not be empty"),
    ],
)
def test_broken_topic_is_named_with_file_and_line(tmp_path: Path, content: str, said: str) -> None:
    assert refusal(tmp_path / "topics.tsv", content) == said


def test_duplicate_qid_names_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "topics.tsv"
    assert refusal(path, "a\tdog\n\na\tcat\n") == f":3: the qid 'a' must be unique, but it is also at {path}:1"


@pytest.mark.parametrize("content", ["", "\n"])
def test_topics_file_without_a_topic_is_refused(tmp_path: Path, content: str) -> None:
    assert "no topic in" in refusal(tmp_path / "topics.tsv", content)


def test_missing_topics_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="topics: no such file"):
        read_topics(tmp_path / "none.tsv")


def test_topics_that_trec_files_could_not_tell_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the topic ids 'a b' and 'a%20b' are both written as 'a%20b'"):
        write_topics(tmp_path / "topics.tsv", [Topic("a b", "one"), Topic("a%20b", "two")])
    assert not (tmp_path / "topics.tsv").exists()


@pytest.mark.parametrize("topic", [Topic("a\tb", "dog"), Topic("a", "dog\ncat"), Topic("a\r", "dog"), Topic("", "dog")])
def test_topic_that_the_format_cannot_hold_is_refused_and_named(tmp_path: Path, topic: Topic) -> None:
    with pytest.raises(InputError, match=re.escape(repr(topic.qid or topic.text))):
        write_topics(tmp_path / "topics.tsv", [topic])
    assert not (tmp_path / "topics.tsv").exists()


# --- topics from captions


def test_without_held_out_captions_all_are_topics_and_there_is_no_collection() -> None:
    made = make_topics(IMAGES)
    assert made.topics == [
        Topic("dog#0", "A dog ."),
        Topic("dog#1", "A black dog ."),
        Topic("dog#2", "Dog !"),
        Topic("cat#0", "A cat ."),
        Topic("cat#1", "The cat ."),
    ]
    assert made.qrels == [Qrel(topic.qid, topic.qid[:3], 1) for topic in made.topics]
    assert made.captions is None


def test_held_out_captions_make_one_document_an_image_and_the_others_are_topics() -> None:
    made = make_topics([DOG, CAT, image("none")], held_out=2)
    assert made.topics == [Topic("dog#2", "Dog !")]
    assert made.qrels == [Qrel("dog#2", "dog", 1)]
    assert made.captions == [
        CaptionDocument("dog", "A dog . A black\t dog\n."),
        CaptionDocument("cat", "A cat . The cat ."),
        CaptionDocument("none", ""),
    ]


def test_image_to_text_has_images_as_topics_and_captions_as_documents() -> None:
    made = make_topics([CAT, image("none"), image("owl", "An owl .")], direction="i2t")
    assert made.topics == [Topic("cat#img", "cat#img"), Topic("owl#img", "owl#img")]
    assert made.qrels == [Qrel("cat#img", "cat#0", 1), Qrel("cat#img", "cat#1", 1), Qrel("owl#img", "owl#0", 1)]
    assert made.captions == [
        CaptionDocument("cat#0", "A cat ."),
        CaptionDocument("cat#1", "The cat ."),
        CaptionDocument("owl#0", "An owl ."),
    ]


@given(st.lists(st.lists(TEXT, max_size=4), min_size=1, max_size=5), st.integers(0, 4))
def test_every_caption_is_either_a_topic_or_held_out(captions: list[list[str]], held_out: int) -> None:
    images = [image(str(number), *texts) for number, texts in enumerate(captions)]
    left = sum(max(0, len(texts) - held_out) for texts in captions)
    if left == 0:
        with pytest.raises(InputError, match="no topic is left"):
            make_topics(images, held_out=held_out)
        return
    made = make_topics(images, held_out=held_out)
    assert len(made.topics) == len(made.qrels) == len({topic.qid for topic in made.topics}) == left
    assert made.captions is None if held_out == 0 else len(made.captions or []) == len(images)


def test_negative_number_of_held_out_captions_is_refused() -> None:
    with pytest.raises(InputError, match="at least 0, but it is -1"):
        make_topics(IMAGES, held_out=-1)


def test_held_out_captions_with_image_to_text_are_refused() -> None:
    with pytest.raises(InputError, match="i2t"):
        make_topics(IMAGES, held_out=1, direction="i2t")


def test_unknown_direction_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="one of t2i, i2t, but it is 't2t'"):
        make_topics(IMAGES, direction="t2t")  # type: ignore[arg-type]  # the wrong value is what is tested


def test_no_topic_left_is_refused() -> None:
    with pytest.raises(InputError, match="no image has more than 3 captions, and 3 are held out"):
        make_topics(IMAGES, held_out=3)


# --- the folder


def test_topic_set_is_written_as_topics_qrels_and_captions(tmp_path: Path) -> None:
    made = make_topics(IMAGES, held_out=1)
    write_topic_set(tmp_path / "out", made)
    assert read_topics(tmp_path / "out/topics.tsv") == made.topics
    assert read_qrels(tmp_path / "out/qrels.txt") == made.qrels
    assert read_caption_collection(tmp_path / "out/captions") == made.captions
    assert [path.name for path in (tmp_path / "out/captions").iterdir()] == ["captions.jsonl"]


def test_topic_set_without_a_collection_writes_none(tmp_path: Path) -> None:
    write_topic_set(tmp_path / "out", make_topics(IMAGES))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["qrels.txt", "topics.tsv"]


def test_folder_that_exists_is_overwritten_only_by_force(tmp_path: Path) -> None:
    write_topic_set(tmp_path, make_topics(IMAGES, held_out=1), force=True)
    with pytest.raises(OutputError, match="exists already"):
        write_topic_set(tmp_path, make_topics(IMAGES))
    write_topic_set(tmp_path, make_topics(IMAGES), force=True)
    assert not (tmp_path / "captions").exists()


def test_image_id_with_a_line_break_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topic 'dog\\n1#0': topics.tsv can't hold a TAB or line break"):
        write_topic_set(tmp_path / "out", make_topics([image("dog\n1", "A dog .")]))
    assert not (tmp_path / "out").exists()
