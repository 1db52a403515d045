from django.urls import URLPattern, path

from judging import conductor, desk, phone, public, rulebook, screen, views

app_name = "judging"
urlpatterns: list[URLPattern] = [
    path("sessions/", views.session_list, name="list"),
    path("sessions/new/<int:round_id>/", views.new, name="new"),
    path("sessions/<int:session_id>/", views.session_detail, name="session"),
    path("sessions/<int:session_id>/setup/", views.setup, name="setup"),
    path("sessions/<int:session_id>/rule/", rulebook.rule, name="rule"),
    path("sessions/<int:session_id>/figures/", rulebook.figures, name="figures"),
    path("sessions/<int:session_id>/check/", rulebook.sensitivity, name="sensitivity"),
    path("sessions/<int:session_id>/draw/", views.draw, name="draw"),
    path("sessions/<int:session_id>/open/", views.open_scoring, name="open"),
    path("sessions/<int:session_id>/lock/", views.lock, name="lock"),
    path("sessions/<int:session_id>/publish/", views.publish, name="publish"),
    path("sessions/<int:session_id>/result/", views.result, name="result"),
    path("sessions/<int:session_id>/export/", views.export_tally, name="export"),
    path("sessions/<int:session_id>/scoring.json", views.document, {"part": "scoring"}, name="scoring_document"),
    path("sessions/<int:session_id>/record.json", views.document, {"part": "record"}, name="record_document"),
    path("sessions/<int:session_id>/result.json", views.document, {"part": "result"}, name="result_document"),
    path("sessions/<int:session_id>/stage/", conductor.conductor, name="conductor"),
    path("sessions/<int:session_id>/stage/act/", conductor.direct, name="direct"),
    path("sessions/<int:session_id>/stage/handed.json", conductor.handed, name="handed"),
    path("screen/<str:key>/", screen.screen, name="screen"),
    path("screen/<str:key>/board.json", screen.board_json, name="board"),
    path("judge/<int:session_id>/", desk.desk, name="desk"),
    path("judge/<int:session_id>/send/", phone.send, name="send"),
    path("judge/<int:session_id>/beat/", phone.beat, name="beat"),
    path("judge/<int:session_id>/<int:entry_id>/", desk.sheet, name="sheet"),
    path("judge/<int:session_id>/<int:entry_id>/material/", desk.material, name="material"),
    path("judge/<int:session_id>/<int:entry_id>/step-back/", desk.step_back, name="step_back"),
    path("sessions/<int:session_id>/recusals/", views.confirm_recusal, name="confirm_recusal"),
    path("results/<int:session_id>/", public.public_result, name="public_result"),
]
