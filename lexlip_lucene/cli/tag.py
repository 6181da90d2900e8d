"""`lexlip tag`: the entities of texts, with the help of their pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

    from lexlip_lucene.cli.tag_posts import Post
    from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger

AT_ONCE = 32


@verb
def tag(
    posts: Annotated[Path, typer.Argument(help="Tagged file, captions file, or a text file with one post a line.")],
    model: Annotated[Path, typer.Option(help="Entity tagger, a folder from lexlip train.")],
    output: Annotated[Path, typer.Option(help="File to write: a JSON line a post.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures that a tagged file names.")] = None,
    split: Annotated[str | None, typer.Option(help="Only the captions of this split.")] = None,
    text_only: Annotated[bool, typer.Option("--text-only", help="Look at no picture.")] = False,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Find persons, places, organisations and more in texts.

    A line has the post's id, its text and its entities: start, end, text, type and the probability p that the text has
    exactly this entity. A post with a picture has the probability of match, too. A picture that is missing or can't be
    read is counted, and its post is tagged by its text. For a tagged file the strict F1 is printed: an entity counts if
    its first word, its last word and its type are right (seqeval's strict mode, IOB2).

    \b
    Example: lexlip tag posts.txt --model tagger --output entities.jsonl
    """
    from lexlip_lucene.cli.tag_posts import read_posts
    from lexlip_lucene.evaluate.entity_f1 import entity_figures
    from lexlip_lucene.files.written import require_writable, written_file
    from lexlip_lucene.progress import for_terminal

    if text_only and images is not None:
        raise InputError("--text-only looks at no picture: leave --images out, or leave that out")
    require_writable(output, force=force)
    read, missing = read_posts(posts, images=images, split=split)
    from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
    from lexlip_lucene.encoders.model.device import choose_device

    progress = for_terminal()
    tagger = EntityTagger.from_pretrained(model, device=choose_device(device))
    if images is not None and tagger.config.image is None:
        raise InputError(f"--images: the tagger {model} was trained without pictures: leave --images out")
    look = not text_only and tagger.config.image is not None
    job = _Tagging(tagger, look=look)
    with written_file(output, force=force) as file:
        for line in progress.track(job.lines(read), "tagging (posts)", len(read)):
            file.write(line)
    record: dict[str, Any] = {
        "posts": len(read),
        "entities": job.entities,
        "pictures": job.pictures,
        "missing_pictures": missing if look else 0,
        "unreadable_pictures": job.unreadable,
        "output": output.absolute(),
    }
    text = f"{output}: {job.entities} entities in {len(read)} posts, {job.pictures} of them with their picture"
    if look and missing + job.unreadable:
        text += f"; {missing} pictures are missing and {job.unreadable} can't be read, so their texts were tagged only"
    there = [list(post.there) for post in read if post.there is not None]
    if there:
        figures = entity_figures(job.found, there)
        record["strict"] = figures._asdict()
        text += (
            f"; strict precision {100 * figures.precision:.2f}, recall {100 * figures.recall:.2f}, "
            f"F1 {100 * figures.f1:.2f}"
        )
    answer(record, text, as_json=json)


class _Tagging:
    """The lines of the output, and the counts of what went into them."""

    def __init__(self, tagger: "EntityTagger", *, look: bool) -> None:
        self.tagger, self.look = tagger, look
        self.entities = self.pictures = self.unreadable = 0
        self.found: list[list[Any]] = []

    def lines(self, posts: "Sequence[Post]") -> Iterator[bytes]:
        """Yield the line of each post."""
        for begin in range(0, len(posts), AT_ONCE):
            yield from self._batch(posts[begin : begin + AT_ONCE])

    def _batch(self, posts: "Sequence[Post]") -> Iterator[bytes]:
        import orjson

        from lexlip_lucene.encoders.entities.entity_tagger import TaggedWords, entity_at
        from lexlip_lucene.encoders.entities.text_words import joined, words_of

        words = [words_of(post.text) if post.words is None else joined(tuple(post.words)) for post in posts]
        seen = [self._picture(post) if of_post else None for post, of_post in zip(posts, words, strict=True)]
        with_words = [at for at, of_post in enumerate(words) if of_post]
        tagged = [TaggedWords([], None)] * len(posts)
        if with_words:
            of_words = self.tagger.tag_words(
                [[word.text for word in words[at]] for at in with_words], [seen[at] for at in with_words]
            )
            for at, one in zip(with_words, of_words, strict=True):
                tagged[at] = one
        for post, of_post, one in zip(posts, words, tagged, strict=True):
            found = [entity_at(span, p, of_post, post.text) for span, p in one.spans]
            self.entities += len(found)
            self.found.append([span for span, _ in one.spans])
            record: dict[str, Any] = {"id": post.id, "text": post.text, "entities": found}
            if one.match is not None:
                record["match"] = one.match
            yield orjson.dumps(record) + b"\n"

    def _picture(self, post: "Post") -> "Image | None":
        from lexlip_lucene.data.images import UnreadableImage, open_listed

        if not self.look or post.picture is None or self.tagger.config.image is None:
            return None
        try:
            opened = open_listed(post.picture, side=self.tagger.config.image.size)
        except UnreadableImage:
            self.unreadable += 1
            return None
        self.pictures += 1
        return opened
