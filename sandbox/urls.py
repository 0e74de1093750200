from django.urls import path

from sandbox import views

app_name = "sandbox"
urlpatterns = [
    path("regressions/<int:pk>/", views.regression, name="regression"),
    path("regressions/<int:pk>/export.<str:form>", views.export, name="export"),
    path("compare/<int:old>/<int:new>/", views.compare, name="compare"),
    path("explorations/<int:pk>/", views.exploration, name="exploration"),
    path("explorations/<int:pk>/stop/", views.stop_exploration, name="stop_exploration"),
    path("explorations/<int:pk>/branches/<int:index>/leave-out/", views.prune, name="prune"),
    path("panels/cases/<int:pk>/sandbox/", views.case_panel, name="case_panel"),
    path("panels/sessions/<int:pk>/sandbox/", views.session_panel, name="session_panel"),
]
