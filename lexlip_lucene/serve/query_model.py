"""The model of a server: texts and pictures become query weights, and a word its token. Safe for several threads."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lexlip_lucene.errors import InputError
from lexlip_lucene.models.shipped import model_folder
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.vectors.picture_vector import PictureVector
from lexlip_lucene.words.visual_words import VISUAL_FILE

if TYPE_CHECKING:
    from PIL.Image import Image

    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
    from lexlip_lucene.vectors.patch_map import PatchMap
    from lexlip_lucene.vectors.place_matches import PlaceMatches
    from lexlip_lucene.words.read_query import ReadQuery


class QueryModel:
    """The encoder of queries: a model folder, or an exported query side, which encodes only texts.

    Raises:
        ModelError: the folder is neither.
    """

    def __init__(self, folder: Path) -> None:
        from lexlip_lucene.encoders.model.tokenizer import load_tokenizer
        from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
        from lexlip_lucene.encoders.query.typed_words import query_reader

        self._folder = folder = model_folder(folder)
        self._encoder = LexLipQueryEncoder(folder)
        self._whole: LexLip | None = None  # torch takes seconds: it waits for the first picture
        self._visual: VisualLexicon | None = None  # waits for the first picture of an index with visual words
        self._lock = Lock()
        self._tokenizer = load_tokenizer(folder)  # one of its own: the encoder's cuts texts
        self._tokens = frozenset(self.lexicon.tokens)
        self._reader = query_reader(folder, self._encoder)

    @property
    def lexicon(self) -> Lexicon:
        """The tokens that vectors have."""
        return self._encoder.model.lexicon

    @property
    def sees_pictures(self) -> bool:
        """True if it encodes pictures, too."""
        from lexlip_lucene.encoders.query.onnx_query import OnnxQuery

        return not isinstance(self._encoder.model, OnnxQuery)

    def text(self, text: str) -> Impacts:
        """Return token → query weight; {} when the model knows no token of `text`."""
        return self._encoder.encode(text)

    def called(self, text: str, weights: Impacts) -> list[str]:
        """Return the tokens of a text's `weights` that it is not written with: what its words call for."""
        return self._reader.called(text, weights)

    def callers(self, read: "ReadQuery") -> dict[str, str]:
        """Return token → the word of the query that calls for it."""
        return self._reader.callers(read)

    def read(self, text: str) -> "ReadQuery":
        """Read a typed query: its weights, and what is to be said about its words."""
        return self._reader.read(text)

    @property
    def visual_sha256(self) -> str | None:
        """The SHA-256 of its visual words; None if it has none, or encodes only texts."""
        from lexlip_lucene.encoders.query.onnx_query import OnnxQuery

        model = self._encoder.model
        return None if isinstance(model, OnnxQuery) else model.config.files.get(VISUAL_FILE)

    def picture(self, picture: "Image", *, looks: bool = False) -> PictureVector:
        """Return the vector of a picture in mode RGB, with its visual words if `looks`.

        Raises:
            InputError: the model is an exported query side.
            ModelError: `looks`, and the model has no visual words, or they can't be read.
        """
        model = self._with_images()
        if not looks:
            return PictureVector(model.encode_images([picture])[0], {})
        from lexlip_lucene.encoders.visual.of_model import encode_pictures

        return encode_pictures(model, self._with_looks(model), [picture])[0]

    def matches(self, query: "Image", document: "Image", contributions: Sequence[tuple[str, int]]) -> "PlaceMatches":
        """Return the places of two pictures in mode RGB that visual words matched, by what each gave to the score.

        Raises:
            InputError: the model is an exported query side, or has no such visual word.
            ModelError: it has no visual words, or they can't be read.
        """
        from lexlip_lucene.encoders.explain.matched_places import matched_places

        model = self._with_images()
        return matched_places(model, self._with_looks(model), query, document, contributions)

    def patch_map(self, picture: "Image", token: str) -> "PatchMap":
        """Return where `token` is seen in a picture in mode RGB.

        Raises:
            InputError: the token is not in the lexicon, or the model is an exported query side.
        """
        from lexlip_lucene.encoders.explain.patch_maps import patch_maps

        return patch_maps(self._with_images(), picture, [token])[0]

    def late_map(self, picture: "Image", token: str, text: str) -> "PatchMap":
        """Return how like each place of a picture in mode RGB is to `token` as `text` has it, by patch vectors.

        Raises:
            InputError: the token is not in the lexicon, or the model is an exported query side.
            ModelError: the model has no late maps.
        """
        from lexlip_lucene.encoders.explain.late_maps import late_maps

        return late_maps(self._with_images(), picture, [token], texts=[text])[0]

    @property
    def has_late_maps(self) -> bool:
        """True if it has a vector for every place of a picture."""
        from lexlip_lucene.encoders.query.onnx_query import OnnxQuery

        model = self._encoder.model
        return not isinstance(model, OnnxQuery) and model.config.late is not None and not model.config.late.pooled

    @property
    def images_loaded(self) -> bool:
        """True if a picture is encoded without loading anything first."""
        return self._whole is not None

    def load_images(self) -> None:
        """Load what encodes pictures, unless that was done.

        Raises:
            InputError: the model is an exported query side.
        """
        self._with_images()

    def token_of(self, word: str) -> str | None:
        """Return the token that `word` is as a whole; None when it is of several, or none that vectors have."""
        pieces = self._tokenizer.encode(word, add_special_tokens=False).tokens
        return pieces[0] if len(pieces) == 1 and pieces[0] in self._tokens else None

    def _with_looks(self, model: "LexLip") -> "VisualLexicon":
        from lexlip_lucene.encoders.visual.of_model import visual_of

        with self._lock:
            if self._visual is None:
                self._visual = visual_of(model)
            return self._visual

    def _with_images(self) -> "LexLip":
        if not self.sees_pictures:
            raise InputError(
                "a picture needs a model folder, but an exported query side is served: it takes only texts"
            )
        with self._lock:
            if self._whole is None:
                from lexlip_lucene.encoders.model.lexlip import LexLip

                model = self._encoder.model
                self._whole = model if isinstance(model, LexLip) else LexLip.from_pretrained(self._folder)
            return self._whole
