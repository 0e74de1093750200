"""Every address: people sign in under accounts/, agents speak to api/v1/."""

from django.contrib.auth import views as auth
from django.urls import include, path

from cloudmate import searching, settings_pages, views
from cloudmate.sign_in import SignIn

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", searching.search, name="search"),
    path("running/", views.running_panel, name="running"),
    path("settings/models/", settings_pages.models, name="models"),
    path("settings/models/<str:name>/test/", settings_pages.try_model, name="try_model"),
    path("settings/people/", settings_pages.people, name="people"),
    path("settings/people/<int:pk>/", settings_pages.change_person, name="change_person"),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("accounts/password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("api/v1/", include("cases.api.urls")),
    path("api/v1/", include("rules.api.urls")),
    path("", include("cases.urls")),
    path("", include("sandbox.urls")),
    path("", include("rules.urls")),
]
handler400 = "cloudmate.views.bad_request"
handler403 = "cloudmate.views.permission_denied"
handler404 = "cloudmate.views.page_not_found"
handler500 = "cloudmate.views.server_error"
