// The pages work without this. It copies text, shows that a probe runs, filters while typing, and opens what a link
// leads to.
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

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", openTarget);
openTarget();
