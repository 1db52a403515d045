"""Pages of a long list: nothing past the cap is counted or shown."""

import pytest
from django.core.paginator import EmptyPage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Area
from accounts.services import add_area
from core.paging import CappedPaginator


@pytest.fixture
def rows(db):
    district = add_area(kind=Area.Kind.DISTRICT, name="区")
    street = add_area(kind=Area.Kind.STREET, name="街", parent=district)
    for n in range(7):
        add_area(kind=Area.Kind.COMMUNITY, name=f"{n}社区", parent=street)
    return Area.objects.filter(kind="community").order_by("-id")


@pytest.mark.parametrize(("most", "count", "capped"), [(5, 5, True), (6, 6, True), (7, 7, False), (8, 7, False)])
def test_counts_as_far_as_the_cap(rows, most, count, capped):
    with CaptureQueriesContext(connection) as seen:
        pages = CappedPaginator(rows, 3, most)
        assert (pages.count, pages.is_capped) == (count, capped)
    assert len(seen) == 1
    assert f"LIMIT {most + 1}" in seen[0]["sql"]
    assert [len(pages.page(n)) for n in pages.page_range] == [3] * (count // 3) + [count % 3] * bool(count % 3)
    assert list(pages.get_page(99)) == list(rows[count - (count % 3 or 3) : count])
    with pytest.raises(EmptyPage):
        pages.page(pages.num_pages + 1)
