"""The model of a server: texts and pictures become query weights, and a word its token. Safe for several threads."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon

if TYPE_CHECKING:
    from PIL.Image import Image


class QueryModel:
    """What encodes queries: a model folder, or an exported query side, which encodes texts alone.

    Raises:
        ModelError: the folder is neither.
    """

    def __init__(self, folder: Path) -> None:
        from lexlip_lucene.encoders.encoding import load_tokenizer
        from lexlip_lucene.encoders.query_encoder import LexLipQueryEncoder

        self._encoder = LexLipQueryEncoder(folder)
        self._tokenizer = load_tokenizer(folder)  # one of its own: the encoder's cuts texts
        self._tokens = frozenset(self.lexicon.tokens)
        self._one_at_a_time = Lock()  # a tokenizer that is told how to cut must not be at work in another thread

    @property
    def lexicon(self) -> Lexicon:
        """The tokens that vectors have."""
        return self._encoder.model.lexicon

    def text(self, text: str) -> Impacts:
        """Return token → query weight; {} when the model knows no token of `text`."""
        with self._one_at_a_time:
            return self._encoder.encode(text)

    def picture(self, picture: "Image") -> Impacts:
        """Return token → impact of a picture in mode RGB.

        Raises:
            InputError: the model is an exported query side.
        """
        from lexlip_lucene.encoders.lexlip import LexLip

        model = self._encoder.model
        if not isinstance(model, LexLip):
            raise InputError(
                "a picture needs a model folder, but an exported query side is served: it encodes texts alone"
            )
        return model.encode_images([picture])[0]

    def token_of(self, word: str) -> str | None:
        """Return the token that `word` is as a whole; None when it is of several, or none that vectors have."""
        with self._one_at_a_time:
            pieces = self._tokenizer.encode(word, add_special_tokens=False).tokens
        return pieces[0] if len(pieces) == 1 and pieces[0] in self._tokens else None
