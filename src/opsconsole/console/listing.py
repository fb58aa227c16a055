"""What a view lists: items with a key and plain values, which every key of the grammar works on alike.

Always true here: a cursor, a mark and a filter name items by key, never by row, so nothing slides under them when rows
come and go; what a filter hides can be neither under the cursor nor marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from opsconsole import search
from opsconsole.console.place import Place
from opsconsole.errors import UsageError
from opsconsole.search import Value


@dataclass(frozen=True)
class Item:
    """One row."""

    key: str
    values: Mapping[str, Value]
    """Column → plain value, in the order in which they are written to a file."""
    is_fault: bool = False
    """Kept by ``faults only``."""
    opens: Place | None = None
    """Where Enter leads."""
    page: tuple[str, ...] = ()
    """What Enter opens as a page, where it leads nowhere."""

    @cached_property
    def haystack(self) -> str:
        return search.joined(self.values)


@dataclass(frozen=True)
class Listing:
    """The rows of a view, in its order."""

    name: str
    """In the plural: ``services``, ``requests``."""
    main: str
    """The column that names an item: what ``y`` copies."""
    items: Sequence[Item]
    is_searched: bool = False
    """The daemon has applied the filter already, over more than is here."""
    _shown: dict[tuple[str, bool], tuple[Item, ...]] = field(default_factory=dict, compare=False, repr=False)

    def shown(self, filter_text: str, *, is_faults_only: bool = False) -> tuple[Item, ...]:
        """The items that a filter leaves; a filter that cannot be understood (yet) leaves all."""
        if self.is_searched:
            filter_text, is_faults_only = "", False
        key = (filter_text, is_faults_only)
        if key not in self._shown:
            self._shown.clear()
            self._shown[key] = self._filtered(filter_text, is_faults_only=is_faults_only)
        return self._shown[key]

    def _filtered(self, filter_text: str, *, is_faults_only: bool) -> tuple[Item, ...]:
        try:
            terms = search.parse(filter_text)
        except UsageError:
            terms = ()
        shown = [item for item in self.items if item.is_fault or not is_faults_only]
        for term in terms:
            if term.operator == "has":  # by far the most usual, and every letter of it is typed into thousands of rows
                shown = [item for item in shown if (term.value in item.haystack) is not term.is_inverse]
        rest = [term for term in terms if term.operator != "has"]
        if rest:
            shown = [item for item in shown if search.matches(rest, item.values, item.haystack)]
        return tuple(shown)

    def prepare(self) -> None:
        """Make what filters look through, so that the first letter of one is answered as soon as the others."""
        for item in self.items:
            _ = item.haystack

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.items[0].values) if self.items else ()


def cursor(shown: Sequence[Item], key: str) -> int:
    """The row of the item with this key, else the first."""
    return next((i for i, item in enumerate(shown) if item.key == key), 0)


class Listings:
    """The listing last made for each view: made again when the answer is another one."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], tuple[object, Listing]] = {}
        self.page = range(0)
        """Rows of the list on the screen that were painted last: what its jump labels stand for."""

    def last(self, key: tuple[str, ...]) -> Listing | None:
        """The listing of an earlier answer: a request that is in both need not be made again."""
        _, listing = self._made.get(key, (None, None))
        return listing

    def of(self, key: tuple[str, ...], answer: object, make: Callable[[], Listing]) -> Listing:
        held, listing = self._made.get(key, (None, None))
        if listing is None or held is not answer:
            listing = make()
            self._made[key] = (answer, listing)
        return listing
