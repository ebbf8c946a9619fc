"""BERT word vectors of sentences: last layer, pieces of a word averaged, up to ten words.

Letters: S sentences, L words, P word pieces, C 768 channels.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from cmg.extract.contract import Batch, Task
from cmg.extract.recipes import RecipeError, require
from cmg.extract.sentences import make_vocabulary, unique_sentences
from cmg.extract.weights import WeightsError, digest, readable, resolve
from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark

CHANNELS = 768
WORD_TABLE = "embeddings.word_embeddings.weight"
SPREAD = 0.02  # standard deviation of random weights, BERT's own


@dataclass(frozen=True)
class Recipe:
    """What makes the numbers.

    weights: `bert-base-uncased` or `random` (seed, two layers, a vocabulary made from the sentences). words: L, the
    most words kept.
    units: `words` (pieces of a word averaged) or `pieces`. max_pieces: longer sentences are cut. vocabulary: only units
    that are one entry of the vocabulary with an id in this list are kept (the released whitelists), None = all. dtype:
    of the stored values.
    """

    weights: str = "bert-base-uncased"
    words: int = 10
    units: str = "words"
    max_pieces: int = 25
    vocabulary: tuple[int, ...] | None = None
    precision: str = "float32"
    dtype: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.weights, ("bert-base-uncased", "random"), "text weights")
        require(self.units, ("words", "pieces"), "text units")
        require(self.precision, ("float32", "bfloat16"), "text precision")
        require(self.dtype, ("float16", "float32"), "text dtype")
        if self.words < 1 or not 1 <= self.max_pieces <= 510:
            raise RecipeError(
                f"text: expected words >= 1 and 1 <= max_pieces <= 510, found {self.words} and {self.max_pieces}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sentence's features: [L, 768]."""
        return (self.words, CHANNELS)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        vocabulary = None if self.vocabulary is None else list(self.vocabulary)
        return {
            **asdict(self),
            "vocabulary": vocabulary,
            "network": "bert, last layer, [CLS] and [SEP] dropped, lower case",
        }


@dataclass(frozen=True)
class Pieces:
    """A tokenised sentence.

    array: int64 `[P]`, piece ids without special tokens; word: `[P]`, the unit each piece belongs to, -1 = dropped;
    valid: units kept.
    """

    array: np.ndarray
    word: np.ndarray
    valid: int
    remarks: tuple[Remark, ...] = ()


def tasks(clips: Sequence[Any], root: Path, recipe: Recipe) -> list[Task]:
    """One task per unique sentence of the clips, in order of first appearance; an empty sentence is an `empty`
    failure."""
    sentences = unique_sentences(clips)
    return [
        Task(row, text if text.strip() else MediaFailure("empty", "the sentence is empty"))
        for row, text in enumerate(sentences)
    ]


class Network:
    """Sentences → features `[S, L, 768]` and their number of words; empty places are zero."""

    batch = 32

    def __init__(self, recipe: Recipe, weights_dir: Path, device: torch.device, sentences: Sequence[str]) -> None:
        """sentences: what the vocabulary of random weights is made from (trained weights have their own). Raises
        WeightsError."""
        self.recipe, self.device = recipe, device
        if recipe.weights == "random":
            self.tokenizer, model = random_bert(sentences, recipe.seed)
        else:
            self.tokenizer, model = _trained(resolve(recipe.weights, weights_dir))
        spelled = recipe.weights == "random" and recipe.vocabulary is None  # a whitelist counts entries
        self.digest = _identity(self.tokenizer, model, spelled)
        self.model = model.eval().requires_grad_(False).to(device=device, dtype=getattr(torch, recipe.precision))

    def decode(self, sentence: str) -> Pieces:
        """Tokenise one sentence. Raises MediaFailure `empty` when no word is left."""
        tokenizer, recipe = self.tokenizer, self.recipe
        pieces = tokenizer.tokenize(sentence)[: recipe.max_pieces]
        ids = np.array(tokenizer.convert_tokens_to_ids(pieces), dtype=np.int64)
        word = _units(pieces, recipe.units)
        if recipe.vocabulary is not None:
            word = _whitelisted(word, ids, recipe.vocabulary, tokenizer.unk_token_id)
        word[word >= recipe.words] = -1
        if not (word >= 0).any():
            raise MediaFailure("empty", f"no word of the sentence is kept: {sentence[:60]!r}")
        return Pieces(ids, word, int(word.max()) + 1)

    @torch.inference_mode()
    def __call__(self, items: Sequence[tuple[int, Pieces]]) -> Batch:
        ids, mask = self._padded(items)
        hidden = self.model(
            input_ids=ids.to(self.device), attention_mask=mask.to(self.device)
        ).last_hidden_state.float()
        vectors = [self._words(hidden[place, 1 : 1 + len(pieces.array)], pieces) for place, pieces in items]
        return Batch(torch.stack(vectors).to(getattr(torch, self.recipe.dtype)), [pieces.valid for _, pieces in items])

    def _padded(self, items: Sequence[tuple[int, Pieces]]) -> tuple[torch.Tensor, torch.Tensor]:
        """int64 ids and mask `[batch, max_pieces + 2]`: every batch has the same shape, empty places hold only [CLS]
        [SEP]."""
        cls, sep, pad = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id, self.tokenizer.pad_token_id
        ids = torch.full((self.batch, self.recipe.max_pieces + 2), pad)
        mask = torch.zeros_like(ids)
        ids[:, 0], ids[:, 1], mask[:, :2] = cls, sep, 1
        for place, pieces in items:
            count = len(pieces.array)
            ids[place, 1 : 1 + count] = torch.from_numpy(pieces.array)
            ids[place, 1 + count] = sep
            mask[place, : count + 2] = 1
        return ids, mask

    def _words(self, hidden: torch.Tensor, pieces: Pieces) -> torch.Tensor:
        """Mean of the piece vectors `[P, 768]` of each kept unit: `[L, 768]`."""
        word = torch.from_numpy(pieces.word).to(hidden.device)
        member = (word[None] == torch.arange(self.recipe.words, device=hidden.device)[:, None]).to(hidden)
        return member @ hidden / member.sum(1, keepdim=True).clamp_min(1.0)


