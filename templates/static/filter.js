// The filter of a page of features, beyond what HTML can: ranges of numbers and days, and searches within texts. They become
// conditions in CQL2 of the parameter `filter`, and come back from it into their fields.

const NAME = (name) => `"${name.replaceAll('"', '""')}"`;
const TEXT = (text) => `'${text.replaceAll("'", "''")}'`;
const PATTERN = (text) => text.replaceAll(/[\\%_]/g, "\\$&");
const DAY = 86_400_000;

const shifted = (day, by) => new Date(Date.parse(`${day}T00:00:00Z`) + by * DAY).toISOString().slice(0, 10);

// What a range says. The last day of instants counts whole: they are before the next.
const LITERALS = {
  integer: [Number, Number],
  number: [Number, Number],
  date: [(day) => `DATE('${day}')`, (day) => `DATE('${day}')`],
  "date-time": [(day) => `TIMESTAMP('${day}T00:00:00Z')`, (day) => `TIMESTAMP('${shifted(day, 1)}T00:00:00Z')`],
};

class Column {
  constructor(field) {
    this.name = field.dataset.column;
    this.type = field.dataset.type;
    this.plain = field.querySelector("input[name]");
    this.how = field.querySelector("[data-how]");
    this.least = field.querySelector("[data-least]");
    this.most = field.querySelector("[data-most]");
    if (this.how) this.how.hidden = false;
    if (this.least) this.showRange();
  }

  showRange() {
    const value = this.plain.value;
    const day = /^\d{4}-\d{2}-\d{2}$/;
    // A value that the range cannot show, such as an instant, stays as it was typed.
    if (value && (this.type === "date-time" || (this.type === "date" && !day.test(value)))) return;
    this.least.value = value;
    this.most.value = value;
    if (value && this.least.value !== value) {
      this.least.value = this.most.value = "";
      return;
    }
    this.plain.value = "";
    this.plain.hidden = true;
    this.least.parentElement.hidden = false;
    this.least.parentElement.classList.add("is-shown-as-range");
    this.least.id = this.plain.id;
    this.plain.removeAttribute("id");
  }

  get isRange() {
    return Boolean(this.least && !this.least.parentElement.hidden);
  }

  // Takes a condition of the filter into the fields; false where they cannot show it, or have one already.
  take({ operator, value }) {
    if (this.how) {
      if (!["contains", "begins with"].includes(operator) || this.plain.value) return false;
      this.how.value = operator;
      this.plain.value = value;
      return true;
    }
    if (!this.isRange) return false;
    const end = { ">=": "least", [this.type === "date-time" ? "<" : "<="]: "most" }[operator];
    if (!end || this[end].value) return false;
    if (this.type === "date-time") {
      if (!value.endsWith("T00:00:00Z")) return false;
      value = end === "most" ? shifted(value.slice(0, 10), -1) : value.slice(0, 10);
    }
    this[end].value = value;
    return this[end].value !== "";
  }

  // The conditions that the fields say, or a value that the column's own parameter has.
  say(data) {
    if (this.how) {
      const text = this.plain.value;
      if (this.how.value === "is" || !text) return [];
      data.delete(this.name);
      const pattern = `${this.how.value === "contains" ? "%" : ""}${PATTERN(text)}%`;
      return [`CASEI(${NAME(this.name)}) LIKE CASEI(${TEXT(pattern)})`];
    }
    if (!this.isRange) return [];
    data.delete(this.name);
    const [least, most] = [this.least.value, this.most.value];
    if (least && least === most && this.type !== "date-time") {
      data.set(this.name, least);
      return [];
    }
    const [from, to] = LITERALS[this.type];
    const said = [];
    if (least) said.push(`${NAME(this.name)} >= ${from(least)}`);
    if (most) said.push(`${NAME(this.name)} ${this.type === "date-time" ? "<" : "<="} ${to(most)}`);
    return said;
  }
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

for (const form of document.querySelectorAll("form[data-composes]")) {
  const columns = [...form.querySelectorAll("[data-column]")].map((field) => new Column(field));
  const expression = form.elements.filter;
  const rest = JSON.parse(form.dataset.composes).filter(
    (condition) => !columns.some((column) => column.name === condition.property && column.take(condition)),
  );
  // With conditions that are not the fields' own only a part of the filter is left to be seen.
  const several = rest.length > 1;
  if (expression && form.dataset.composes !== "[]") {
    expression.value = rest.map(({ text }) => (several ? `(${text})` : text)).join(" AND ");
  }
  form.querySelectorAll("[data-interval]").forEach(interval);

  form.addEventListener("formdata", ({ formData }) => {
    const said = columns.flatMap((column) => column.say(formData));
    if (!said.length) return;
    const own = (expression?.value ?? "").trim();
    formData.set("filter", [...said, ...(own ? [`(${own})`] : [])].join(" AND "));
  });
}
