"use strict";
// Sort and filter of the claims table, zoom of the figures. The page is whole without any of it.
(() => {
  const tables = [...document.querySelectorAll(".claims")];
  const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);
  const pressed = new Set();

  function filtered() {
    const toggles = [...document.querySelectorAll("button[data-verdict]")];
    const search = document.querySelector("#search");
    const shown = document.querySelector("#shown");
    const all = document.querySelector("#all");

    function filter() {
      for (const one of toggles) one.setAttribute("aria-pressed", pressed.has(one.dataset.verdict));
      const words = search.value.toLowerCase().split(/\s+/);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const fits = !pressed.size || pressed.has(row.dataset.verdict);
        row.hidden = !(fits && words.every((word) => text.includes(word)));
      }
      const left = rows.filter((row) => !row.hidden).length;
      all.hidden = left === rows.length;
      shown.textContent = all.hidden ? `${left} claims` : `${left} of ${rows.length} claims`;
      if (all.hidden) return;
      for (const table of tables) { // what is looked for may be in a folded one
        const group = table.closest("details");
        if (group) group.open = Boolean(table.tBodies[0].querySelector("tr:not([hidden])"));
      }
    }

    for (const one of toggles) {
      one.addEventListener("click", () => {
        if (!pressed.delete(one.dataset.verdict)) pressed.add(one.dataset.verdict);
        filter();
        // From the first screen the tables are out of sight.
        if (one.matches(".chip") && pressed.size) document.querySelector("#claims").scrollIntoView();
      });
    }
    search.addEventListener("input", filter);
    all.addEventListener("click", () => {
      pressed.clear();
      search.value = "";
      filter();
      search.focus();
    });
    document.querySelector(".tools").hidden = false;
    filter();
  }

  const collator = new Intl.Collator("en", { numeric: true });
  // Numbers as numbers (ours: -0.5 before 0.05), other texts as read (4.1.1 before 4.2).
  function compare(a, b, numbers) {
    return numbers ? Number(a) - Number(b) : collator.compare(a, b);
  }
  function sortBy(head, up) {
    const table = head.closest("table");
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const own = [...table.tBodies[0].rows];
    const key = (row) => row.cells[head.cellIndex].dataset.key;
    const numbers = own.every((row) => !Number.isNaN(Number(key(row))));
    own.sort((a, b) => {
      if (!key(a) || !key(b)) return Boolean(key(b)) - Boolean(key(a)); // without a number: last
      return (up ? 1 : -1) * compare(key(a), key(b), numbers);
    });
    table.tBodies[0].append(...own);
  }
  if (tables.length) filtered(); // a run on own pictures has none
  for (const button of document.querySelectorAll(".claims th button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      sortBy(head, head.getAttribute("aria-sort") !== "ascending");
    });
  }

  // A link to what is folded away opens it.
  function unfold() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    let group = target.closest("details");
    for (; group; group = group.parentElement.closest("details")) group.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", unfold);
  unfold();

  const dialog = document.querySelector("dialog");
  const large = dialog.querySelector("img");
  let times = 1; // of the natural size; whole multiples keep pixels square
  function resize(by) {
    times = Math.max(1, Math.min(8, times + by));
    large.style.width = `${large.naturalWidth * times}px`;
  }
  for (const button of document.querySelectorAll(".zoom")) {
    button.addEventListener("click", () => {
      const small = button.querySelector("img");
      large.src = small.src;
      large.alt = small.alt;
      large.className = small.className;
      const fit = Math.floor((window.innerWidth - 32) / small.naturalWidth);
      times = Math.max(small.matches(".hard") ? 2 : 1, Math.min(3, fit));
      large.style.width = `${small.naturalWidth * times}px`;
      dialog.showModal();
      large.parentElement.scrollTo(0, 0);
    });
  }
  for (const button of dialog.querySelectorAll("button[data-by]")) {
    button.addEventListener("click", () => resize(Number(button.dataset.by)));
  }
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") resize(1);
    if (event.key === "-") resize(-1);
  });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("button[data-by]")) dialog.close();
  });

  // Paper shows everything but what moves; afterwards the page is as it was.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.moving):not([open])")];
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
