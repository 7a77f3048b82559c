// Sortable tables, and a button that saves the rows shown, with all digits.
// A text that a spreadsheet would run as a formula gets an apostrophe, as in glioma_uq/csv_cells.py.
const formula = /^'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20].*[\p{L}\p{N}_]/su, number = /^\s*[+-]?(\d+([.,]\d*)?|[.,]\d+|inf)(e[+-]?\d+)?\s*$/i;
const marked = text => text.split(";").map(part => formula.test(part) && !number.test(part) ? `'${part}` : part).join(";");
const quoted = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
function save(table, name) {
  const heads = [...table.tHead.rows[0].cells].map(head => quoted(marked(head.textContent.trim())));
  const rows = [...table.tBodies[0].rows].map(row => [...row.cells].map((_, i) => quoted(marked(valueOf(row, i).trim()))));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[heads, ...rows].map(row => row.join(",")).join("\n") + "\n"], {type: "text/csv"}));
  link.download = name;
  link.click();
}
for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
for (const button of document.querySelectorAll("[data-save]")) {
  button.hidden = false;
  button.addEventListener("click", () => save(document.getElementById(button.dataset.save), `${button.dataset.save}.csv`));
}
