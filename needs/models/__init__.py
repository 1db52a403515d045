"""居民点单 → 社区制单 → 认领: needs and what happens to them, service orders, claims, resources."""

from needs.models.claim import Claim
from needs.models.intake import MOST_PHOTOS, NeedImport, NeedPhoto
from needs.models.need import Need
from needs.models.order import CLAIMED_MODES, OrderNeed, OrderSite, OrderStep, ServiceOrder
from needs.models.resource import PartnerUnit, Pledge, Resource
from needs.models.salon import Salon, SalonGuest, SalonItem
from needs.models.step import Duty, Feedback, NeedRating, NeedSecond, NeedStep, NeedTerms, RatingSlip
from needs.models.theme import LibraryTheme

__all__ = [
    "CLAIMED_MODES",
    "MOST_PHOTOS",
    "Claim",
    "Duty",
    "Feedback",
    "LibraryTheme",
    "Need",
    "NeedImport",
    "NeedPhoto",
    "NeedRating",
    "NeedSecond",
    "NeedStep",
    "NeedTerms",
    "OrderNeed",
    "OrderSite",
    "OrderStep",
    "PartnerUnit",
    "Pledge",
    "RatingSlip",
    "Resource",
    "Salon",
    "SalonGuest",
    "SalonItem",
    "ServiceOrder",
]
