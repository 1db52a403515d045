from collections.abc import Iterable

from django.apps import AppConfig


def _purses(street_id: int) -> Iterable[str]:
    """Names of a street's funds, the newest year first: what an order may be paid from."""
    from funding.models import Fund

    return Fund.objects.filter(street=street_id).order_by("-year", "name").values_list("name", flat=True)[:30]


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "资金"

    def ready(self) -> None:
        """Make the reports known to the background jobs, and the messages of this app."""
        from funding import deadlines, exports, kinds  # noqa: F401
        from needs import sources

        sources.register(_purses)
