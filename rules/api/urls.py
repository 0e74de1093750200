from django.urls import path

from rules.api import views

# the last urls under api/v1/: what nothing before has taken is answered here
urlpatterns = [
    path("knowledge", views.CurrentKnowledge.as_view(), name="api_knowledge"),
    path("", views.Nothing.as_view()),
    path("<path:rest>", views.Nothing.as_view(), name="api_nothing"),
]
