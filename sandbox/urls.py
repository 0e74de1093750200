from django.urls import path

from sandbox import console_views, import_views, lab_views, snapshot_views, terminal_views, views

app_name = "sandbox"
urlpatterns = [
    path("library/import/", import_views.import_cases, name="import_cases"),
    path("library/export.csv", views.export_library, name="export_library"),
    path("regressions/<int:pk>/", views.regression, name="regression"),
    path("regressions/<int:pk>/export.<str:form>", views.export, name="export"),
    path("compare/<int:old>/<int:new>/", views.compare, name="compare"),
    path("explorations/<int:pk>/", views.exploration, name="exploration"),
    path("explorations/<int:pk>/stop/", views.stop_exploration, name="stop_exploration"),
    path("explorations/<int:pk>/branches/<int:index>/leave-out/", views.prune, name="prune"),
    path("cases/<int:pk>/record/", console_views.record, name="record"),
    path("sessions/<int:pk>/console/", console_views.console, name="console"),
    path("sessions/<int:pk>/console/run/", console_views.run, name="console_run"),
    path("sessions/<int:pk>/console/complete/", console_views.complete, name="console_complete"),
    path("sessions/<int:pk>/terminal/", terminal_views.terminal, name="terminal"),
    path("sessions/<int:pk>/why/<int:index>/", views.edit_rationale, name="edit_rationale"),
    path("explorations/<int:pk>/branches/<int:index>/boost/", views.boost, name="boost"),
    path("explorations/<int:pk>/inject/", views.inject, name="inject"),
    path("explorations/<int:pk>/more/", views.more, name="more_branches"),
    path("explorations/<int:pk>/resume/", views.resume_exploration, name="resume_exploration"),
    path("lab/", lab_views.lab, name="lab"),
    path("lab/begin/", lab_views.begin, name="begin_incident"),
    path("lab/<int:pk>/", lab_views.incident, name="incident"),
    path("lab/<int:pk>/clock/", lab_views.clock, name="incident_clock"),
    path("lab/<int:pk>/conclude/", lab_views.conclude, name="conclude_incident"),
    path("lab/<int:pk>/give-up/", lab_views.give_up, name="give_up_incident"),
    path("lab/<int:pk>/propose/", lab_views.propose, name="propose_incident"),
    path("cases/<int:pk>/snapshot/", snapshot_views.snapshot, name="snapshot"),
    path("cases/<int:pk>/snapshot/misses/", snapshot_views.settle_miss, name="settle_miss"),
    path("panels/library/held-back/", views.held_back, name="held_back"),
    path("panels/cases/<int:pk>/sandbox/", views.case_panel, name="case_panel"),
    path("panels/cases/<int:pk>/health/", snapshot_views.health, name="health"),
    path("panels/sessions/<int:pk>/sandbox/", views.session_panel, name="session_panel"),
]