def _units(pieces: Sequence[str], units: str) -> np.ndarray:
    """Number of the unit of each piece: a `##` piece belongs to the word before it."""
    starts = [units == "pieces" or not piece.startswith("##") for piece in pieces]
    return np.maximum(np.cumsum(starts, dtype=np.int64) - 1, 0)


def _whitelisted(word: np.ndarray, ids: np.ndarray, vocabulary: Sequence[int], unknown: int) -> np.ndarray:
    """Units renumbered without those that are several pieces, unknown, or not in the whitelist."""
    allowed = np.isin(ids, np.array(vocabulary)) & (ids != unknown)
    kept = [unit for unit in np.unique(word) if (word == unit).sum() == 1 and allowed[word == unit].all()]
    renumbered = np.full_like(word, -1)
    for number, unit in enumerate(kept):
        renumbered[word == unit] = number
    return renumbered


def random_bert(sentences: Sequence[str], seed: int) -> tuple[BertTokenizer, BertModel]:
    """A small seeded BERT (2 layers, 4 heads, 768 wide) and a tokenizer whose vocabulary holds every word of the
    sentences.

    The vector of a word comes from the seed and its spelling, so a word has the same one whatever else the vocabulary
    holds: what is learnt from the sentences of one dataset can be read in those of another.
    """
    vocabulary = make_vocabulary(sentences)
    tokenizer = _tokenizer(vocabulary)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=CHANNELS,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=CHANNELS,
    )
    model = BertModel(config, add_pooling_layer=False)
    generator = np.random.default_rng([seed, CHANNELS])
    for name, value in sorted(model.named_parameters()):
        if name == WORD_TABLE:
            value.data = torch.from_numpy(np.stack([_word_vector(word, seed) for word in vocabulary]))
        elif value.ndim > 1:
            value.data = torch.from_numpy((generator.standard_normal(tuple(value.shape)) * SPREAD).astype(np.float32))
        else:
            value.data.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
    return tokenizer, model


def _identity(tokenizer: BertTokenizer, model: BertModel, spelled: bool) -> str:
    """Digest of weights and vocabulary; `spelled`: without both word tables, which follow from the seed and the words
    themselves."""
    state = model.state_dict()
    if spelled:
        return digest({name: value for name, value in state.items() if name != WORD_TABLE})
    vocabulary = json.dumps(sorted(tokenizer.get_vocab().items())).encode()
    return digest({**state, "vocabulary": torch.frombuffer(bytearray(vocabulary), dtype=torch.uint8)})


def _word_vector(word: str, seed: int) -> np.ndarray:
    """float32 `[768]`."""
    spelling = int.from_bytes(hashlib.sha256(word.encode()).digest()[:16], "big")
    return (np.random.default_rng([seed, spelling]).standard_normal(CHANNELS) * SPREAD).astype(np.float32)


def _tokenizer(vocabulary: Sequence[str]) -> BertTokenizer:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.txt"
        file.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        return BertTokenizer(str(file), do_lower_case=True)


def _trained(folder: Path) -> tuple[BertTokenizer, BertModel]:
    for name in ("config.json", "vocab.txt", "model.safetensors"):
        if not (folder / name).is_file():
            raise WeightsError(f"{folder}: expected config.json, vocab.txt and model.safetensors, {name} is missing")
    with readable(folder):
        model = BertModel.from_pretrained(folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False)
        return BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True), model
