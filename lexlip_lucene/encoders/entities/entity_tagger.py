"""The entity tagger: a text, and its picture if it has one → entities with their places, types and probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.data.entities.iob2 import WordSpan, spans_of
from lexlip_lucene.data.images import open_image
from lexlip_lucene.encoders.entities.tagger_config import TaggerConfig, read_tagger_config, tagger_config_bytes
from lexlip_lucene.encoders.entities.tagger_network import Seen, TaggerNetwork
from lexlip_lucene.encoders.entities.text_words import Word, words_of
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE, files_of, require_as_written, require_readable
from lexlip_lucene.encoders.model.model_tensors import require_held, tensors_once
from lexlip_lucene.encoders.model.pixels import to_square
from lexlip_lucene.encoders.model.tensor_file import put_tensors
from lexlip_lucene.encoders.model.text_encoders import fresh_network
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE, load_tokenizer, uncut
from lexlip_lucene.encoders.model.unset_parameters import UnsetParameters
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files.written import written_folder

Picture = Image.Image | Path
"""A picture, or its file."""


@dataclass(frozen=True)
class Entity:
    """An entity of a text.

    Attributes:
        start, end: from the character `start` of the text up to before the character `end`.
        text: those characters.
        type: PER, LOC, ORG, MISC, or what else the tagger was trained on.
        p: the probability that the CRF gives exactly this entity, its words and its type, over all tag sequences.
    """

    start: int
    end: int
    text: str
    type: str
    p: float


class TaggedWords(NamedTuple):
    """The entities of a post over its words, each with its probability, and P(text and picture belong together).

    `match` is None for a post without a picture.
    """

    spans: list[tuple[WordSpan, float]]
    match: float | None


class EntityTagger:
    """A trained tagger. Not safe for several threads.

    Args:
        config: of the folder.
        tokenizer: of the words' encoder.
        network: with the parts that the config says.
    """

    def __init__(self, config: TaggerConfig, tokenizer: Tokenizer, network: TaggerNetwork) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.network = network.eval()
        self._cutter = WordCutter(tokenizer, config.text.max_length)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, device: str = "cpu") -> "EntityTagger":
        """Load a tagger. The folder may come from anybody: nothing is fetched, and nothing of it is run.

        Raises:
            ModelError: the folder is not a tagger, or its files do not fit together or are not those that were written.
        """
        folder = Path(folder)
        config = read_tagger_config(folder)
        require_readable(folder / WEIGHTS_FILE)
        tokenizer = load_tokenizer(folder, rows=config.vocabulary_size)
        for name in (WEIGHTS_FILE, TOKENIZER_FILE):
            require_as_written(folder, name, config.files, CONFIG_FILE)
        with UnsetParameters():
            with torch.device("meta"):  # shapes only: no config gets memory that its weights don't need
                shapes = network_of(config)
                require_held(shapes, folder / WEIGHTS_FILE, carried=_carried(shapes))
            network = network_of(config)
        try:
            _load(network, load_file(folder / WEIGHTS_FILE))
        except (RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{folder / WEIGHTS_FILE} does not fit {CONFIG_FILE} beside it: {reason}") from None
        return cls(config, tokenizer, network.to(device))

    def save_pretrained(self, folder: str | Path, *, card: str = "", force: bool = False) -> None:
        """Write the tagger's folder, whole or not at all.

        Args:
            folder: to write.
            card: the text of its README.md.
            force: replace a folder that exists.

        Raises:
            OutputError: the folder exists and `force` is off, or can't be written.
        """
        with written_folder(Path(folder), force=force) as partial:
            carried = _carried(self.network)
            tensors = {name: one for name, one in tensors_once(self.network).items() if not name.startswith(carried)}
            put_tensors(tensors, partial / WEIGHTS_FILE)
            uncut(self.tokenizer).save(str(partial / TOKENIZER_FILE))
            (partial / "README.md").write_text(card or f"# {self.config.name}\n", encoding="utf-8")
            config = self.config.model_copy(update={"files": files_of(partial, but=CONFIG_FILE)})
            (partial / CONFIG_FILE).write_bytes(tagger_config_bytes(config))
        self.config = config

    def tag(self, text: str, image: Picture | None = None) -> list[Entity]:
        """Return the entities of a text in order, with what its picture says of them if it has one.

        Raises:
            ModelError: a picture is given, but the tagger sees none.
            InputError: the picture can't be read.
        """
        words = words_of(text)
        if not words:
            return []
        (found,) = self.tag_words([[word.text for word in words]], [image])
        return [entity_at(span, p, words, text) for span, p in found.spans]

    @torch.inference_mode()
    def tag_words(self, posts: Sequence[Sequence[str]], images: Sequence[Picture | None]) -> list[TaggedWords]:
        """Return the entities of several posts whose words are known, at best of about the same length.

        Args:
            posts: the words of each, at least one.
            images: the picture of each; None: it has none.

        Raises:
            As `tag`.
        """
        seen, mask = self._look(posts, images)
        crf, found = self.network.crf, []
        for row, path in enumerate(crf.best(seen.emissions, mask)):
            emissions = seen.emissions[row, : len(path)]
            spans = spans_of([self.config.tags[tag] for tag in path])
            of_post = [(span, crf.span_probability(emissions, span)) for span in spans]
            match = None if seen.match is None or images[row] is None else float(torch.sigmoid(seen.match[row]))
            found.append(TaggedWords(of_post, match))
        return found

    @torch.inference_mode()
    def match_probability(self, text: str, image: Picture) -> float:
        """Return the probability that the text and the picture belong together.

        Raises:
            ModelError: the tagger sees no picture.
            InputError: the picture can't be read, or the text has no word.
        """
        words = [word.text for word in words_of(text)]
        if not words:
            raise InputError(f"a text with a word is needed to match a picture, got {text!r}")
        match = self._look([words], [image])[0].match
        assert match is not None, "a picture was looked at"
        return float(torch.sigmoid(match[0]))

    def _look(self, posts: Sequence[Sequence[str]], images: Sequence[Picture | None]) -> tuple[Seen, Tensor]:
        device = self.network.emissions.weight.device
        batch = self._cutter.batch(posts).to(device)
        pixels = [self._pixels(image) for image in images if image is not None]
        pictured = torch.tensor([image is not None for image in images], device=device)
        patches = self.network.patches(torch.stack(pixels).to(device)) if pixels else None
        return self.network(batch, patches, pictured), batch.mask

    def _pixels(self, image: Picture) -> Tensor:
        if self.config.image is None:
            raise ModelError(f"the tagger {self.config.name} was trained without pictures: give it texts only")
        size = self.config.image.size
        opened = open_image(image, side=size) if isinstance(image, Path) else image.convert("RGB")
        return to_square(opened, size)


def network_of(config: TaggerConfig) -> TaggerNetwork:
    """Return an untrained network of the config's parts; errors are those of `fresh_network` and `ImageTower`."""
    encoder = fresh_network(config.text.architecture).base_model
    return TaggerNetwork(
        encoder,  # type: ignore[arg-type]  # transformers does not say that it is a module
        config.tags,
        shapes=config.text.shapes,
        picture=config.image,
        fusion=config.fusion,
    )


def _carried(network: TaggerNetwork) -> tuple[str, ...]:
    """Return the beginnings of the names of tensors that packages carry, and the folder does not."""
    return () if network.tower is None else tuple(f"tower.{name}" for name in network.tower.packaged())


def _load(network: TaggerNetwork, tensors: dict[str, Tensor]) -> None:
    if network.tower is not None:
        network.tower.load_packages()
    missing, further = network.load_state_dict(tensors, strict=False)
    tied = network.state_dict().keys() - tensors_once(network).keys()
    wanting = [name for name in missing if name not in tied and not name.startswith(_carried(network))]
    if wanting or further:
        raise RuntimeError(f"tensors missing: {wanting[:3]}, not known: {list(further)[:3]}")


def entity_at(span: WordSpan, p: float, words: Sequence[Word], text: str) -> Entity:
    """Return an entity over words as one of the text that their places are in."""
    start, end = words[span.start].start, words[span.end - 1].end
    return Entity(start, end, text[start:end], span.type, p)
