from django.urls import URLPattern, path

from delivery.views import check, entry, project

app_name = "delivery"
urlpatterns: list[URLPattern] = [
    path("spending/", project.project_list, name="projects"),
    path("spending/check/", check.check_list, name="check_list"),
    path("spending/check/decide/", check.decide, name="check"),
    path("spending/words/", entry.amount_words, name="amount_words"),
    path("spending/<int:agreement_id>/", project.spending, name="spending"),
    path("spending/<int:agreement_id>/new/", entry.expense_new, name="expense_new"),
    path("spending/<int:agreement_id>/submit/", entry.submit_batch, name="submit_batch"),
    path("spending/<int:agreement_id>/export/budget/", project.export, {"report": "e12"}, name="export_e12"),
    path("spending/<int:agreement_id>/export/vouchers/", project.export, {"report": "e13"}, name="export_e13"),
    path("expenses/<int:expense_id>/", entry.detail, name="expense"),
    path("expenses/<int:expense_id>/edit/", entry.expense_edit, name="expense_edit"),
    path("expenses/<int:expense_id>/submit/", entry.submit, name="expense_submit"),
    path("expenses/<int:expense_id>/drop/", entry.drop, name="expense_drop"),
    path("expenses/<int:expense_id>/accept/", check.accept, name="expense_accept"),
    path("expenses/<int:expense_id>/return/", check.send_back, name="expense_return"),
    path("expenses/<int:expense_id>/reverse/", check.reverse, name="expense_reverse"),
    path("expenses/<int:expense_id>/files/<int:paper_id>/", entry.paper, name="expense_paper"),
    path("expenses/<int:expense_id>/files/<int:paper_id>/remove/", entry.paper_remove, name="expense_paper_remove"),
]
