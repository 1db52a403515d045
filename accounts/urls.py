from django.urls import URLPattern, path

from accounts import records, views

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("account/sign-in/", views.sign_in, name="sign_in"),
    path("account/sign-out/", views.sign_out, name="sign_out"),
    path("account/password/", views.password, name="password"),
    path("people/", views.people, name="people"),
    path("people/new/", views.person_new, name="person_new"),
    path("people/<int:user_id>/state/", views.person_state, name="person_state"),
    path("grants/", views.grants, name="grants"),
    path("grants/<int:grant_id>/revoke/", views.grant_revoke, name="grant_revoke"),
    path("records/", records.records, name="records"),
]
