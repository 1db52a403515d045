from django.urls import URLPattern, path

from funding import compare, objections, views

app_name = "funding"
urlpatterns: list[URLPattern] = [
    path("plans/", views.plan_list, name="plans"),
    path("plans/new/<int:round_id>/", views.plan_new, name="plan_new"),
    path("plans/compare/<int:round_id>/", compare.plan_compare, name="plan_compare"),
    path("plans/<int:plan_id>/", views.plan_detail, name="plan"),
    path("plans/<int:plan_id>/submit/", views.plan_submit, name="plan_submit"),
    path("plans/<int:plan_id>/approve/", views.plan_approve, name="plan_approve"),
    path("plans/<int:plan_id>/return/", views.plan_return, name="plan_return"),
    path("plans/<int:plan_id>/publish/", views.plan_publish, name="plan_publish"),
    path("plans/<int:plan_id>/export/", views.plan_export, name="plan_export"),
    path("plans/<int:plan_id>/allocation.json", views.plan_document, {"part": "allocation"}, name="plan_allocation"),
    path("plans/<int:plan_id>/award.json", views.plan_document, {"part": "award"}, name="plan_award"),
    path("awards/<int:award_id>/", views.award_adjust, name="award_adjust"),
    path("proposals/<int:proposal_id>/award/", views.award_reason, name="award_reason"),
    path("notices/", views.notice_list, name="notices"),
    path("notices/<int:notice_id>/", views.notice_detail, name="notice"),
    path("notices/<int:notice_id>/word/", objections.notice_word, name="notice_word"),
    path("notices/<int:notice_id>/object/", objections.object_to, name="object"),
    path("objections/", objections.objection_list, name="objections"),
    path("objections/track/<str:objection_code>/", objections.track, name="objection_track"),
    path("objections/<int:objection_id>/", objections.detail, name="objection"),
    path("objections/<int:objection_id>/answer/", objections.answer, name="objection_answer"),
    path("objections/<int:objection_id>/sign/", objections.sign, name="objection_sign"),
    path("objections/<int:objection_id>/return/", objections.send_back, name="objection_return"),
    path("objections/<int:objection_id>/evidence/<int:file_id>/", objections.evidence, name="objection_evidence"),
]
