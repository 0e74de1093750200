"""Every address: people sign in under accounts/, agents speak to api/v1/."""

import logging
from importlib import import_module

from django.contrib.auth import views as auth
from django.urls import include, path

log = logging.getLogger(__name__)


def written(*modules: str) -> list[str]:
    """The url modules among ``modules`` that exist and load."""
    loaded = []
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            log.warning("%s is left out: %s", module, error)
        else:
            loaded.append(module)
    return loaded


urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("accounts/password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    *(path("api/v1/", include(module)) for module in written("cases.api.urls", "rules.api.urls")),
    *(path("", include(module)) for module in written("cases.urls", "sandbox.urls", "rules.urls")),
]
if written("cloudmate.views"):
    from cloudmate import views

    urlpatterns.append(path("", views.home, name="home"))
