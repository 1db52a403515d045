"""Lists of people cost the same however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, Role, RoleGrant, RoleRequest, User
from tests.accounts.make import came


def crowd(world, at, count, start):
    """So many people of the street, each with a role, an invitation and a request."""
    by = world.here.people["system_admin"]
    users = User.objects.bulk_create(
        [
            User(username=f"aa{start + n:04}", display_name=f"人{n}", street=world.here.area, password="!")
            for n in range(count)
        ]
    )
    RoleGrant.objects.bulk_create(
        [RoleGrant(user=u, role=Role.OFFICE, area=world.here.area, granted_at=at, granted_by=by) for u in users]
    )
    Invitation.objects.bulk_create(
        [
            Invitation(
                user=u, purpose="new", nonce="0", digest=u.username, invited_at=at, expires_at=at.replace(year=2030)
            )
            for u in users
        ]
    )
    RoleRequest.objects.bulk_create(
        [RoleRequest(user=u, role=Role.HOST, area=world.here.area, asked_by=by, asked_at=at) for u in users]
    )


@pytest.mark.parametrize(
    ("who", "url"), [("system_admin", "/people/"), ("security_admin", "/grants/"), ("security_admin", "/factors/")]
)
def test_three_rows_and_three_hundred_cost_the_same(world, at, who, url):
    client, counts = came(world.here.people[who]), []
    for count, start in ((3, 0), (300, 1000)):
        crowd(world, at, count, start)
        with CaptureQueriesContext(connection) as caught:
            page = client.get(url).content.decode()
        counts.append(len(caught))
        assert "aa0000" in page
    assert counts[0] == counts[1]
