// Filters the rows of a table by the words typed. Every word must stand in the row.
for (const search of document.querySelectorAll(".search")) {
  const rows = [...document.getElementById(search.dataset.table).tBodies].flatMap((body) => [...body.rows]);
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const input = search.querySelector("input");
  const status = search.querySelector("[role=status]");
  const filter = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !wanted.every((word) => texts[index].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    status.textContent = wanted.length ? `${shown} of ${rows.length}` : "";
  };
  input.addEventListener("input", filter);
  search.hidden = false;
  filter();
}
