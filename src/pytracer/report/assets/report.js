// A click on a heading sorts its table; another one the other way round.
for (const heading of document.querySelectorAll("th")) {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
        const falling = heading.getAttribute("aria-sort") !== "descending";
        for (const other of heading.parentNode.children) {
            other.removeAttribute("aria-sort");
        }
        heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
        const body = heading.closest("table").tBodies[0];
        const cell = (row) => row.cells[heading.cellIndex].textContent;
        const known = (row) => (heading.className === "number" ? !Number.isNaN(parseFloat(cell(row))) : true);
        const order = (a, b) =>
            heading.className === "number" ? parseFloat(cell(a)) - parseFloat(cell(b)) : cell(a).localeCompare(cell(b));
        const rows = [...body.rows];
        const sorted = rows.filter(known).sort((a, b) => (falling ? order(b, a) : order(a, b)));
        body.append(...sorted, ...rows.filter((row) => !known(row))); // what was not measured stays last
    });
}
