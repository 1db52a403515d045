from django.urls import URLPattern, path

from projects import office, views

app_name = "projects"
urlpatterns: list[URLPattern] = [
    path("proposals/", office.proposal_list, name="list"),
    path("proposals/mine/", views.mine, name="mine"),
    path("proposals/start/<int:round_id>/", views.start, name="start"),
    path("proposals/<int:proposal_id>/", office.detail, name="detail"),
    path("proposals/<int:proposal_id>/edit/", views.edit, name="edit"),
    path("proposals/<int:proposal_id>/check/", views.check, name="check"),
    path("proposals/<int:proposal_id>/submit/", views.submit, name="submit"),
    path("proposals/<int:proposal_id>/receipt/", views.receipt, name="receipt"),
    path("proposals/<int:proposal_id>/withdraw/", views.withdraw, name="withdraw"),
]
