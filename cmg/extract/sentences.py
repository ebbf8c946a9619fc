"""Sentences of an index, and a WordPiece vocabulary made from sentences. No tensors.

A text store has one row per unique sentence; `cmg.store.ids.sentence_id` names it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def unique_sentences(clips: Sequence[Any]) -> list[str]:
    """Captions of all clips without repetition, in order of first appearance: the rows of the text store."""
    return list(dict.fromkeys(caption for clip in clips for caption in clip.captions))


def words_of(sentence: str) -> list[str]:
    """Lower-case words and punctuation marks without accents, as BERT splits text before it looks words up."""
    return [word for word, _ in BertPreTokenizer().pre_tokenize_str(BertNormalizer().normalize_str(sentence))]


def make_vocabulary(sentences: Iterable[str]) -> list[str]:
    """A WordPiece vocabulary: special tokens, characters (also as `##c`), and every word of the sentences.

    Every word is an entry, so none is one piece beside these sentences and several beside others.
    """
    found = {word for sentence in sentences for word in words_of(sentence)}
    characters = sorted({char for word in found for char in word})
    words = sorted(word for word in found if len(word) > 1)
    return [*SPECIAL, *characters, *(f"##{char}" for char in characters), *words]
