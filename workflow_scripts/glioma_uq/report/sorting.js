{# Sort the rows of a table by a click on a heading, which is a button; blanks stay last. #}
const byText = new Intl.Collator("en", {numeric: true});
const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
function inOrder(column, sign) {
  return (a, b) => {
    const [first, second] = [valueOf(a, column), valueOf(b, column)];
    if (first === "" || second === "") return (first === "") - (second === "");
    return sign * (isNaN(first - second) ? byText.compare(first, second) : first - second);
  };
}
function makeSortable(table, andThen = () => {}) {
  const body = table.tBodies[0];
  table.tHead.addEventListener("click", event => {
    const head = event.target.closest("th"), ascending = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const rows = [...body.rows].sort(inOrder(head.cellIndex, ascending ? 1 : -1));
    body.append(...rows);
    andThen(rows);
  });
}
