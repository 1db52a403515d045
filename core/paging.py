"""Pages of a list that may be long: counting stops where nobody leafs any more."""

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST = 10_000


if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class CappedPaginator(_Paginator):
    """Counts and shows at most the first `most` rows; `is_capped` where there are more. Who needs the rest narrows the list.

    A plain paginator counts every row on every page, and its last page reads all rows before it.
    """

    def __init__(self, rows: "QuerySet[Any]", per_page: int, most: int = MOST) -> None:
        super().__init__(rows, per_page)
        self.rows, self.most = rows, most

    @cached_property
    def _found(self) -> int:
        return self.rows.select_related(None).order_by().values("pk")[: self.most + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._found, self.most)

    @property
    def is_capped(self) -> bool:
        return self._found > self.most
