"""Needs in whatever stage a test wants them."""

from needs import services
from needs.models import Need


def post(world, at, **changes):
    facts = {
        "community": world.here.communities[0], "channel": "visit", "category": "environment", "words": "楼道灯坏了，晚上看不见。",
        "people_count": 9, "urgency": "low", "at": at, "by": world.here.people["community"],
    } | changes  # fmt: skip
    return services.post_need(**facts)


def handled(world, at, state="handling", route="now", **changes):
    """A need led through the stages up to `state` by the community's worker."""
    by, need = world.here.people["community"], post(world, at, **changes)
    if state == "collected":
        return need
    need = services.analyse_need(need_id=need.pk, route=route, level="small", by=by, at=at)
    if state == "analysed":
        return need
    need = services.begin_need(need_id=need.pk, by=by, at=at)
    if state == "handling":
        return need
    need = services.finish_need(need_id=need.pk, words="换了灯泡", by=by, at=at)
    if state == "feedback":
        return need
    services.give_feedback(need_id=need.pk, kind="visit", words="灯修好了。", is_final=True, by=by, at=at)
    return Need.objects.get(pk=need.pk)
