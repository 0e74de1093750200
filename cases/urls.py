from django.urls import path

from cases.views import case, library, log, session, tokens, workspace

app_name = "cases"
urlpatterns = [
    path("cases/", case.cases, name="cases"),
    path("cases/<int:pk>/", case.case, name="case"),
    path("cases/<int:pk>/clean/", case.clean, name="clean"),
    path("cases/<int:pk>/label/", case.label, name="label"),
    path("cases/<int:pk>/confirm/", case.confirm, name="confirm"),
    path("cases/<int:pk>/quarantine/", case.quarantine, name="quarantine"),
    path("cases/<int:pk>/restore/", case.restore, name="restore"),
    path("cases/<int:pk>/retire/", case.retire, name="retire"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<int:pk>/revoke/", tokens.revoke, name="revoke_token"),
    path("library/", library.library, name="library"),
    path("library/bulk/", library.in_bulk, name="in_bulk"),
    path("library/undo/", library.undo, name="undo"),
    path("settings/log/", log.log, name="log"),
    path("sessions/<int:pk>/", session.session, name="session"),
    path("sessions/<int:pk>/steps/", session.steps, name="steps"),
    path("sessions/<int:pk>/steps/<int:index>/", workspace.step, name="step"),
    path("sessions/<int:pk>/steps/<int:index>/return/", session.piece, name="piece"),
    path("sessions/<int:pk>/steps/<int:index>/raw/", session.raw, name="raw"),
    path("sessions/<int:pk>/annotations/", session.annotate, name="annotate"),
    path("sessions/<int:pk>/annotations/<int:annotation>/", session.judge_hypothesis, name="judge_hypothesis"),
    path("sessions/<int:pk>/annotations/<int:annotation>/bears/", session.bear, name="bear"),
    path("sessions/<int:pk>/scores/<int:score>/", session.review_score, name="review_score"),
    path("sessions/<int:pk>/propose/", session.propose, name="propose"),
    path("sessions/<int:pk>/record/", workspace.workspace, name="workspace"),
    path("sessions/<int:pk>/clock/", workspace.clock, name="clock"),
    path("sessions/<int:pk>/finish/", workspace.finish, name="finish"),
    path("sessions/<int:pk>/finish/check/", workspace.check, name="check_diagnosis"),
]
