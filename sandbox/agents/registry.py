"""The engines that can troubleshoot, by name. No Django here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sandbox.agents.base import Agent

ENGINES = {
    "offline": "sandbox.agents.offline.agent.OfflineAgent",
    "llm": "sandbox.agents.llm.LLMAgent",
    "scripted": "sandbox.agents.scripted.ScriptedAgent",
}


class UnknownEngineError(LookupError):
    """No engine has this name; the message says which there are."""


def agent_named(engine: str, **options: Any) -> Agent:
    """The agent of an engine; options go to its constructor. Raises UnknownEngineError."""
    if engine not in ENGINES:
        raise UnknownEngineError(f"no engine {engine!r}; there are {', '.join(ENGINES)}")
    module, name = ENGINES[engine].rsplit(".", 1)
    return getattr(import_module(module), name)(**options)
