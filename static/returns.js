// Returns: a chart drawn where one comes in, a whole return copied, a search that stays where it was typed.
import "./caret.js";
import { draw } from "./plot.js";

const say = (words, kind = "bad") => document.dispatchEvent(new CustomEvent("announce", { detail: { words, kind } }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-url]");
  if (!button) return;
  try {
    const answer = await fetch(button.dataset.copyUrl);
    if (!answer.ok) throw new Error(answer.status);
    await navigator.clipboard.writeText(await answer.text());
    say("Copied.", "info");
  } catch {
    say("The browser did not allow copying: download the return instead.");
  }
});

// Enter in the search box searches at once and sends no page.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-returnbar]")) event.preventDefault();
});

function drawAll(within) {
  for (const plot of within.querySelectorAll?.("[data-plot]") ?? []) draw(plot);
}
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentElement ?? event.detail.elt));

// A step that is not on the page yet is looked up by its address.
function reach() {
  const step = /^#step-(\d+)$/.exec(location.hash)?.[1];
  if (!step || document.getElementById(`step-${step}`) || !document.querySelector(".timeline__more")) return;
  const asked = new URLSearchParams(location.search);
  if (asked.get("from") === step) return;
  asked.set("from", step);
  location.replace(`?${asked}#step-${step}`);
}
addEventListener("hashchange", reach);
reach();
