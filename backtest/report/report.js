"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const make = (tag, name, parent) => parent.appendChild(Object.assign(document.createElement(tag), { className: name }));
  const count = n => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

  // Tables: a button in each head sorts, the long ones have a filter.
  const sortBy = (table, th, column) => {
    const down = th.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    const worth = row => { const c = row.cells[column]; return c.dataset.v === undefined ? c.textContent : c.dataset.v; };
    const compare = (a, b) => {
      const x = parseFloat(a[0]), z = parseFloat(b[0]);
      return isNaN(x) || isNaN(z) || !a[2] || !b[2] ? a[0].localeCompare(b[0]) : x - z;
    };
    const rows = [...table.tBodies[0].rows].map(r => [worth(r), r, r.cells[column].dataset.v !== undefined]);
    rows.sort((a, b) => down ? compare(b, a) : compare(a, b));
    table.tBodies[0].replaceChildren(...rows.map(r => r[1]));
  };
  for (const table of document.querySelectorAll(".block table")) {
    [...table.tHead.rows[0].cells].forEach((th, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = th.textContent;
      button.addEventListener("click", () => sortBy(table, th, column));
      th.replaceChildren(button);
    });
    if (!("search" in table.dataset)) continue;
    const bar = document.createElement("p");
    bar.className = "search";
    const box = Object.assign(make("input", "", bar), { type: "search", placeholder: "Filter, such as: sell taker" });
    box.setAttribute("aria-label", "Filter " + table.caption.textContent);
    const shownOf = make("span", "", bar);
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map(r => [...r.cells].map(c => c.textContent.toLowerCase()).join(" "));
    const apply = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((r, i) => { r.hidden = !words.every(w => texts[i].includes(w)); shown += !r.hidden; });
      shownOf.textContent = count(shown) + " of " + count(rows.length) + " rows";
    };
    box.addEventListener("input", apply);
    apply();
    table.parentNode.before(bar);
  }

  // Light or dark as the system is, until the reader decides otherwise.
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  });
  addEventListener("beforeprint", () => { document.querySelectorAll("details").forEach(d => { d.open = true; }); });
})();
