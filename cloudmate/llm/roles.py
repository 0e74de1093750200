"""Which model thinks for which role. Code asks for a role; settings bind roles to endpoints."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from cloudmate.env import EnvError
from cloudmate.llm.base import LLM
from cloudmate.llm.openai import Endpoint, OpenAILLM

ROLES = ("agent", "judge", "critic", "explainer")
PREFIX = "CLOUDMATE_LLM"


def read(env: Any) -> dict[str, Endpoint]:
    """The endpoints by role, from the environment through ``env``'s getters; a role without a model is absent.

    CLOUDMATE_LLM_MODEL, _BASE_URL and _API_KEY are for every role, CLOUDMATE_LLM_<ROLE>_... for one;
    CLOUDMATE_LLM_MORE names further endpoints that a run's profile may choose as its model.
    Raises EnvError naming the variable and the remedy.
    """
    timeout = env.integer(f"{PREFIX}_TIMEOUT", 120, least=1)
    retries = env.integer(f"{PREFIX}_RETRIES", 3, least=0)
    longest = env.integer(f"{PREFIX}_MAX_TOKENS", 8192, least=1)
    shared = _values(env, PREFIX)
    endpoints = {}
    for name in (*ROLES, *env.items(f"{PREFIX}_MORE")):
        own = _values(env, f"{PREFIX}_{name.upper()}")
        # a key belongs to its endpoint: another base URL never gets the shared one
        held = own if own["BASE_URL"] else {**shared, **{key: value for key, value in own.items() if value}}
        model = own["MODEL"] or shared["MODEL"]
        if model:
            base_url = held["BASE_URL"] or Endpoint.base_url
            endpoints[name] = Endpoint(model, base_url, held["API_KEY"], timeout, retries, longest)
        elif any(own.values()):
            raise EnvError(f"{PREFIX}_{name.upper()}_MODEL is empty: name the model that {name} shall use")
    if any(shared.values()) and not endpoints:
        raise EnvError(f"{PREFIX}_MODEL is empty: name the model to use")
    return endpoints


def _values(env: Any, prefix: str) -> dict[str, str]:
    values = {part: env.text(f"{prefix}_{part}", "").strip() for part in ("MODEL", "BASE_URL", "API_KEY")}
    url = values["BASE_URL"]
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname and url.isascii() and url.isprintable()):
        raise EnvError(f"{prefix}_BASE_URL={url!r}: write a URL that begins with http:// or https://")
    if not (values["API_KEY"].isascii() and values["API_KEY"].isprintable()):
        raise EnvError(f"{prefix}_API_KEY holds a character that no HTTP header can: copy the key again")
    return values


def for_role(role: str, *, model: str = "") -> LLM | None:
    """The model of a role, or None where none is bound.

    ``model`` replaces it: the name of another endpoint, else a model's name at the role's own endpoint.
    """
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; the roles are {', '.join(ROLES)}")
    endpoints: dict[str, Endpoint] = settings.CLOUDMATE_LLM
    endpoint = endpoints.get(model) or endpoints.get(role)
    if endpoint is None:
        return None
    if model and model not in endpoints:
        endpoint = replace(endpoint, model=model)
    return _opened(endpoint)


@functools.lru_cache(maxsize=64)
def _opened(endpoint: Endpoint) -> OpenAILLM:
    """One client per endpoint and process: what it was found to speak is found once."""
    return OpenAILLM(endpoint)
