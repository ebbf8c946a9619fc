"""Identifiers of store rows that are not clips."""

import hashlib


def sentence_id(sentence: str) -> str:
    """Row id of a sentence in a text store: the first 32 hex digits of the SHA-256 of its UTF-8 bytes."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:32]
