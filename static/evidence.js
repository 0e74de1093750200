// Selecting text in a return offers to keep it as evidence; what was kept is marked where it was selected.
import { enter } from "./caret.js";
import { free } from "./keys.js";

const offer = document.getElementById("mark-evidence");
const form = document.getElementById("say-evidence");
let kept = null; // the range on its way to the server

const elementAt = (node) => (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement);

/** What is selected within one return: its text, step, line and range. */
function passage() {
  const selection = getSelection();
  if (!selection.toString().trim()) return null;
  const range = selection.getRangeAt(0);
  const { separator } = elementAt(range.startContainer)?.closest("table")?.dataset ?? {};
  const text = separator ? selection.toString().trim().replaceAll("\t", separator) : selection.toString().trim();
  const from = elementAt(range.startContainer)?.closest("[data-return]");
  if (!from || from !== elementAt(range.endContainer)?.closest("[data-return]")) return null;
  const { line, new: now } = elementAt(range.startContainer).closest(".line, .change")?.dataset ?? {};
  return { text, range, step: from.dataset.return, line: line ?? now ?? "" };
}

function keep(quote, step, line, range = null) {
  kept = range?.cloneRange() ?? null;
  form.elements.quote.value = quote;
  form.elements.step.value = step;
  form.elements.line.value = line;
  form.requestSubmit();
}

function keepSelection() {
  const found = passage();
  if (!found) return;
  keep(found.text, found.step, found.line, found.range);
  getSelection().collapseToEnd();
}

/** Every text of a range, between its ends, becomes a mark. */
function mark(range) {
  const walk = document.createTreeWalker(range.commonAncestorContainer, NodeFilter.SHOW_TEXT);
  const texts = range.commonAncestorContainer.nodeType === Node.TEXT_NODE ? [range.commonAncestorContainer] : [];
  while (walk.nextNode()) if (range.intersectsNode(walk.currentNode)) texts.push(walk.currentNode);
  const { startContainer, startOffset, endContainer, endOffset } = range;
  for (const text of texts) {
    const part = document.createRange();
    part.setStart(text, text === startContainer ? startOffset : 0);
    part.setEnd(text, text === endContainer ? endOffset : text.length);
    if (part.toString().trim()) part.surroundContents(document.createElement("mark"));
  }
}

document.addEventListener("selectionchange", () => {
  const found = passage();
  offer.hidden = !found;
  if (!found) return;
  const box = found.range.getBoundingClientRect();
  offer.style.left = `${Math.max(8, Math.min(box.left, innerWidth - offer.offsetWidth - 16))}px`;
  offer.style.top = `${Math.max(56, box.top - offer.offsetHeight - 6)}px`;
});
offer.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
offer.addEventListener("click", keepSelection);
document.addEventListener("keydown", (event) => {
  const region = event.target.closest?.("[data-return] .evidence");
  if (event.key === "Escape" && region) document.getElementById("console-line")?.focus();
  if (!passage() || !(event.key === "e" ? free(event) : event.key === "Enter" && event.target === region)) return;
  event.preventDefault();
  keepSelection();
});
document.body.addEventListener("annotated", ({ target }) => {
  if (target !== form || !form.elements.quote.value) return;
  if (kept) mark(kept);
  kept = null;
  form.elements.quote.value = "";
  document.dispatchEvent(new CustomEvent("announce", { detail: { words: "Kept as evidence.", kind: "quiet" } }));
});

/** From the command bar: keep these words of the last return, or put a caret into it. */
export function evidence(words) {
  const last = [...document.querySelectorAll("#timeline [data-return]")].at(-1);
  if (!last) return;
  if (words) return keep(words, last.dataset.return, "");
  const region = last.querySelector(".evidence");
  if (region) enter(region);
}
