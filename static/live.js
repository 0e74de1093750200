// Live parts: with hx-swap="morph" an answer is worked into what stands there, so that focus, scroll, selection,
// open folds and typed words stay, and nothing flickers. Elements with an id keep their identity when they move.
import { bringBack } from "./drafts.js";

const OWN = new Set(["open", "data-draft-restored"]); // attributes that are the person's doing, not the server's

function typedInto(form) {
  if (form.contains(document.activeElement)) return true;
  return [...form.elements].some((field) => field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue);
}

function attributes(from, to) {
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !OWN.has(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value && !OWN.has(name)) from.setAttribute(name, value);
}

function children(from, to) {
  const known = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const same = wanted.id ? known.get(wanted.id) : undefined;
    if (same) {
      if (same === at) at = at.nextSibling;
      else from.insertBefore(same, at);
      morph(same, wanted);
    } else if (!at || (at.id && known.has(at.id))) {
      from.insertBefore(wanted, at);
    } else {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || from.id !== to.id) from.replaceWith(to);
  else if (from.nodeType !== Node.ELEMENT_NODE) from.data = to.data;
  else if (from.matches("form[data-draft]") && typedInto(from)) return;
  else {
    attributes(from, to);
    children(from, to);
  }
}

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    const focused = target.contains(document.activeElement) ? document.activeElement : null;
    const place = focused?.closest("[id]")?.id;
    const wanted = fragment.querySelector(`#${CSS.escape(target.id)}`);
    if (wanted) morph(target, wanted);
    bringBack(target); // not when all has settled: what is typed until then into a form that is new would be all there is
    if (focused && focused !== document.activeElement) {
      const now = focused.isConnected ? focused : document.getElementById(place)?.querySelector(focused.localName);
      now?.focus({ preventScroll: true });
    }
    return [target];
  },
});
