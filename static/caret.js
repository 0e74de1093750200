// A caret in returns, so that a passage is chosen without a mouse: arrows move it by line, letter and word (Ctrl), Shift
// extends the selection from where it stood. What is chosen is the browser's own selection: Ctrl+C copies it.
const LINES = ".line, .change, .printed__above, .printed tr, .nodes summary, .nodes li:not(:has(> details))";
const WAYS = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1, Home: -1, End: 1 };
let column = null; // letters, where a walk up or down began

const caret = document.createElement("span");
caret.className = "caret";
caret.ariaHidden = "true";

const inside = (region, node) => node && region.contains(node);
const lineOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).closest(LINES);

function* textsOf(line) {
  const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest(".sr-only")) yield walk.currentNode;
}

/** The place of a column in a line: [text, letters into it]. A shorter line has it at its end. */
function placeIn(line, at) {
  let left = at;
  let last = [line, 0];
  for (const text of textsOf(line)) {
    if (left <= text.length) return [text, left];
    left -= text.length;
    last = [text, text.length];
  }
  return last;
}

function columnOf(line, node, offset) {
  let before = 0;
  for (const text of textsOf(line)) {
    if (text === node) return before + offset;
    before += text.length;
  }
  return 0;
}

/** The line so many lines on, of those in sight; the first or the last where there are not as many. */
function stepFrom(lines, from, by) {
  let [at, left] = [from, Math.abs(by)];
  for (let next = from + Math.sign(by); left && next >= 0 && next < lines.length; next += Math.sign(by)) {
    if (!lines[next].checkVisibility()) continue;
    [at, left] = [next, left - 1];
  }
  return at;
}

/** Where the caret comes to be first: the line at the top of what is in sight. */
function begin(region, selection) {
  const top = Math.max(region.getBoundingClientRect().top, 0);
  const lines = [...region.querySelectorAll(LINES)].filter((line) => line.checkVisibility());
  const line = lines.find((one) => one.getBoundingClientRect().bottom > top + 4);
  if (line) selection.collapse(...placeIn(line, 0));
  return line;
}

function move(region, selection, { key, shiftKey, ctrlKey }) {
  const go = (place) => (shiftKey ? selection.extend(...place) : selection.collapse(...place));
  const [node, offset] = [selection.focusNode, selection.focusOffset];
  const way = WAYS[key];
  if (key === "ArrowLeft" || key === "ArrowRight") {
    column = null;
    selection.modify(shiftKey ? "extend" : "move", way > 0 ? "forward" : "backward", ctrlKey ? "word" : "character");
    if (!inside(region, selection.focusNode)) go([node, offset]);
    return;
  }
  const lines = [...region.querySelectorAll(LINES)];
  const from = Math.max(lines.indexOf(lineOf(node)), 0);
  if (key === "Home" || key === "End") {
    column = null;
    const line = ctrlKey ? lines[stepFrom(lines, way > 0 ? lines.length : -1, -way)] : lines[from];
    return go(placeIn(line, way > 0 ? Infinity : 0));
  }
  column ??= columnOf(lines[from], node, offset);
  const height = lines[from].getBoundingClientRect().height || 18;
  const to = stepFrom(lines, from, way * (key.startsWith("Page") ? Math.max(Math.floor(region.clientHeight / height) - 1, 1) : 1));
  go(to === from && shiftKey ? placeIn(lines[to], way > 0 ? Infinity : 0) : placeIn(lines[to], column));
}

/** Draw the caret, and bring it into sight: in its region, and on the page between what sticks to its edges. */
function show(region, selection) {
  const range = document.createRange();
  range.setStart(selection.focusNode, selection.focusOffset);
  const line = lineOf(selection.focusNode) ?? region;
  line.scrollIntoView({ block: "nearest", inline: "nearest" });
  let box = range.getClientRects()[0] ?? line.getBoundingClientRect();
  const frame = region.getBoundingClientRect();
  if (box.left < frame.left + 60) region.scrollLeft -= frame.left + 60 - box.left;
  if (box.left > frame.right - 24) region.scrollLeft += box.left - frame.right + 24;
  const ceiling = document.querySelector(".workspace__head")?.getBoundingClientRect().bottom ?? 56;
  const floor = document.querySelector(".workspace__console")?.getBoundingClientRect().top ?? innerHeight;
  scrollBy(0, Math.min(box.top - ceiling - 8, 0) + Math.max(box.bottom - floor + 8, 0));
  box = range.getClientRects()[0] ?? line.getBoundingClientRect();
  const now = region.getBoundingClientRect();
  region.append(caret);
  caret.style.left = `${box.left - now.left - region.clientLeft + region.scrollLeft}px`;
  caret.style.top = `${box.top - now.top - region.clientTop + region.scrollTop}px`;
  caret.style.height = `${box.height}px`;
}

/** Put the caret into a region, so that the next arrow moves it. */
export function enter(region) {
  region.focus();
  const selection = getSelection();
  if (begin(region, selection)) show(region, selection);
}

document.addEventListener("keydown", (event) => {
  const region = event.target.closest?.("[data-return] .evidence");
  if (!region || event.altKey || event.metaKey || event.isComposing) return;
  const selection = getSelection();
  if (event.key === "Escape" && inside(region, selection.focusNode) && !selection.isCollapsed) {
    event.stopImmediatePropagation();
    return selection.collapse(selection.focusNode, selection.focusOffset);
  }
  if (!(event.key in WAYS)) return;
  event.preventDefault();
  const stands = inside(region, selection.focusNode);
  if (!stands && !begin(region, selection)) return;
  if (stands || event.shiftKey) move(region, selection, event);
  show(region, selection);
});

function leave() {
  column = null;
  caret.remove();
}
document.addEventListener("pointerdown", leave);
document.addEventListener("focusout", leave);
