// What was typed into a form with data-draft="key" survives a reload, a failed save and an expired login.
const PREFIX = "draft:";
const SENT = "draft-sent:";

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && field.name !== "csrfmiddlewaretoken" && !["hidden", "submit", "button", "password", "file"].includes(field.type));

function save(form) {
  const typed = fieldsOf(form).map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? field.checked : field.value, field.value]);
  localStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify(typed));
  const saved = form.querySelector("[data-saved]");
  if (saved) saved.textContent = "Kept in this browser until you save";
}

function restore(form) {
  const kept = localStorage.getItem(PREFIX + form.dataset.draft);
  if (!kept || form.dataset.draftRestored) return;
  form.dataset.draftRestored = "1";
  const waiting = JSON.parse(kept);
  for (const field of fieldsOf(form)) {
    const at = waiting.findIndex(([name, , value]) => name === field.name && (!["checkbox", "radio"].includes(field.type) || value === field.value));
    if (at < 0) continue;
    const [, value] = waiting.splice(at, 1)[0];
    if (typeof value === "boolean") field.checked = value;
    else if (value !== "") field.value = value;
  }
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
}

export function forget(key) {
  localStorage.removeItem(PREFIX + key);
  localStorage.removeItem(SENT + key);
}

// A form that was sent and is not shown again with errors has been saved. The sign-in page, which proves nothing,
// does not run this.
function settle() {
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith(SENT)) continue;
    const key = name.slice(SENT.length);
    const form = document.querySelector(`form[data-draft="${CSS.escape(key)}"]`);
    if (form?.querySelector(".field__error, [role=alert]")) localStorage.removeItem(name);
    else forget(key);
  }
}

const later = new Map();
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.draft) return;
  clearTimeout(later.get(form));
  later.set(form, setTimeout(() => save(form), 250));
});
document.addEventListener("submit", (event) => {
  const key = event.target.dataset.draft;
  if (!key) return;
  clearTimeout(later.get(event.target));
  save(event.target);
  if (!event.target.hasAttribute("hx-post")) localStorage.setItem(SENT + key, "1");
});
// Before the answer is shown, so that the fresh form does not get the sent words back.
document.addEventListener("htmx:beforeSwap", (event) => {
  const key = event.detail.requestConfig.elt.dataset?.draft;
  const status = event.detail.xhr.status;
  if (key && status >= 200 && status < 300) forget(key);
});
document.addEventListener("htmx:load", (event) => {
  for (const form of event.detail.elt.querySelectorAll?.("form[data-draft]") ?? []) restore(form);
});

settle();
for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
