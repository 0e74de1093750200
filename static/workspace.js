// The session workspace: the clock, the newest step coming in, passages marked as evidence.
import "./console.js";

function tick() {
  const clock = document.querySelector("[data-clock]");
  if (!clock) return;
  clock.dataset.read ??= String(Date.now());
  const since = clock.dataset.paused === "true" ? 0 : Date.now() - Number(clock.dataset.read);
  const seconds = Math.floor((Number(clock.dataset.clock) + since) / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  clock.textContent = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
setInterval(tick, 1000);
tick();

// The console says that a step was recorded: fetch it, and show that it is new.
document.body.addEventListener("step-recorded", async (event) => {
  const timeline = document.getElementById("timeline");
  await window.htmx.ajax("GET", `${timeline.dataset.steps}?after=${event.detail.index - 1}`, { target: "#timeline", swap: "beforeend" });
  const step = document.getElementById(`step-${event.detail.index}`);
  document.getElementById("no-steps")?.remove();
  step?.classList.add("is-new");
  step?.scrollIntoView({ block: "start", behavior: "auto" });
  document.dispatchEvent(new CustomEvent("announce", { detail: { words: `Step ${event.detail.index + 1} is recorded.`, kind: "quiet" } }));
  setTimeout(() => document.getElementById("messages").replaceChildren(), 2500);
  document.getElementById("console-line")?.focus();
});

// Selecting text in a return offers to keep it as evidence.
function passage() {
  const selection = window.getSelection();
  const text = selection.toString().trim();
  if (!text || selection.rangeCount === 0) return null;
  const at = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest("[data-return]");
  const from = at(selection.anchorNode);
  return from && from === at(selection.focusNode) ? { text, step: from.dataset.return, box: selection.getRangeAt(0).getBoundingClientRect() } : null;
}

const offer = document.getElementById("mark-evidence");
document.addEventListener("selectionchange", () => {
  if (!offer) return;
  const found = passage();
  offer.hidden = !found;
  if (!found) return;
  offer.dataset.step = found.step;
  offer.style.left = `${Math.max(8, Math.min(found.box.left, innerWidth - offer.offsetWidth - 16))}px`;
  offer.style.top = `${Math.max(56, found.box.top - offer.offsetHeight - 6)}px`;
});
offer?.addEventListener("mousedown", (event) => event.preventDefault());
offer?.addEventListener("click", () => {
  const found = passage();
  if (!found) return;
  const form = document.getElementById("say-evidence");
  form.elements.quote.value = found.text;
  form.elements.step.value = found.step;
  form.requestSubmit();
  offer.hidden = true;
  window.getSelection().removeAllRanges();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "e" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select") && passage()) offer?.click();
});

// A marked passage is shown in the return it stands in.
document.body.addEventListener("annotated", () => {
  const step = document.getElementById("say-evidence")?.elements.step.value;
  const row = step && document.getElementById(`step-${step}`);
  if (row) window.htmx.ajax("GET", `${document.getElementById("timeline").dataset.steps}${step}/`, { target: row, swap: "outerHTML" });
});

// What stands saved is said beside the title; words on a step are sent again until they are.
const state = (words) => {
  const said = document.getElementById("saved-state");
  if (said && said.textContent !== words) said.textContent = words;
};
const resending = new Set(); // forms with a next attempt in sight
const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig?.verb !== "post") return;
  if (detail.successful) state(`saved at ${clock()}`);
  else if (detail.xhr.status) state("not saved");
});
document.body.addEventListener("htmx:sendError", ({ detail }) => {
  state("no answer: kept in this browser, trying again");
  const form = detail.requestConfig?.elt;
  if (!form?.matches(".step__form") || resending.has(form)) return;
  resending.add(form);
  setTimeout(() => {
    resending.delete(form);
    if (form.isConnected) form.requestSubmit();
  }, 3000);
});
// Words on a step that were typed and never sent are sent once htmx has their form: sent before, it would leave the page.
document.addEventListener("htmx:load", ({ detail }) => {
  for (const form of detail.elt.querySelectorAll(".step__form[data-draft-restored=changed]")) {
    form.dataset.draftRestored = "sent";
    form.requestSubmit();
  }
});
