// What was typed into a form with data-draft="key" survives a reload, a failed save, an expired sign-in and a dead
// server: it is kept here with every keystroke, and forgotten only when the server says that it was saved. Who signs in
// next in the same browser gets nothing of it.
import { addRow } from "./rows.js";

const { person = "" } = document.body.dataset;
const PREFIX = `draft:${person}:`;
const SENT = `draft-sent:${person}:`;
const SAVED = "drafts-saved";
const LONG = 20_000; // characters, from which on typing is kept with a pause
const later = new Map();
let restoring = false; // what comes back is told like typing, to all but this: it is kept already

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && field.name !== "csrfmiddlewaretoken" && !["hidden", "submit", "button", "password", "file"].includes(field.type));

const say = (form, words) => {
  const saved = form.querySelector("[data-saved]");
  if (saved) saved.textContent = words;
};

function save(form) {
  clearTimeout(later.get(form));
  later.delete(form);
  const typed = fieldsOf(form).map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? field.checked : field.value, field.value]);
  try {
    localStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify(typed));
    say(form, "Kept in this browser until you save");
  } catch {
    say(form, "Too long to be kept in this browser: save it soon");
  }
}

/** Rows that were added before the words were kept are added again. */
function addRows(form, waiting) {
  for (const group of form.querySelectorAll("[data-rows]")) {
    const total = group.querySelector("input[name$=TOTAL_FORMS]");
    const prefix = total.name.replace(/TOTAL_FORMS$/, "");
    const numbers = waiting.filter(([name, value, given]) => name.startsWith(prefix) && (typeof value === "boolean" ? value : given !== "")).map(([name]) => Number(name.slice(prefix.length).split("-")[0]));
    while (Number(total.value) <= Math.max(-1, ...numbers.filter(Number.isInteger)) && Number(total.value) < 200) addRow(group);
  }
}

function restore(form) {
  const kept = localStorage.getItem(PREFIX + form.dataset.draft);
  if (!kept || form.dataset.draftRestored) return;
  form.dataset.draftRestored = "same";
  const waiting = JSON.parse(kept);
  addRows(form, waiting);
  const changed = new Set();
  for (const field of fieldsOf(form)) {
    const at = waiting.findIndex(([name, , value]) => name === field.name && (!["checkbox", "radio"].includes(field.type) || value === field.value));
    if (at < 0) continue;
    const [, value] = waiting.splice(at, 1)[0];
    if (typeof value === "boolean") {
      if (field.checked !== value) changed.add(field);
      field.checked = value;
    } else if (value !== "") {
      if (field.value !== value) changed.add(field);
      field.value = value;
    }
  }
  if (changed.size) form.dataset.draftRestored = "changed";
  restoring = true;
  for (const field of changed) field.dispatchEvent(new Event("input", { bubbles: true }));
  restoring = false;
  if (changed.size) say(form, "Back as you left it, not saved yet");
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

/** Kept words stand again in every form of a part of the page that is new; what waited to be kept is kept first. */
export function bringBack(within) {
  flush();
  for (const form of [...(within.matches?.("form[data-draft]") ? [within] : []), ...(within.querySelectorAll?.("form[data-draft]") ?? [])]) restore(form);
}

export function forget(key) {
  localStorage.removeItem(PREFIX + key);
  localStorage.removeItem(SENT + key);
}

/** Marks of the forms that the server has saved since; the cookie is read once. */
function savedMarks() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${SAVED}=`));
  if (!found) return [];
  document.cookie = `${SAVED}=; path=/; max-age=0; samesite=lax`;
  return decodeURIComponent(found.slice(SAVED.length + 1)).split(".");
}

function settle() {
  const marks = new Set(savedMarks());
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(SENT) && marks.has(localStorage.getItem(name))) forget(name.slice(SENT.length));
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.draft || restoring) return;
  clearTimeout(later.get(form));
  if ((event.target.value?.length ?? 0) < LONG) save(form);
  else later.set(form, setTimeout(() => save(form), 400));
});
document.addEventListener("rows:added", (event) => {
  const form = event.target.closest("form[data-draft]");
  if (form && !form.dataset.draftRestored) save(form);
});
const flush = () => {
  for (const form of [...later.keys()]) save(form);
};
addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", flush);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const key = form.dataset.draft;
  if (!key) return;
  save(form);
  if (form.hasAttribute("hx-post")) return;
  const mark = crypto.getRandomValues(new Uint32Array(3)).reduce((words, number) => words + number.toString(36).padStart(7, "0"), "");
  let field = form.querySelector("input[name=draft-mark]");
  if (!field) {
    field = document.createElement("input");
    [field.type, field.name] = ["hidden", "draft-mark"];
    form.append(field);
  }
  field.value = mark;
  localStorage.setItem(SENT + key, mark);
});
// Before the answer is shown, so that the fresh form does not get the sent words back.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig.elt;
  const key = form.dataset?.draft;
  const { status } = event.detail.xhr;
  if (!key || event.detail.requestConfig.verb === "get" || status < 200 || status >= 300) return;
  forget(key);
  say(form, "");
});
document.addEventListener("htmx:load", (event) => bringBack(event.detail.elt));

settle();
// Not earlier: htmx and the page's own scripts must listen by then.
document.addEventListener("DOMContentLoaded", () => bringBack(document));
