"""An agent whose every decision is a model's: it calls tools, and concludes through a tool of its own."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from cases.diagnosis import Diagnosis, DiagnosisError
from cases.parsing import parse_diagnosis
from cases.transcript import RuleUse, Step, Task
from cloudmate.llm.base import LLM, LLMError, Message, Refused, Reply, Tool, ToolCall, TooLong, Truncated
from cloudmate.llm.reading import NotJSON, object_in, parse_object
from cloudmate.llm.roles import for_role
from cloudmate.llm.scripted import ScriptedLLM
from sandbox.agents.base import AgentError, Call, Conclude, Decision, Profile
from sandbox.agents.briefing import (
    SUBMIT,
    cut,
    first_message,
    observed,
    shown_names,
    submission,
    system_prompt,
    tool_for,
)
from sandbox.agents.recall import Recall
from sandbox.environment.base import Inventory
from sandbox.knowledge.rule import Knowledge, Rule

LONGEST_OLD_RETURN = 800  # of all but the newest two, once the conversation has grown too long
LONGEST_NAME = 120
ASKS = 3  # replies to one decision before it counts as none
PER_TOKEN = 4  # characters, where an endpoint does not say what a reply cost

UNBOUND = "no model is bound to the role agent: set CLOUDMATE_LLM_MODEL and its endpoint"
NO_CALL = f"That was no call. Call one of the tools, or call {SUBMIT} to conclude."
CUT = "That reply was cut at the token limit. Think less, and call one tool."
APPLY = "These rules apply now, by what was seen so far:"
BEFORE = f"Not yet. Before this conclusion, mind the rules that apply to it; then go on, or call {SUBMIT} again if they change nothing:"
CONCLUDE_NOW = f"There is no budget for another call. Conclude now by calling {SUBMIT}; inconclusive is a good answer if it is the true one."


class LLMAgent:
    """Thinks with ``llm``, or with the model bound to the role "agent" (the profile may name another)."""

    engine = "llm"

    def __init__(self, llm: LLM | None = None):
        self.llm = llm

    def start(
        self, task: Task, *, knowledge: Knowledge, inventory: Inventory, seed: int = 0, profile: Profile = Profile()
    ) -> LLMMind:
        llm = self.llm or for_role("agent", model=profile.model) or ScriptedLLM([Refused(UNBOUND)])
        return LLMMind(llm, task, knowledge, inventory, seed, profile)


class LLMMind:
    """One run's conversation. Raises AgentError where the model does not answer or never comes to a decision."""

    def __init__(
        self,
        llm: LLM,
        task: Task,
        knowledge: Knowledge,
        inventory: Inventory,
        seed: int,
        profile: Profile,
    ):
        self.tokens = 0
        self.llm = llm
        self._seed, self._temperature = seed, profile.temperature
        self._names = shown_names(task.tools)
        self._tools = tuple(tool_for(tool, self._names) for tool in task.tools)
        self._submit = submission(task.fault_classes)
        self._fault_classes = task.fault_classes
        self._recall = Recall(knowledge, task)
        self._uses = [RuleUse(rule.name, "injected") for rule in self._recall.given]  # since the last decision
        self._held_back = ""  # the fault class whose conclusion waits
        self._holding: tuple[Rule, ...] = ()  # the rules it waits for
        self._talk = [
            Message("system", system_prompt(task, self._recall.given)),
            Message("user", first_message(task, inventory, profile)),
        ]
        self._seen = 0
        self._call: ToolCall | None = None

    def decide(self, steps: tuple[Step, ...], *, steps_left: int) -> Decision:
        self._take_in(steps)
        tools = (*self._tools, self._submit) if steps_left > 0 else (self._submit,)
        if steps_left <= 0:
            self._talk.append(Message("user", CONCLUDE_NOW))
        repaired = False
        for _ in range(ASKS):
            try:
                reply = self._ask(tools)
            except Truncated as half:
                self._talk += [Message("assistant", half.partial or "(cut)"), Message("user", CUT)]
                continue
            call = _chosen(reply)
            if call is None:
                self._talk += [Message("assistant", reply.text or "(nothing)"), Message("user", NO_CALL)]
            elif call.name != SUBMIT and steps_left <= 0:
                self._answer(reply, call, CONCLUDE_NOW)
            elif call.name != SUBMIT:
                return self._called(call, reply)
            else:
                try:
                    diagnosis = self._diagnosis(call, len(steps))
                    if steps_left <= 0 or not self._reminded(diagnosis, steps, reply, call):
                        return self._concluded(diagnosis, call)
                except (DiagnosisError, NotJSON) as wrong:
                    if repaired:
                        raise AgentError(f"the model's diagnosis is not in its form: {wrong}") from None
                    repaired = True
                    self._answer(
                        reply, call, f"That diagnosis cannot be taken: {wrong}. Mend it and call {SUBMIT} again."
                    )
        raise AgentError(f"the model neither called a tool nor concluded in {ASKS} replies")

    def _ask(self, tools: tuple[Tool, ...]) -> Reply:
        try:
            try:
                reply = self._complete(tools)
            except TooLong:
                self._forget()
                reply = self._complete(tools)
        except Truncated as half:
            self._count(half.usage.total, half.partial)
            raise
        except LLMError as error:
            raise AgentError(f"{error.code}: {error}") from error
        self._count(reply.usage.total, reply.text)
        return reply

    def _complete(self, tools: tuple[Tool, ...]) -> Reply:
        return self.llm.complete(self._talk, tools=tools, temperature=self._temperature, seed=self._seed)

    def _count(self, tokens: int, text: str) -> None:
        """What a reply cost: as the endpoint says, else estimated, so that a token budget holds anywhere."""
        self.tokens += tokens or (sum(len(message.content) for message in self._talk) + len(text)) // PER_TOKEN

    def _take_in(self, steps: tuple[Step, ...]) -> None:
        """Add what came back since the last decision; calls that were not the model's own are shown as made."""
        for step in steps[self._seen :]:
            call = self._call
            if call is None:
                call = ToolCall(f"step_{step.index}", self._shown(step.tool), json.dumps(step.arguments))
                self._talk.append(Message("assistant", step.thought, (call,)))
            self._talk.append(Message("tool", observed(step), call_id=call.id))
            self._call = None
        self._seen = len(steps)
        new = self._recall.newly(steps)
        if new:
            last = self._talk[-1]
            self._talk[-1] = replace(last, content=f"{last.content}\n\n{self._retrieved(APPLY, new)}")

    def _forget(self) -> None:
        """Cut all returns but the newest two short."""
        returns = [at for at, message in enumerate(self._talk) if message.role == "tool"]
        for at in returns[:-2]:
            message = self._talk[at]
            self._talk[at] = replace(message, content=cut(message.content, LONGEST_OLD_RETURN))

    def _answer(self, reply: Reply, call: ToolCall, words: str) -> None:
        self._talk += [Message("assistant", reply.text, (call,)), Message("tool", words, call_id=call.id)]

    def _retrieved(self, words: str, rules: tuple[Rule, ...]) -> str:
        self._uses += [RuleUse(rule.name, "retrieved") for rule in rules]
        self._uses += [RuleUse(rule.name, "injected") for rule in self._recall.untold(rules)]
        return f"{words}\n{self._recall.told(rules)}"

    def _reminded(self, diagnosis: Diagnosis, steps: tuple[Step, ...], reply: Reply, call: ToolCall) -> bool:
        """Hold a conclusion back, once for each rule, where a rule applies to it that did not before."""
        for cause in diagnosis.root_causes:
            new = self._recall.newly(steps, conclusion=cause.fault_class)
            if new:
                self._answer(reply, call, self._retrieved(BEFORE, new))
                self._held_back, self._holding = cause.fault_class, new
                return True
        return False

    def _called(self, call: ToolCall, reply: Reply) -> Call:
        """The call as the loop makes it; one that cannot be read becomes a name no tool has, and is refused there."""
        if self._held_back:  # a rule turned a conclusion into this call
            concluded = f"conclude {self._held_back}"
            self._uses += [RuleUse(rule.name, "fired", instead_of=concluded) for rule in self._holding]
            self._held_back = ""
        rules = self._used(reply.text)
        self._call = replace(call, id=f"step_{self._seen}")
        self._talk.append(Message("assistant", reply.text, (self._call,)))
        tool = self._names.get(call.name, call.name)[:LONGEST_NAME]
        try:
            return Call(tool, parse_object(call.arguments), reply.text, rules)
        except NotJSON as wrong:
            name = f"{tool} with arguments that are no JSON object"
            return Call(name, {"why": str(wrong), "written": as_storable(call.arguments[:2000])}, reply.text, rules)

    def _diagnosis(self, call: ToolCall, steps: int) -> Diagnosis:
        diagnosis = parse_diagnosis(parse_object(call.arguments))
        _check(diagnosis, steps, self._fault_classes)
        return diagnosis

    def _concluded(self, diagnosis: Diagnosis, call: ToolCall) -> Conclude:
        named = parse_object(call.arguments).get("rules_used")
        named = " ".join(str(name) for name in named) if isinstance(named, list) else ""
        return Conclude(diagnosis, self._used(f"{diagnosis.summary} {named}"))

    def _used(self, text: str) -> tuple[RuleUse, ...]:
        """What rules did since the last decision, and which of them the model's words name."""
        words = set(re.findall(r"[\w.-]*\w", text))
        uses, self._uses = self._uses, []
        return (*uses, *(RuleUse(rule.name, "cited") for rule in self._recall.rules if rule.name in words))

    def _shown(self, tool: str) -> str:
        return next((shown for shown, name in self._names.items() if name == tool), tool)


def as_storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _chosen(reply: Reply) -> ToolCall | None:
    """The one call to act on: the conclusion if there is one, else the first. A diagnosis in plain JSON counts as one."""
    submitted = [call for call in reply.calls if call.name == SUBMIT]
    if submitted or reply.calls:
        return (submitted or reply.calls)[0]
    try:
        value = object_in(reply.text)
    except NotJSON:
        return None
    return ToolCall("submit", SUBMIT, json.dumps(value)) if "conclusion" in value else None


def _check(diagnosis: Diagnosis, steps: int, fault_classes: tuple[str, ...]) -> None:
    claims = (*diagnosis.claims, *diagnosis.rejected)
    beyond = [ref.step for claim in claims for ref in claim.refs if ref.step >= steps]
    if beyond:
        raise DiagnosisError(
            f"refs name step {beyond[0]}, but the steps are 0 to {steps - 1}"
            if steps
            else "refs name steps, but none was taken"
        )
    for cause in diagnosis.root_causes:
        if fault_classes and cause.fault_class not in fault_classes:
            raise DiagnosisError(f"fault_class {cause.fault_class!r} must be one of {', '.join(fault_classes)}")
