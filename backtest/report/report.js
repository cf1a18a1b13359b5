"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const make = (tag, name, parent) => parent.appendChild(Object.assign(document.createElement(tag), { className: name }));
  const count = n => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

  // A cell is worth its data-v, or the number that its text begins with, or its text.
  const worth = cell => {
    const text = cell.dataset.v === undefined ? cell.firstChild ? cell.firstChild.textContent : "" : cell.dataset.v;
    const number = parseFloat(text.replace(/\u202f/g, "").replace("\u2212", "-"));
    return isNaN(number) || cell.dataset.v === undefined && !cell.classList.contains("n") ? text : number;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
    : typeof a === typeof b ? a.localeCompare(b) : typeof a === "number" ? 1 : -1;

  // A button in each head sorts.
  const sortBy = (table, th, column) => {
    const down = th.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map(r => [worth(r.cells[column]), r]);
    rows.sort((a, b) => down ? compare(b[0], a[0]) : compare(a[0], b[0]));
    table.tBodies[0].replaceChildren(...rows.map(r => r[1]));
  };
  const sortable = table => {
    const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
    [...heads].forEach((th, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...th.childNodes);
      button.addEventListener("click", () => sortBy(table, th, column));
      th.replaceChildren(button);
    });
  };

  // Long tables have a filter for words, and one for each column of few values.
  const picks = (table, bar, rows, apply) => [...table.querySelectorAll("th[data-pick]")].map(th => {
    const column = th.cellIndex, name = th.textContent;
    const values = [...new Set(rows.map(r => r.cells[column].textContent))].sort();
    if (values.length < 2 || values.length > 60) return () => true;
    const select = make("select", "", bar);
    select.setAttribute("aria-label", name);
    make("option", "", select).textContent = name + ": all";
    select.firstChild.value = "";
    values.forEach((v, i) => Object.assign(make("option", "", select), { textContent: v || "(none)", value: i + 1 }));
    select.addEventListener("change", apply);
    return row => select.value === "" || row.cells[column].textContent === values[select.value - 1];
  });
  const filter = table => {
    const bar = Object.assign(document.createElement("div"), { className: "search" });
    bar.setAttribute("role", "search");
    bar.setAttribute("aria-label", "Filter " + table.caption.textContent);
    const box = Object.assign(make("input", "", bar), { type: "search", placeholder: "Filter by words" });
    box.setAttribute("aria-label", "Words in " + table.caption.textContent);
    const rows = [...table.tBodies[0].rows];
    let texts = null, tests = [];
    const apply = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length) texts = texts || rows.map(r => [...r.cells].map(c => c.textContent.toLowerCase()).join(" "));
      let shown = 0;
      rows.forEach((r, i) => { r.hidden = !(words.every(w => texts[i].includes(w)) && tests.every(t => t(r))); shown += !r.hidden; });
      shownOf.textContent = count(shown) + " of " + count(rows.length);
    };
    tests = picks(table, bar, rows, apply);
    const shownOf = make("output", "", bar);
    box.addEventListener("input", apply);
    apply();
    table.parentNode.before(bar);
  };
  for (const table of document.querySelectorAll(".block table")) {
    sortable(table);
    if ("search" in table.dataset) filter(table);
  }

  // A table that is wider than its box says so.
  const hint = box => box.parentNode.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  const watch = new ResizeObserver(list => list.forEach(e => hint(e.target)));
  for (const box of document.querySelectorAll(".scroll")) watch.observe(box);

  // The section that is being read stands out in the navigation, and is scrolled into view there.
  const nav = document.querySelector(".sections"), links = [...nav.querySelectorAll("a")], seen = new Set();
  const spy = new IntersectionObserver(list => {
    for (const e of list) e.isIntersecting ? seen.add(e.target.id) : seen.delete(e.target.id);
    const here = links.findLast(a => seen.has(a.hash.slice(1))) || links[0];
    for (const a of links) a === here ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current");
    nav.scrollLeft = here.offsetLeft - nav.clientWidth / 3;
  }, { rootMargin: "-25% 0px -70% 0px" });
  for (const part of document.querySelectorAll(".part")) spy.observe(part);

  // Light or dark as the system is, until the reader decides otherwise.
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  });
  addEventListener("beforeprint", () => { document.querySelectorAll("details").forEach(d => { d.open = true; }); });
})();
