from django.urls import URLPattern, path

from portal import days, operations, reports, track, views
from portal.advice import advice
from portal.analysis import export, need_analysis
from portal.demonstration import demonstration, load
from portal.elder import elder
from portal.gallery import gallery
from portal.history.views import history_export, record_history
from portal.search import search
from portal.selfcheck import self_checks

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("desk/<int:round_id>/", views.desk, name="desk"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<int:street_id>/year/", reports.year_export, name="year_export"),
    path("track/<str:code>/", track.track, name="track"),
    path("track/<str:code>/rate/<int:proposal_id>/", track.rate, name="rate"),
    path("self-check/", self_checks, name="self_checks"),
    path("workdays/", days.calendar, name="workdays"),
    path("workdays/set/", days.set_one, name="workday_set"),
    path("workdays/paste/", days.paste, name="workdays_paste"),
    path("workdays/remove/", days.remove, name="workday_remove"),
    path("track/<str:code>/rate/", track.rate_handling, name="rate_handling"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
    path("operations/", operations.operations, name="operations"),
    path("operations/demonstration/", demonstration, name="demonstration"),
    path("operations/demonstration/load/", load, name="demonstration_load"),
    path("help/", views.help_page, name="help"),
    path("elder/", elder, name="elder"),
    path("search/", search, name="search"),
    path("history/<str:history_kind>/<int:record_id>/", record_history, name="history"),
    path("history/<str:history_kind>/<int:record_id>/export/", history_export, name="history_export"),
    path("advice/", advice, name="advice"),
    path("needs/analysis/", need_analysis, name="need_analysis"),
    path("needs/analysis/export/", export, name="need_export"),
    path("gallery/", gallery, name="gallery"),
]
