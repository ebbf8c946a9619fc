"""Text from data and files, as a page may show it."""

import re
import unicodedata


def visible(text: object) -> str:
    """Text with control, formatting (bidirectional) and surrogate characters written as escapes, so that it shows what
    it is."""
    hidden = {
        character
        for character in set(str(text))
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    }
    return re.sub("[" + re.escape("".join(sorted(hidden))) + "]", _escaped, str(text)) if hidden else str(text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
