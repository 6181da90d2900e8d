"""The setting of `lexlip search`, whatever is searched for."""

from typing import TYPE_CHECKING, NamedTuple

from lexlip_lucene.cli.by_picture import ByPicture
from lexlip_lucene.cli.late import Late
from lexlip_lucene.cli.place import Place
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexlip_lucene.lucene.search.approximation import Approximation
    from lexlip_lucene.lucene.search.hits import Hits
    from lexlip_lucene.records import Hit


class SearchSetting(NamedTuple):
    """The options of a search that one query and many share."""

    k: int
    threads: int
    filters: dict[str, list[str]]
    approximate: "Approximation | None"
    as_json: bool
    force: bool
    late: Late | None = None
    picture: ByPicture | None = None

    @property
    def first_k(self) -> int:
        """Hits of the first stage: those that are re-ranked are among them."""
        second = self.late if self.picture is None or self.picture.whole is None else self.picture.whole
        return self.k if second is None else max(self.k, second.hits)

    def require_exact(self, index: Place) -> None:
        """Raise InputError if an option is for an impact index; `index` is one of BM25."""
        if self.approximate is not None:
            raise InputError(
                f"{index} is searched by BM25, which is always exact: --postings, --candidates, --terms and --blocks "
                "are for an impact index, so leave them out"
            )
        if self.picture is not None:
            raise InputError(f"{index} is searched by BM25: --image is for an impact index, so leave it out")
        if self.late is not None:
            raise InputError(f"{index} is searched by BM25: --late is for an impact index, so leave it out")


def approximation_record(approximate: "Approximation | None") -> dict[str, int | None]:
    """Return the setting of an approximate search as the keys of `--json`."""
    from lexlip_lucene.tuning.report import as_record

    assert approximate is not None, "the caller has looked"
    return as_record(approximate)


def narrowed(hits: "Sequence[Hit]") -> "Hits":
    """Return the hits of an approximate search, which say what they may have lost."""
    from lexlip_lucene.lucene.search.hits import Hits

    assert isinstance(hits, Hits), "only Lucene searches approximately"
    return hits
