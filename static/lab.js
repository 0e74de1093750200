// The room of a live incident: its clock between two looks of the server, and components and actions as the start of a call.
const read = new WeakMap(); // clock -> what the server said last, and when that came

function tick() {
  for (const clock of document.querySelectorAll("[data-incident-clock]")) {
    const said = clock.dataset.incidentClock;
    if (read.get(clock)?.said !== said) read.set(clock, { said, at: Date.now() });
    const gone = ((Date.now() - read.get(clock).at) / 1000) * Number(clock.dataset.pace);
    clock.textContent = new Date((Number(said) + gone) * 1000).toISOString().slice(11, 19);
  }
}
setInterval(tick, 200);
tick();

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fills]");
  const line = document.getElementById("console-line");
  if (!button || !line) return;
  line.value = button.dataset.fills;
  line.focus();
  line.dispatchEvent(new Event("input", { bubbles: true }));
});
