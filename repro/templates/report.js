"use strict";
// Sort and filter of the claims table, zoom of the figures. The page is whole without any of it.
(() => {
  const table = document.querySelector(".claims");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const chips = [...document.querySelectorAll(".chip")];
  const search = document.querySelector("#search");
  const shown = document.querySelector("#shown");

  function filter() {
    const pressed = chips.filter((c) => c.getAttribute("aria-pressed") === "true");
    const verdicts = pressed.map((c) => c.dataset.verdict);
    const words = search.value.trim().toLowerCase();
    for (const row of rows) {
      const fits = !verdicts.length || verdicts.includes(row.dataset.verdict);
      row.hidden = !(fits && row.textContent.toLowerCase().includes(words));
    }
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = left === rows.length ? `${left} claims` : `${left} of ${rows.length} claims`;
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  search.addEventListener("input", filter);
  document.querySelector(".tools").hidden = false;
  filter();

  const compare = new Intl.Collator("en", { numeric: true }).compare;
  for (const button of table.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[head.cellIndex].dataset.key;
      rows.sort((a, b) => (up ? 1 : -1) * compare(key(a), key(b)));
      body.append(...rows);
    });
  }

  const dialog = document.querySelector("dialog");
  const large = dialog.querySelector("img");
  for (const button of document.querySelectorAll(".zoom")) {
    button.addEventListener("click", () => {
      const small = button.querySelector("img");
      large.src = small.src;
      large.alt = small.alt;
      large.className = small.className;
      // Whole multiples of the natural size, as many as fit: pixels stay square.
      const fit = Math.floor((window.innerWidth - 32) / small.naturalWidth);
      large.style.width = `${small.naturalWidth * Math.max(1, Math.min(3, fit))}px`;
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", () => dialog.close());

  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not(.moving)")) details.open = true;
  });
})();
