// Filter and sort the findings. Everything else on the page works without this.
const body = document.querySelector("#table tbody");
if (body) {
  const rows = [...body.rows], all = rows.map((row) => row.textContent.toLowerCase());
  const words = document.getElementById("words"), picks = [...document.querySelectorAll("[data-filter]")];
  const cell = (row, name) => row.querySelector("." + name).textContent;

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      const fits = wanted.every((word) => all[index].includes(word))
        && picks.every((pick) => !pick.value || cell(row, pick.dataset.filter) === pick.value);
      row.hidden = !fits;
      shown += fits;
    });
    document.getElementById("count").textContent = shown.toLocaleString("en");
    document.getElementById("none").hidden = shown > 0;
  };

  const value = (row, name) => {
    if (name === "money") return Number(row.dataset.money);
    if (name === "days") return Number(cell(row, name)) || 0;
    return cell(row, name).toLowerCase();
  };

  const sort = (head) => {
    const name = head.dataset.sort, number = name === "money" || name === "days";
    const down = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : number;
    document.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = rows.map((row) => [value(row, name), row]);
    order.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    body.append(...order.map(([, row]) => row));
  };

  document.querySelectorAll("th[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head));
  });
  words.addEventListener("input", filter);
  picks.forEach((pick) => pick.addEventListener("change", filter));
  document.getElementById("clear").addEventListener("click", () => {
    words.value = "";
    picks.forEach((pick) => { pick.value = ""; });
    filter();
  });
  document.getElementById("filters").hidden = false;
}
