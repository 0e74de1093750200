from django.urls import path

from cases.api import views

urlpatterns = [
    path("alerts", views.Alerts.as_view(), name="api_alerts"),
    path("sessions", views.Sessions.as_view(), name="api_sessions"),
    path("sessions/<int:pk>", views.SessionDetail.as_view(), name="api_session"),
    path("sessions/<int:pk>/steps", views.Steps.as_view(), name="api_steps"),
    path("sessions/<int:pk>/finish", views.Finish.as_view(), name="api_finish"),
    path("cases/<int:pk>/task", views.CaseTask.as_view(), name="api_task"),
]
