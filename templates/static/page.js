// What forms and lists do beyond HTML. Every page works without it, as long as only filled fields are sent.

// An empty value is an error for the server: a field left empty is not sent.
for (const form of document.querySelectorAll("form[data-sparse]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// A search field shows the members of a list that have all words that were typed.
for (const input of document.querySelectorAll("input[data-finds]")) {
  const list = document.getElementById(input.dataset.finds);
  if (!list) continue;
  const members = [...list.children].map((element) => ({ element, text: element.textContent.toLowerCase() }));
  const find = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { element, text } of members) {
      element.hidden = !words.every((word) => text.includes(word));
      if (!element.hidden) found += 1;
    }
    const none = list.nextElementSibling;
    if (none?.classList.contains("empty-list")) none.hidden = found > 0;
  };
  input.addEventListener("input", find);
  find();
}

// A text that is made to be copied gets a button.
if (navigator.clipboard) {
  for (const text of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent).catch(() => getSelection().selectAllChildren(text));
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    text.after(button);
  }
}

// On paper nothing can be opened: what is folded shows whole, and closes again after.
let opened = [];
// A sheet is so wide; a map is drawn for the size that it has on the screen, and cannot be drawn anew for paper.
const SHEET = 660;
addEventListener("beforeprint", () => {
  for (const map of document.querySelectorAll("div.map")) {
    const { offsetWidth: width, offsetHeight: height } = map;
    Object.assign(map.style, { width: `${width}px`, height: `${height}px`, zoom: Math.min(1, SHEET / width) });
  }
  opened = [...document.querySelectorAll("details.fold:not([open])")];
  for (const fold of opened) fold.open = true;
  for (const link of document.querySelectorAll("main a[href]:not(.url, .key a, thead a, [href^='#'], [href^='?'], [href^='mailto:'])")) {
    link.dataset.address = link.href;
  }
});
addEventListener("afterprint", () => {
  for (const fold of opened) fold.open = false;
  for (const map of document.querySelectorAll("div.map")) Object.assign(map.style, { width: "", height: "", zoom: "" });
});
