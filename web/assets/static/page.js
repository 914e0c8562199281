// The pages work without this. It copies text, shows that a probe runs, filters while typing, opens what a link leads
// to, and keeps what is live up to date.
"use strict";

function copyText(element) {
  const selection = getSelection();
  selection.selectAllChildren(element);
  if (navigator.clipboard) { // not there over plain http
    return navigator.clipboard.writeText(element.textContent);
  }
  return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("not copied"));
}

for (const button of document.querySelectorAll("button.copy")) {
  const source = button.dataset.copies ? document.getElementById(button.dataset.copies) : button.previousElementSibling;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    copyText(source).then(() => "Copied", () => "Selected: press Ctrl-C").then((said) => {
      button.textContent = said;
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  });
}

for (const form of document.querySelectorAll("form.probe, form.try")) {
  const button = form.querySelector("button");
  const status = form.querySelector(".running");
  let timer;
  form.addEventListener("submit", () => {
    const begun = Date.now();
    const tell = () => { status.textContent = `The probe runs: ${Math.round((Date.now() - begun) / 1000)} s`; };
    button.disabled = true;
    tell();
    timer = setInterval(tell, 1000);
  });
  addEventListener("pageshow", () => { // also when the browser brings the page back
    clearInterval(timer);
    button.disabled = false;
    status.textContent = "";
  });
}

const filter = document.getElementById("filter");
if (filter) {
  const rows = [...document.querySelectorAll("table.series tbody tr")];
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}

// What is live is fetched anew, and put in the place of what stands there: the page neither jumps nor loses the focus.
const every = 15000;
let paused = false;

function cellOf(element) {
  const cell = element && element.closest(".grid td");
  return cell && [cell.closest("section").getAttribute("aria-labelledby"), cell.parentElement.rowIndex, cell.cellIndex];
}

function focusCell([service, row, column]) {
  const table = document.querySelector(`section[aria-labelledby="${CSS.escape(service)}"] .grid`);
  const cell = table && table.rows[row] && table.rows[row].cells[column];
  const link = cell && cell.querySelector("a");
  if (link) {
    link.focus({ preventScroll: true });
  }
  return link;
}

function showPause(live) {
  const button = live.querySelector(".pause");
  if (!button) {
    return;
  }
  button.hidden = false;
  button.textContent = paused ? "Refresh again" : "Pause";
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Refresh again" : "Pause";
  });
}

async function refresh() {
  const live = document.getElementById("live");
  if (paused || document.hidden || String(getSelection())) { // who selects text would lose it
    return;
  }
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (!fresh || paused) {
    return;
  }
  const focused = document.activeElement;
  const cell = cellOf(focused);
  const button = focused && focused.classList.contains("pause");
  const sideways = [...live.querySelectorAll(".scroll")].map((region) => region.scrollLeft);
  live.replaceWith(fresh);
  showPause(fresh);
  fresh.querySelectorAll(".scroll").forEach((region, i) => { region.scrollLeft = sideways[i] || 0; });
  if (cell) {
    focusCell(cell);
  } else if (button) {
    fresh.querySelector(".pause").focus({ preventScroll: true });
  }
}

const live = document.getElementById("live");
if (live) {
  showPause(live);
  setInterval(() => { refresh().catch(() => {}); }, every); // the exporter may be away for a while
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  document.addEventListener("keydown", (event) => { // through the grid by the arrow keys
    let at = cellOf(document.activeElement);
    const step = steps[event.key];
    if (!at || !step || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    for (let i = 0; i < 2000; i++) {
      at = [at[0], at[1] + step[0], at[2] + step[1]];
      const link = focusCell(at);
      if (link) {
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
        return;
      }
      if (at[1] < 0 || at[2] < 0 || at[1] > 2000 || at[2] > 64) {
        return;
      }
    }
  });
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", openTarget);
openTarget();
