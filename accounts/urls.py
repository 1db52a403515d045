from django.urls import URLPattern, path

from accounts import records
from accounts.views import entry, grants, imports, own, people

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("account/", own.own, name="own"),
    path("account/sign-in/", entry.sign_in, name="sign_in"),
    path("account/sign-in/code/", entry.second_step, name="second_step"),
    path("account/sign-out/", entry.sign_out, name="sign_out"),
    path("account/password/", entry.password, name="password"),
    path("account/factor/", own.factor, name="factor"),
    path("account/factor/done/", own.go_on, name="factor_done"),
    path("account/devices/end/", own.devices_end, name="devices_end"),
    path("welcome/<str:invite>/", entry.welcome, name="welcome"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/invite/", people.invite, name="invite"),
    path("people/import/", imports.people_import, name="people_import"),
    path("people/import/template/", imports.people_template, name="people_template"),
    path("people/import/<int:people_run_id>/", imports.people_run, name="people_run"),
    path("people/import/<int:people_run_id>/links/", imports.people_links, name="people_links"),
    path("people/import/<int:people_run_id>/errors/", imports.people_errors, name="people_errors"),
    path("people/<int:user_id>/", people.person_page, name="person"),
    path("people/<int:user_id>/link/", people.person_link, name="person_link"),
    path("people/<int:user_id>/state/", people.person_state, name="person_state"),
    path("people/<int:user_id>/factor/", grants.factor_reset, name="factor_reset"),
    path("people/<int:user_id>/hand-over/", grants.hand_over, name="hand_over"),
    path("grants/", grants.grants, name="grants"),
    path("grants/<int:grant_id>/revoke/", grants.grant_revoke, name="grant_revoke"),
    path("grants/requests/<int:role_request_id>/", grants.request_decide, name="request_decide"),
    path("factors/", grants.factors, name="factors"),
    path("records/", records.records, name="records"),
]
