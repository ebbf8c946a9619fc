"""Sentences of an index, and a WordPiece vocabulary made from sentences. No tensors.

A text store has one row per unique sentence; `cmg.store.ids.sentence_id` names it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def unique_sentences(clips: Sequence[Any]) -> list[str]:
    """Captions of all clips without repetition, in order of first appearance: the rows of the text store."""
    return list(dict.fromkeys(caption for clip in clips for caption in clip.captions))


def words_of(sentence: str) -> list[str]:
    """Lower-case words and punctuation marks, as BERT's basic tokenizer splits plain text."""
    return re.findall(r"\w+|[^\w\s]", sentence.lower().replace("_", " _ "))


def make_vocabulary(sentences: Iterable[str], whole_words: int = 4000) -> list[str]:
    """A WordPiece vocabulary that spells every given sentence: special tokens, characters (also as `##c`), the most frequent words.

    Deterministic: ties are broken by spelling.
    """
    counts = Counter(word for sentence in sentences for word in words_of(sentence))
    characters = sorted({char for word in counts for char in word})
    words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:whole_words] if len(word) > 1]
    return [*SPECIAL, *characters, *(f"##{char}" for char in characters), *words]
