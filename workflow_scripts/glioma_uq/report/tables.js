// Sortable tables, and a button that saves the rows shown, with all digits.
const quoted = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
function save(table, name) {
  const heads = [...table.tHead.rows[0].cells].map(head => quoted(head.textContent.trim()));
  const rows = [...table.tBodies[0].rows].map(row => [...row.cells].map((_, i) => quoted(valueOf(row, i).trim())));
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
