"""`LexLip`: the model a user loads, encodes with, and saves.

A model folder holds `config.json`, `model.safetensors`, the tokenizer's own files and `README.md`; never a pickle. It
is data, which may come from anybody: nothing in it is run, nothing outside it is read, nothing is fetched for it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.data.images import open_image
from lexlip_lucene.encoders.model.banks import DenseBank, LexiconBank
from lexlip_lucene.encoders.model.dense import DenseTwin, mean_of_words
from lexlip_lucene.encoders.model.image_encoder import ImageEncoder
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, Ceilings, ModelConfig, config_bytes, read_config
from lexlip_lucene.encoders.model.model_files import (
    WEIGHTS_FILE,
    copy_further,
    files_of,
    require_as_written,
    require_readable,
)
from lexlip_lucene.encoders.model.model_tensors import fill_gaps, require_held, special_tokens, tensors_once
from lexlip_lucene.encoders.model.packed_tensors import packed, unpacked
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.encoders.model.tensor_file import put_tensors
from lexlip_lucene.encoders.model.text_encoders import StaticText, TransformerText, fresh_network
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE, cut_at, encoded, load_tokenizer, uncut
from lexlip_lucene.encoders.model.tokens import TokenBatch, tokenise
from lexlip_lucene.encoders.model.transformer_query import TransformerQuery, can_pack
from lexlip_lucene.encoders.model.unset_parameters import UnsetParameters
from lexlip_lucene.encoders.pool.heaviest import Heaviest, heaviest, quantised
from lexlip_lucene.encoders.pool.late_head import LateHead, LateTokens
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.integers import as_count
from lexlip_lucene.models.shipped import model_folder
from lexlip_lucene.recipes.model_spec import StaticTextSpec
from lexlip_lucene.records import Impacts
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.quantise import Quantiser, Side


class LexLip(nn.Module):
    """An image encoder and a text encoder over one lexicon (LexLIP, ICCV 2023).

    Build one with `from_pretrained`; training builds fresh ones.
    """

    def __init__(
        self,
        config: ModelConfig,
        tokenizer: Tokenizer,
        *,
        text_network: nn.Module | None = None,
        from_hub: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        cut_at(tokenizer, config.text.max_length)
        self.tokenizer = tokenizer
        self.lexicon = config.lexicon
        self.sha256 = ""
        self.folder: Path | None = None
        self._query: TransformerQuery | None = None
        self.image = ImageEncoder(config.image, len(self.lexicon), from_hub=from_hub)
        self.text: StaticText | TransformerText
        if isinstance(config.text, StaticTextSpec):
            self.text = StaticText(config.text, self.lexicon, config.vocabulary_size)
        else:
            network = text_network if text_network is not None else fresh_network(config.text.architecture)
            rows = cast(Any, network).get_input_embeddings().num_embeddings
            if rows < config.vocabulary_size:
                raise ModelError(
                    f"the text network has {rows} tokens, fewer than the tokenizer's {config.vocabulary_size}: "
                    "take the tokenizer that belongs to it"
                )
            self.text = TransformerText(config.text, self.lexicon, network)
        self.dense = self._dense_twin(config.dense_width) if config.dense_width is not None else None
        width = self.image.tower.width
        self.late = None if config.late is None else LateHead(config.late, width, len(self.lexicon))
        self.banks, self.dense_banks = nn.ModuleDict(), nn.ModuleDict()
        for side, bank in (("image", config.image.bank), ("document", config.text.bank)):
            if bank is not None:
                self.banks[side] = LexiconBank(bank, len(self.lexicon))
            if bank is not None and config.dense_width is not None:
                self.dense_banks[side] = DenseBank(bank, config.dense_width)

    def _dense_twin(self, width: int) -> DenseTwin:
        text_width = None
        if isinstance(self.text, TransformerText):
            text_width = self.text.vocabulary_projection()[0].shape[1]
        return DenseTwin(self.image.whole_width, self.config.image.adapter.width, len(self.lexicon), width, text_width)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, device: str = "cpu") -> "LexLip":
        """Load a model, ready to encode: a folder, or the name of a model that comes with the package.

        The folder may come from anybody. Nothing is fetched, and a file that is a link to elsewhere is not read.

        Raises:
            ModelError: the folder is not a model, is of another schema version, can't be read, or its files do not fit
                together or are not those that were written.
        """
        folder = model_folder(folder)
        config = read_config(folder)
        weights = folder / WEIGHTS_FILE
        require_readable(weights)
        tokenizer = load_tokenizer(folder, rows=config.vocabulary_size)
        with UnsetParameters():
            with torch.device("meta"):  # shapes only: no config gets memory that its weights don't need
                shapes = cls(config, tokenizer)
                require_held(shapes, weights, carried=shapes.carried(), packed=config.weights == "int8")
            model = cls(config, tokenizer)
        try:
            model.load_tensors(load_file(weights))
        except (RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{weights} does not fit config.json beside it: {reason}") from None
        require_as_written(folder, TOKENIZER_FILE, config.files, CONFIG_FILE)
        model.folder = folder
        model.sha256 = require_as_written(folder, WEIGHTS_FILE, config.files, CONFIG_FILE)
        return model.to(device).eval()

    def carried(self) -> tuple[str, ...]:
        """Return the beginnings of the names of tensors that packages carry, and the model's file does not."""
        tower = tuple(f"image.tower.{name}" for name in self.image.tower.packaged())
        return (*tower, "image.class_path.classifier.") if self.image.class_path is not None else tower

    def own_tensors(self) -> dict[str, Tensor]:
        """Return the tensors as the model's file holds them: each once, without those that packages carry."""
        tensors = {name: tensor for name, tensor in tensors_once(self).items() if not name.startswith(self.carried())}
        return packed(tensors) if self.config.weights == "int8" else tensors

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Load what `own_tensors` gave, and from their packages what it left out.

        Raises:
            RuntimeError: the tensors are not this model's.
            ModelError: a package is missing.
        """
        fill_gaps(self, unpacked(tensors) if self.config.weights == "int8" else tensors, carried=self.carried())
        self.image.tower.load_packages()
        if self.image.class_path is not None and self.config.image.package is not None:
            self.image.class_path.load_classifier(self.config.image.package)

    def save_pretrained(
        self, folder: str | Path, *, card: str = "", extra_files: Mapping[str, bytes] | None = None, force: bool = False
    ) -> None:
        """Write the model folder, whole or not at all.

        A model that was loaded takes along what its own folder has beside tensors, tokenizer and card: what it knows
        of words, and its sentence model.

        Args:
            folder: to write.
            card: the text of its README.md.
            extra_files: name → content of further files, such as `neighbours.json`.
            force: replace a folder that exists.

        Raises:
            OutputError: the folder exists and `force` is off, or can't be written.
            ModelError: a file that is taken along is missing, or is not the one that was written.
        """
        from transformers import PreTrainedTokenizerFast

        with written_folder(Path(folder), force=force) as partial:
            put_tensors(self.own_tensors(), partial / WEIGHTS_FILE)
            tokenizer = uncut(self.tokenizer)
            PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special_tokens(tokenizer)).save_pretrained(partial)
            (partial / "README.md").write_text(card or f"# {self.config.name}\n", encoding="utf-8")
            for name, content in (extra_files or {}).items():
                (partial / name).write_bytes(content)
            if self.folder is not None:
                copy_further(self.folder, partial, self.config.files, CONFIG_FILE)
            config = self.config.model_copy(update={"files": files_of(partial, but=CONFIG_FILE)})
            (partial / CONFIG_FILE).write_bytes(config_bytes(config))
        self.config, self.sha256, self.folder = config, config.files[WEIGHTS_FILE], Path(folder)

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        return self.image.state_mean.device

    def image_weights(self, pixels: Tensor) -> Tensor:
        """Map pixels (batch, 3, size, size) uint8 to lexicon weights (batch, tokens) float ≥ 0, divided by length."""
        weights = self.image(normalise(pixels.to(self.device), self.config.image))
        return divide_by_length(weights, self.config.image.length_power)

    def kept(self, weights: Tensor, side: Side, most: int | None) -> Heaviest:
        """Return the `most` heaviest tokens of vectors (batch, tokens) of `side`, as `encode` quantises them.

        Args:
            weights: float ≥ 0, divided by length; where the side ("image", "document") has a bank, by that instead.
            side: as `quantiser` has it.
            most: tokens kept; None keeps all positive ones.
        """
        if side not in self.banks:
            return heaviest(weights, most)
        bank = self.banks[side]
        assert isinstance(bank, LexiconBank)
        return bank.kept(weights, most)

    def cut_lengths(self, weights: Tensor, side: Side, cuts: Sequence[int]) -> Tensor:
        """Return the factors of a vector kept at `cuts[0]`, the largest, when fewer tokens are kept.

        Args:
            weights: (batch, tokens) as `kept` takes them.
            side: as there.
            cuts: numbers of tokens, the largest first.

        Returns:
            (batch, cuts) float > 0; 1 without a bank.
        """
        if side not in self.banks:
            return weights.new_ones(len(weights), len(cuts))
        bank = self.banks[side]
        assert isinstance(bank, LexiconBank)
        made_up = bank.made_up(weights, cuts)
        return made_up / made_up[:, :1]

    def text_weights(self, texts: Sequence[str]) -> Tensor:
        """Map texts to lexicon weights (batch, tokens) float ≥ 0, divided by length."""
        weights = self.raw_text_weights(tokenise(self.tokenizer, texts, max_length=self.config.text.max_length))
        return divide_by_length(weights, self.config.text.length_power)

    def raw_text_weights(self, tokens: TokenBatch) -> Tensor:
        """Map tokenised texts to lexicon weights (batch, tokens) before any division, as the FLOPS loss sees them."""
        tokens = TokenBatch(*(part.to(self.device) for part in tokens))
        if isinstance(self.text, TransformerText):
            weights: Tensor = self.text(tokens.ids, tokens.words, tokens.attention)
        else:
            weights = self.text(tokens.ids, tokens.words)
        return weights

    def image_embeddings(self, pixels: Tensor) -> Tensor:
        """Map pixels (batch, 3, size, size) uint8 to the dense twin's unit vectors (batch, dense width) float32.

        Raises:
            ModelError: the model has no dense twin.
        """
        return self.embeddings_of_states(self.image.tower(normalise(pixels.to(self.device), self.config.image)))

    def embeddings_of_states(self, states: Tensor) -> Tensor:
        """Map backbone states (batch, positions, width) to the dense twin's unit vectors (batch, dense width).

        Raises:
            ModelError: the model has no dense twin.
        """
        return self._twin().image(*self.image.adapted(states))

    def text_embeddings(self, texts: Sequence[str]) -> Tensor:
        """Map texts to the dense twin's unit vectors (batch, dense width) float32; zeros without any known token.

        Raises:
            ModelError: the model has no dense twin.
        """
        twin = self._twin()
        tokens = tokenise(self.tokenizer, texts, max_length=self.config.text.max_length)
        return twin.text(self.dense_text_input(tokens))

    def dense_documents(self, vectors: Tensor, side: Side) -> Tensor:
        """Return the dense twin's vectors of `side` ("image", "document") as documents: divided by its bank, if any."""
        if side not in self.dense_banks:
            return vectors
        bank = self.dense_banks[side]
        assert isinstance(bank, DenseBank)
        return bank.documents(vectors)

    def dense_text_input(self, tokens: TokenBatch) -> Tensor:
        """Map tokenised texts to the input of `DenseTwin.text`: weights (batch, tokens) or mean hidden states."""
        if not isinstance(self.text, TransformerText):
            return self.raw_text_weights(tokens)
        ids, words, attention = (part.to(self.device) for part in tokens)
        return mean_of_words(self.text.hidden(ids, attention), words)

    def patches_of_states(self, states: Tensor) -> Tensor:
        """Map backbone states (batch, positions, width) to unit patch vectors (batch, patches, late width).

        Raises:
            ModelError: the model has no late head.
        """
        return self._late_head().of_patches(self.image.places(states))

    def late_tokens(self, tokens: TokenBatch, states: Tensor | None = None) -> LateTokens:
        """Map tokenised texts to their vectors for late interaction.

        Args:
            tokens: of the texts.
            states: (texts, length, sentence width) of the sentence model, if the late head has one.

        Raises:
            ModelError: the model has no late head.
        """
        positions = self.text.own.positions(tokens.ids.to(self.device), tokens.words.to(self.device))
        return self._late_head().of_tokens(positions, None if states is None else states.to(self.device))

    def late_vectors(self, positions: Tensor) -> Tensor:
        """Map positions in the lexicon (tokens,) to unit vectors (tokens, late width), each a text; errors as above.

        A sentence model has no part in them: these are tokens, and some are no words.
        """
        head = self._late_head()
        states = None
        if head.sentence is not None:
            states = torch.zeros(len(positions), 1, head.sentence.in_features, device=self.device)
        return head.of_tokens(positions.unsqueeze(1), states).vectors[:, 0]

    def _late_head(self) -> LateHead:
        if self.late is None:
            raise ModelError(f"model {self.config.name} has no patch vectors: train it with late in its recipe")
        return self.late

    def _twin(self) -> DenseTwin:
        if self.dense is None:
            raise ModelError(f"model {self.config.name} has no dense twin: train it with training.dense in its recipe")
        return self.dense

    def quantiser(self, side: Side, *, bits: int | None = None, top_k: int | None = None) -> Quantiser:
        """Return the quantiser of `side` ("image", "text", "document"); bits and top-k default to the model's own.

        A "document" is a text; without a bank it is quantised as any text.

        Raises:
            ModelError: the model's scale was never calibrated.
        """
        ceilings = self.config.ceilings
        if ceilings is None:
            raise ModelError(f"model {self.config.name} has no calibrated scale; training calibrates it at its end")
        ceiling = {"image": ceilings.image, "text": ceilings.text, "document": ceilings.document or ceilings.text}[side]
        return Quantiser(
            ceiling=ceiling,
            bits=self.config.bits if bits is None else bits,
            top_k=self.config.top_k_of(side) if top_k is None else top_k,
        )

    def with_ceilings(self, ceilings: Ceilings) -> None:
        """Keep the calibrated ceilings in the config."""
        self.config = self.config.model_copy(update={"ceilings": ceilings})

    def with_mix(self, mix: float) -> None:
        """Keep the late head's mix, chosen on images kept aside, in the config."""
        assert self.config.late is not None, "there is a late head"
        self.config = self.config.model_copy(update={"late": self.config.late.model_copy(update={"mix": mix})})

    @torch.inference_mode()
    def encode_images(
        self,
        images: Sequence[str | Path | Image.Image],
        *,
        top_k: int | None = None,
        bits: int | None = None,
        batch_size: int = 32,
    ) -> list[Impacts]:
        """Encode pictures (files, or PIL images in mode RGB) as token → impact, heaviest first.

        Args:
            images: files or pictures, of any size.
            top_k: tokens kept of each; the model's own unless given.
            bits: impacts are in 1..2^bits − 1; the model's own unless given.
            batch_size: pictures at a time, at least 1.

        Raises:
            InputError: `images` is a single file, or an argument is out of range.
            UnreadableImage: a file can't be read as an image.
            ModelError: the model's scale was never calibrated.
        """
        if isinstance(images, (str, Path)):
            raise InputError(f"images must be a list of files or pictures, got {images!r}")
        quantiser, batch_size = self.quantiser("image", bits=bits, top_k=top_k), as_count(batch_size, "batch size")
        size = self.config.image.size
        vectors: list[Impacts] = []
        for begin in range(0, len(images), batch_size):
            opened = [
                image.convert("RGB") if isinstance(image, Image.Image) else open_image(Path(image), side=size)
                for image in images[begin : begin + batch_size]
            ]
            weights = self.image_weights(torch.stack([to_square(image, size) for image in opened]))
            vectors += quantised(self.kept(weights, "image", quantiser.top_k), quantiser, self.lexicon.tokens)
        return vectors

    def train(self, mode: bool = True) -> "LexLip":
        """Set the mode of the modules, as torch does; the layers packed for single queries are forgotten."""
        self._query = None
        return super().train(mode)

    def _one_text_weights(self, text: str) -> Tensor:
        """Return the weights (1, tokens) of one text, by packed layers if possible: on a CPU, not in training."""
        if self.training or self.device.type != "cpu" or not isinstance(self.text, TransformerText) or not can_pack():
            return self.text_weights([text])
        if self._query is None:
            self._query = TransformerQuery(self.text)
        return self._query.weights(tokenise(self.tokenizer, [text], max_length=self.config.text.max_length))

    @torch.inference_mode()
    def encode_texts(
        self,
        texts: Sequence[str],
        *,
        documents: bool = False,
        top_k: int | None = None,
        bits: int | None = None,
        batch_size: int = 256,
    ) -> list[Impacts]:
        """Encode texts as token → impact, heaviest first; a text without any known token gives {}.

        With `documents` they are encoded to be searched, by images, and not to search: a model with a bank divides
        them by how easily they are found (see `encoders/model/banks.py`).

        Args:
            texts: of any length; what is beyond the model's length is cut off.
            documents: encode them as documents.
            top_k: tokens kept of each; the model's own unless given.
            bits: impacts are in 1..2^bits − 1; the model's own unless given.
            batch_size: texts at a time, at least 1.

        Raises:
            InputError: `texts` is a single text, or an argument is out of range.
            ModelError: the model's scale was never calibrated.
        """
        texts = as_texts(texts, "texts")
        side: Side = "document" if documents and "document" in self.banks else "text"
        quantiser, batch_size = self.quantiser(side, bits=bits, top_k=top_k), as_count(batch_size, "batch size")
        if isinstance(self.text, StaticText) and side == "text":
            static = self.text.at_query_time(self.lexicon)
            encodings = encoded(self.tokenizer, texts, max_length=self.config.text.max_length)
            return [static.encode(encoding, quantiser) for encoding in encodings]
        vectors: list[Impacts] = []
        for begin in range(0, len(texts), batch_size):
            batch = texts[begin : begin + batch_size]
            alone = len(batch) == 1 and side == "text"
            weights = self._one_text_weights(batch[0]) if alone else self.text_weights(batch)
            vectors += quantised(self.kept(weights, side, quantiser.top_k), quantiser, self.lexicon.tokens)
        return vectors
