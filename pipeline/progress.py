"""Progress of long work on standard error: a bar with rate and time left on a terminal, a line every few seconds
elsewhere."""

import sys
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def bar(total: int, what: str) -> tqdm:
    """A tqdm bar over ``total`` items."""
    return tqdm(
        total=total, desc=what, file=sys.stderr, mininterval=0.5 if sys.stderr.isatty() else 15, dynamic_ncols=True
    )


def updater(shown: tqdm) -> Callable[..., None]:
    """A callback ``(done, total)`` that moves the bar; ``failed=`` stands behind it as failures so far, further
    arguments are ignored."""

    def update(done: int, total: int, *_: object, failed: int = 0) -> None:
        shown.total = total
        if failed:
            shown.set_postfix_str(f"{failed} failed", refresh=False)
        shown.update(done - shown.n)

    return update


def over(items: Collection[Item], what: str) -> Iterator[Item]:
    """The items one by one, a bar beside them."""
    with bar(len(items), what) as shown:
        for item in items:
            yield item
            shown.update()
