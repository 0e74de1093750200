// The command bar: completion from the server as one types, earlier calls by arrow, words for the side column.
import { evidence } from "./evidence.js";

const find = (selector) => document.querySelector(selector);
let timer = 0;
let asked = 0;
let recall = -1;

const line = () => find("#console-line");
const choices = () => find("#console-choices");
const open = () => choices() && !choices().hidden;

function close() {
  const list = choices();
  if (!list) return;
  list.hidden = true;
  list.replaceChildren();
  line().setAttribute("aria-expanded", "false");
  line().removeAttribute("aria-activedescendant");
}

function choose(index) {
  const options = [...choices().children];
  if (!options.length) return;
  const at = (index + options.length) % options.length;
  for (const [number, option] of options.entries()) option.setAttribute("aria-selected", String(number === at));
  line().setAttribute("aria-activedescendant", options[at].id);
  options[at].scrollIntoView({ block: "nearest" });
}

const chosen = () => [...choices().children].findIndex((option) => option.getAttribute("aria-selected") === "true");

function take(option) {
  line().value = option.dataset.text;
  close();
  line().dispatchEvent(new Event("input", { bubbles: true }));
  line().focus();
}

function show(completions) {
  if (!completions.length) return close();
  choices().replaceChildren(
    ...completions.slice(0, 12).map((one, number) => {
      const option = document.createElement("li");
      option.id = `choice-${number}`;
      option.role = "option";
      option.className = "choice";
      option.dataset.text = one.text;
      option.setAttribute("aria-selected", "false");
      const label = document.createElement("span");
      label.className = "mono";
      label.textContent = one.label;
      const hint = document.createElement("span");
      hint.className = "choice__hint";
      hint.textContent = one.hint;
      option.append(label, hint);
      return option;
    }),
  );
  choices().hidden = false;
  line().setAttribute("aria-expanded", "true");
}

/** Until the server has answered to what is typed now, only what still begins like it may be chosen. */
function narrow() {
  for (const option of [...choices().children]) {
    if (!option.dataset.text.startsWith(line().value)) option.remove();
    else option.setAttribute("aria-selected", "false");
  }
  line().removeAttribute("aria-activedescendant");
  if (!line().value || !choices().children.length) close();
}

async function complete() {
  const form = find("#console");
  const text = line().value;
  const mine = ++asked;
  if (!text || document.activeElement !== line()) return close();
  if (text.startsWith("/")) {
    const begun = text.slice(1);
    return show(/\s/.test(begun) ? [] : Object.entries(WORDS).filter(([word]) => word.startsWith(begun) && word !== begun).map(([word, [hint]]) => ({ text: `/${word} `, label: `/${word}`, hint })));
  }
  const answer = await fetch(`${form.dataset.complete}?line=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return; // no completion is no error: what was typed runs without
  const { completions } = await answer.json();
  if (mine !== asked || document.activeElement !== line()) return;
  show(completions);
}

document.addEventListener("input", (event) => {
  if (event.target !== line()) return;
  recall = -1;
  narrow();
  clearTimeout(timer);
  timer = setTimeout(complete, 120);
});

// What was asked for before the line ran comes too late.
document.addEventListener("submit", (event) => {
  if (event.target !== find("#console")) return;
  clearTimeout(timer);
  asked += 1;
  close();
});

document.addEventListener("focusout", (event) => {
  if (event.target === line()) setTimeout(close, 150);
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.(".choice");
  if (!option) return;
  event.preventDefault();
  take(option);
});

document.addEventListener("change", (event) => {
  if (!("consoleTool" in event.target.dataset) || !event.target.value) return;
  line().value = `${event.target.value} `;
  event.target.value = "";
  line().focus();
  line().dispatchEvent(new Event("input", { bubbles: true }));
});

const last = () => [...document.querySelectorAll("#timeline > .step")].at(-1)?.querySelector(".step__form");
const say = (kind) => (rest) => {
  const form = find("#say");
  form.elements.kind.value = kind;
  form.elements.text.value = rest;
  form.elements.text.dispatchEvent(new Event("input", { bubbles: true }));
  if (rest) form.requestSubmit();
  else form.elements.text.focus();
};
const mark = (name, other) => () => {
  const form = last();
  if (!form) return;
  [form.elements[name].checked, form.elements[other].checked] = [true, false];
  form.requestSubmit();
};

// What is no call belongs to the side column, the step before, the clock or the diagnosis.
const WORDS = {
  note: ["keep a note", say("note")],
  hypothesis: ["what it could be", say("hypothesis")],
  why: ["why the last call was made", (rest) => {
    const form = last();
    if (!form) return;
    form.elements.why.value = rest;
    if (rest) form.requestSubmit();
    else form.elements.why.focus();
  }],
  key: ["the last call is key evidence", mark("key_evidence", "dead_end")],
  dead: ["the last call was a dead end", mark("dead_end", "key_evidence")],
  evidence: ["choose a passage of the last return", evidence],
  pause: ["stop the clock, or let it go on", () => find("#clock").requestSubmit()],
  terminal: ["bring in a terminal's log", () => find("[data-terminal]").click()],
  conclude: ["write the diagnosis", () => find("[data-finish]").click()],
  help: ["what can be typed here", () => { find("#console-words").hidden = false; }],
};

function command(text) {
  const [, word, rest] = text.match(/^\/(\w+)\s*(.*)$/s) ?? [];
  if (!Object.hasOwn(WORDS, word ?? "")) return false;
  find("#console-words").hidden = true;
  WORDS[word][1](rest.trim());
  line().value = "";
  line().dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}

const history = () => [...document.querySelectorAll("[data-history] li")].map((one) => one.textContent);

/** Earlier calls that hold what is typed, newest first. */
function searchHistory() {
  const wanted = line().value.toLowerCase();
  show(history().filter((one) => one.toLowerCase().includes(wanted)).map((one) => ({ text: one, label: one, hint: "" })));
  if (open()) choose(0);
}

document.addEventListener("keydown", (event) => {
  if (event.target !== line()) return;
  if (event.key === "Escape") {
    find("#console-words").hidden = true;
    return close();
  }
  if (event.key === "r" && event.ctrlKey) {
    event.preventDefault();
    return searchHistory();
  }
  if (event.key === "Tab" && open() && !event.shiftKey) {
    event.preventDefault();
    return take(choices().children[Math.max(chosen(), 0)]);
  }
  if (event.key === "Enter") {
    if (open() && chosen() >= 0) {
      event.preventDefault();
      take(choices().children[chosen()]);
    } else if (line().value.startsWith("/") && command(line().value.trim())) event.preventDefault();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  if (open()) return choose(chosen() + (event.key === "ArrowDown" ? 1 : -1));
  const lines = history();
  recall = Math.min(Math.max(recall + (event.key === "ArrowUp" ? 1 : -1), -1), lines.length - 1);
  line().value = recall < 0 ? "" : lines[recall];
});
