from django.urls import URLPattern, path

from projects import application, checkfiles, cuts, limits, office, opinions, papers, views

app_name = "projects"
urlpatterns: list[URLPattern] = [
    path("proposals/", office.proposal_list, name="list"),
    path("proposals/export/<int:round_id>/", office.export, name="export"),
    path("proposals/checks/<int:round_id>/export/", checkfiles.export_checks, name="export_checks"),
    path("proposals/mine/", views.mine, name="mine"),
    path("proposals/start/<int:round_id>/", views.start, name="start"),
    path("proposals/<int:proposal_id>/", office.detail, name="detail"),
    path(
        "proposals/<int:proposal_id>/decisions/<int:decision_id>/notice/",
        checkfiles.decision_word,
        name="decision_word",
    ),
    path("proposals/<int:proposal_id>/edit/", views.edit, name="edit"),
    path("proposals/<int:proposal_id>/check/", views.check, name="check"),
    path("proposals/<int:proposal_id>/submit/", views.submit, name="submit"),
    path("proposals/<int:proposal_id>/receipt/", views.receipt, name="receipt"),
    path("proposals/<int:proposal_id>/withdraw/", views.withdraw, name="withdraw"),
    path("proposals/<int:proposal_id>/print/", application.application_print, name="print"),
    path("proposals/<int:proposal_id>/word/", application.application_word, name="word"),
    path("proposals/<int:proposal_id>/dossier/", application.dossier_export, name="dossier"),
    path("proposals/<int:proposal_id>/attachments/", papers.attachments, name="attachments"),
    path("proposals/<int:proposal_id>/attachments/<int:attachment_id>/", papers.attachment_file, name="attachment"),
    path(
        "proposals/<int:proposal_id>/attachments/<int:attachment_id>/remove/",
        papers.attachment_remove,
        name="attachment_remove",
    ),
    path("proposals/<int:proposal_id>/opinion/", opinions.opinion, name="opinion"),
    path("proposals/<int:proposal_id>/opinion/remind/", opinions.opinion_remind, name="opinion_remind"),
    path("proposals/<int:proposal_id>/limits/", limits.limit_pleas, name="limits"),
    path("proposals/<int:proposal_id>/cut/", cuts.cut, name="cut"),
    path("proposals/<int:proposal_id>/cut/answer/", cuts.cut_answer, name="cut_answer"),
]
