// The session workspace: the clock, the newest step coming in, and what stands saved.
import "./console.js";
import "./evidence.js";

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
