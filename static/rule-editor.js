// The rule editor: completion from the vocabulary, and the mistake that the server found marked at its word.
const text = document.getElementById("id_text");
const under = document.getElementById("under");
const list = document.getElementById("completions");
let words = null;
let shown = [];
let chosen = 0;
let from = 0;

const WORD = /[$\w.:/-]*$/;

/** What may stand at the caret: [word begun, candidates]. The last keyword before it decides. */
export function candidates(before, words) {
  const begun = before.match(WORD)[0];
  const rest = before.slice(0, before.length - begun.length);
  if ((rest.match(/(?<!\\)"/g) ?? []).length % 2) return [begun, []]; // inside a text
  const flat = rest.replace(/"(\\.|[^"\\])*"/g, '""');
  if (begun.startsWith("$")) return [begun, words.variables];
  const inside = flat.match(/([\w.:/-]+)\s*\(([^()]*)$/);
  if (inside) {
    const [, name, fields] = inside;
    if (/=\s*$/.test(fields)) {
      if (/component\s*=\s*$/.test(fields) && name === "evidence") return [begun, words.bindings];
      if (/tool\s*=\s*$/.test(fields)) return [begun, Object.keys(words.tools)];
      return [begun, name === "evidence" ? [] : words.variables];
    }
    if (name === "evidence") return [begun, /,/.test(fields) ? ["kind", "tool", "component"] : words.aspects];
    if (name === "tool") return [begun, Object.keys(words.tools)];
    return [begun, words.tools[name] ?? []];
  }
  if (/symptom\s*=\s*([\w]+\s*\|\s*)*$/.test(flat)) return [begun, words.symptoms];
  if (/\b(REQUIRE|PREFER|AVOID)\s+$/.test(flat)) return [begun, Object.keys(words.tools)];
  if (/\b(IMPLY|SYMPTOM\s+OF)\s+$/.test(flat)) return [begun, words.classes];
  if (/\bAT\s+$/.test(flat)) return [begun, words.places];
  if (/\bRULE\s+$/.test(flat)) return [begun, words.rules];
  return [begun, words.keywords];
}

function matching(begun, from) {
  const low = begun.toLowerCase();
  const found = from.filter((word) => word.toLowerCase().startsWith(low) && word !== begun);
  return [...found, ...from.filter((word) => low && !found.includes(word) && word !== begun && word.toLowerCase().includes(low))].slice(0, 8);
}

/** The text again, beneath the area: it carries the mark of a mistake, and tells where the caret is. */
function mirror(marked) {
  const value = text.value;
  under.replaceChildren();
  if (marked) {
    const mark = document.createElement("mark");
    mark.textContent = value.slice(marked.start, marked.end) || " ";
    under.append(value.slice(0, marked.start), mark, value.slice(marked.end));
  } else under.append(value);
  under.append("\n");
  under.scrollTop = text.scrollTop;
}

function place() {
  const at = document.createElement("span");
  const before = document.createElement("pre");
  before.className = "code__under";
  before.append(text.value.slice(0, text.selectionStart), at);
  under.after(before);
  before.scrollTop = text.scrollTop;
  list.style.setProperty("--left", `${Math.min(at.offsetLeft, text.clientWidth - 200)}px`);
  list.style.setProperty("--top", `${at.offsetTop - text.scrollTop + 22}px`);
  before.remove();
}

function close() {
  shown = [];
  list.hidden = true;
  text.removeAttribute("aria-activedescendant");
}

function show() {
  list.replaceChildren(
    ...shown.map((word, number) => {
      const option = document.createElement("li");
      option.id = `completion-${number}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(number === chosen));
      option.textContent = word;
      return option;
    }),
  );
  list.hidden = shown.length === 0;
  if (!shown.length) return close();
  text.setAttribute("aria-activedescendant", `completion-${chosen}`);
  place();
}

function complete(asked) {
  if (!words || text.selectionStart !== text.selectionEnd) return close();
  const [begun, all] = candidates(text.value.slice(0, text.selectionStart), words);
  if (!asked && begun.length < 1) return close();
  from = text.selectionStart - begun.length;
  shown = matching(begun, all);
  chosen = 0;
  show();
}

function accept(number) {
  const word = shown[number];
  const end = text.selectionStart;
  close();
  text.setSelectionRange(from, end);
  // execCommand keeps the browser's undo, which setRangeText drops
  if (!document.execCommand("insertText", false, word)) text.setRangeText(word, from, end, "end");
}

text?.addEventListener("keydown", (event) => {
  if (event.key === " " && event.ctrlKey) {
    event.preventDefault();
    return complete(true);
  }
  if (!shown.length || event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
    show();
  } else if (event.key === "Tab" || event.key === "Enter") {
    event.preventDefault();
    accept(chosen);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") close();
});
text?.addEventListener("input", () => {
  mirror(null);
  complete(false);
});
text?.addEventListener("scroll", () => (under.scrollTop = text.scrollTop));
text?.addEventListener("blur", () => setTimeout(close, 150));
list?.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const option = event.target.closest("[role=option]");
  if (option) accept([...list.children].indexOf(option));
});

function marked() {
  const check = document.getElementById("check");
  const line = Number(check?.dataset.line);
  text.toggleAttribute("aria-invalid", Boolean(line));
  if (!line) return mirror(null);
  text.setAttribute("aria-invalid", "true");
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + Number(check.dataset.column);
  mirror({ start, end: start + Number(check.dataset.length) });
}

if (text && under && list) {
  document.addEventListener("htmx:afterSettle", marked);
  document.addEventListener("htmx:afterSwap", marked);
  text.setAttribute("aria-controls", "completions");
  text.setAttribute("aria-autocomplete", "list");
  mirror(null);
  fetch(text.closest("[data-words]").dataset.words, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((found) => (words = found), () => null);
  text.form.addEventListener("draft:restored", () => htmx.trigger(text, "check"));
}
