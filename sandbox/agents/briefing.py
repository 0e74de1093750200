"""What a model is told: how to work, the failure, its tools, the rules it follows, and what came back. No Django here."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

from cases.transcript import Step, Task, ToolSchema
from cloudmate.llm.base import Tool
from cloudmate.llm.prompts import Prompt, as_data
from sandbox.agents.base import FAR_FIRST, Profile
from sandbox.environment.base import Inventory
from sandbox.knowledge.language import text_of
from sandbox.knowledge.rule import Rule

PROMPT = Prompt.beside(__file__, "../prompts/agent.md")
TASK = Prompt.beside(__file__, "../prompts/task.md")
DIAGNOSIS = json.loads((Path(__file__).parent / "../prompts/diagnosis.json").read_text(encoding="utf-8"))
SUBMIT = "submit_diagnosis"

LONGEST_RETURN = 12_000  # characters of one return that a model sees
LONGEST_CONTEXT = 20_000
FAR_WORDS = "the components that are two or more calls away from what the alert names"


def observed(step: Step) -> str:
    """A return as a model sees it: numbered, delimited, and cut with a note of how much is missing."""
    answer = step.observation
    kind = f"step {step.index}: {answer.level}{', error' if answer.is_error else ''}"
    return as_data(kind, cut(answer.output, LONGEST_RETURN))


def cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    head, tail = text[: longest * 3 // 4], text[len(text) - longest // 4 :]
    gone = len(text) - len(head) - len(tail)
    return f"{head}\n[{gone} of {len(text)} characters are left out here: narrow the call to see them]\n{tail}"


def shown_names(tools: tuple[ToolSchema, ...]) -> dict[str, str]:
    """Name as a model may call it -> the tool's own: endpoints take letters, digits, _ and - up to 64."""
    names: dict[str, str] = {}
    for tool in tools:
        shown, number = re.sub(r"[^A-Za-z0-9_-]", "_", tool.name)[:60] or "tool", 2
        while shown in names or shown == SUBMIT:
            shown, number = f"{shown[:60]}_{number}", number + 1
        names[shown] = tool.name
    return names


def tool_for(tool: ToolSchema, names: dict[str, str]) -> Tool:
    shown = next(shown for shown, name in names.items() if name == tool.name)
    return Tool(shown, tool.description, {"type": "object", "properties": {}, **tool.parameters})


def submission(fault_classes: tuple[str, ...]) -> Tool:
    schema = copy.deepcopy(DIAGNOSIS)
    if fault_classes:
        schema["properties"]["root_causes"]["items"]["properties"]["fault_class"] = {"enum": list(fault_classes)}
    return Tool(SUBMIT, "Conclude the investigation with your diagnosis.", schema)


def system_prompt(task: Task, rules: tuple[Rule, ...]) -> str:
    vocabulary = f", one of: {', '.join(task.fault_classes)}" if task.fault_classes else ", in a few words"
    knowledge = ""
    if rules:
        knowledge = (
            "\nRules learned from earlier failures. Follow each one whose WHEN holds and whose UNLESS does not:\n\n"
        )
        knowledge += "\n\n".join(text_of(rule) for rule in rules)
    return PROMPT.fill(vocabulary=vocabulary, knowledge=knowledge).text


def first_message(task: Task, inventory: Inventory, profile: Profile) -> str:
    context = json.dumps(task.context, indent=1, ensure_ascii=False, default=str) if task.context else ""
    names = "\n".join(f"{kind}: {', '.join(known)}" for kind, known in sorted(inventory.names.items()) if known)
    directions = [
        ("Test this explanation first, and keep it only if the evidence does", profile.hypothesis),
        ("Take this explanation to be wrong, and look for what it does not explain", profile.contrarian),
        ("Look first at", profile.focus),
        ("An expert who knows the system says", profile.hint),
        ("Where a tool takes a time, ask for this many minutes", str(profile.window or "")),
        ("Begin with", FAR_WORDS if profile.order == FAR_FIRST else ""),
    ]
    return TASK.fill(
        prompt=as_data("task", task.prompt),
        context=f"\n{as_data('context', cut(context, LONGEST_CONTEXT))}\n" if context else "",
        inventory=f"\nWhat exists:\n{as_data('inventory', cut(names, LONGEST_CONTEXT))}\n" if names else "",
        directions="".join(f"\n{words}: {value}\n" for words, value in directions if value),
    ).text.strip()
