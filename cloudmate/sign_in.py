"""Signing in: not faster than a person types, so that a password cannot be tried out."""

import hashlib
import math

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import SimpleRateThrottle


class Attempts(SimpleRateThrottle):
    """How often one address may try one name; counted in each process by itself.

    By name and address together: whoever guesses at a name from elsewhere does not shut out whose name it is.
    """

    scope = "sign_in"

    def get_cache_key(self, request: HttpRequest, view: LoginView) -> str:
        name = request.POST.get("username", "").casefold()
        tried = f"{name}\n{self.get_ident(request)}"
        return f"throttle-sign-in-{hashlib.sha256(tried.encode(errors='replace')).hexdigest()}"


class SignIn(LoginView):
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        attempts = Attempts()
        if attempts.allow_request(request, self):
            return super().post(request, *args, **kwargs)
        seconds = math.ceil(attempts.wait() or 1)
        form = AuthenticationForm(request, initial={"username": request.POST.get("username", "")})
        shown = self.get_context_data(form=form, wait=seconds)
        return self.render_to_response(shown, status=429, headers={"Retry-After": str(seconds)})
