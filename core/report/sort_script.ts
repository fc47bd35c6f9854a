/**
 * The page's only script: a click on a column's head sorts its table. Cells are compared by their data-v where there is
 * one, else by their text. It puts rows into another order and changes nothing else.
 */
export const SORT_SCRIPT = `
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const rows = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => {
      const cell = row.cells[head.cellIndex];
      const text = cell.dataset.v ?? cell.textContent;
      return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
    };
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (typeof x === "number" && typeof y === "number") return x - y;
      if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
      return x < y ? -1 : x > y ? 1 : 0;
    };
    rows.append(...[...rows.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
  });
}
`;
