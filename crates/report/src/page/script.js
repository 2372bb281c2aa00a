"use strict";
// Tables sort by the column whose heading is pressed; without scripts they are as they were written.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => {
        const cell = row.cells[column];
        const text = cell.textContent.trim();
        const number = parseFloat((cell.dataset.value ?? text).replace("\u2212", "-"));
        return [Number.isNaN(number) ? null : number, text];
      };
      // A row of notes goes with the row above it.
      const isBelow = (row) => row?.classList.contains("below");
      const rows = [...table.tBodies[0].rows].filter((row) => !isBelow(row)).map((row) => [key(row), row, row.nextElementSibling]);
      // Cells without a number stay last either way, numbers go by value, and all else by text.
      const compare = ([[a, s]], [[b, t]]) => {
        if (a !== null && b !== null) return up ? a - b : b - a;
        if (a !== null || b !== null) return a === null ? 1 : -1;
        return up ? s.localeCompare(t) : t.localeCompare(s);
      };
      table.tBodies[0].append(...rows.sort(compare).flatMap(([, row, next]) => (isBelow(next) ? [row, next] : [row])));
    });
  });
}
// A link to something folded away opens what hides it.
const reveal = () => {
  let hidden = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let part = hidden; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  if (hidden) hidden.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
