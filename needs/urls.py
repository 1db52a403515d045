from django.urls import URLPattern, path

from needs import public, views

app_name = "needs"
urlpatterns: list[URLPattern] = [
    path("ask/", public.ask, name="ask"),
    path("ask/<str:code>/", public.asked, name="asked"),
    path("track/", public.track_entry, name="track_entry"),
    path("market/", public.market, name="market"),
    path("market/round/<int:round_id>/", public.market, name="market_round"),
    path("market/<int:order_id>/", public.market_order, name="market_order"),
    path("market/<int:order_id>/claim/", views.claim_new, name="claim_new"),
    path("needs/", views.need_list, name="list"),
    path("needs/new/", views.need_new, name="new"),
    path("needs/<int:need_id>/", views.need_detail, name="detail"),
    path("needs/<int:need_id>/refuse/", views.need_refuse, name="refuse"),
    path("needs/<int:need_id>/contact/", views.need_contact, name="contact"),
    path("orders/", views.order_list, name="orders"),
    path("orders/new/", views.order_new, name="order_new"),
    path("orders/<int:order_id>/", views.order_detail, name="order"),
    path("orders/<int:order_id>/list/", views.order_list_it, name="order_list_it"),
    path("claims/<int:claim_id>/", views.claim_decide, name="claim"),
]
