// The filter of a page of features, beyond what HTML can: how a text is compared, and days in the place of an interval.

// How a text is compared is the name of its field.
for (const how of document.querySelectorAll("select[data-names]")) {
  const field = document.getElementById(how.dataset.names);
  how.hidden = false;
  field.placeholder = "";
  // Back on the page the browser fills in again what was chosen.
  const name = () => (field.name = how.value);
  how.addEventListener("change", name);
  // Whoever takes a value that is offered means that value, not all that have it in them.
  const offered = new Set([...(field.list?.options ?? [])].map((option) => option.value));
  field.addEventListener("change", () => {
    const whole = [...how.options].find((option) => option.text === "is");
    if (!whole || !offered.has(field.value) || how.selectedIndex) return;
    how.value = whole.value;
    name();
  });
  addEventListener("pageshow", name);
}

// Two days in the place of an interval; one that has more than days stays as it was typed.
function interval(field) {
  const plain = field.querySelector("input[name]");
  const [least, most] = [field.querySelector("[data-least]"), field.querySelector("[data-most]")];
  const value = plain.value;
  const ends = value.includes("/") ? value.split("/") : [value, value];
  const days = ends.map((end) => (end === ".." ? "" : end.replace(/T(00:00:00|23:59:59)Z$/, "")));
  if (days.some((day) => day && !/^\d{4}-\d{2}-\d{2}$/.test(day))) return;
  [least.value, most.value] = days;
  least.parentElement.hidden = false;
  plain.hidden = true;
  field.querySelector(".hint").hidden = true;
  least.id = plain.id;
  plain.removeAttribute("id");
  const say = () => {
    const [from, to] = [least.value, most.value];
    plain.value = from === to ? from : `${from || ".."}/${to || ".."}`;
  };
  least.addEventListener("input", say);
  most.addEventListener("input", say);
}

document.querySelectorAll("[data-interval]").forEach(interval);
