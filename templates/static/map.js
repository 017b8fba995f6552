// Maps: each `div.map` shows the GeoJSON of its `data-src`, or the boxes of its `data-bbox`, on a drawn graticule. A table
// row with `data-feature` and the feature of that id light up together. Text from data is only ever set as text.

import { Area, goTo } from "./map-area.js";
import { box, join, takeOut } from "./map-dateline.js";
import { Graticule } from "./map-graticule.js";

// From this many features on a canvas is faster than an element for each.
const MANY = 800;

// Where a whole world is shown, the poles of Mercator's projection would take most of the room.
const SOUTH = -62, NORTH = 84;

// Where that projection ends.
const POLE = 85.06;

function colours(element) {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--map-${name}`).trim();
}

class FeatureMap {
  constructor(place) {
    this.place = place;
    this.layers = new Map();
    this.rows = new Map();
    this.map = L.map(place, { zoomSnap: 0.25, zoomDelta: 0.75, wheelPxPerZoomLevel: 90, attributionControl: false, zoomControl: false });
    L.control.zoom({ position: "topright" }).addTo(this.map);
    this.map.setView([20, 0], 1);
    this.graticule = new Graticule().addTo(this.map);
    const { tiles, attribution } = place.dataset;
    if (tiles) {
      L.tileLayer(tiles, { maxZoom: 19 }).addTo(this.map);
      // The publisher's own setting, which may have links; not data.
      L.control.attribution({ prefix: false }).addAttribution(attribution ?? "").addTo(this.map);
    }
    // What the map shows fits in again where its box has changed, until somebody moves it.
    for (const event of ["pointerdown", "wheel", "keydown"]) {
      place.addEventListener(event, () => (this.isMoved = true), { capture: true, passive: true });
    }
    new ResizeObserver(() => this.resized()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
  }

  resized() {
    this.map.invalidateSize({ animate: false });
    if (this.shown && !this.isMoved) this.fitTo(this.shown);
  }

  fitTo(bounds) {
    this.shown = bounds;
    this.map.fitBounds(bounds.place, { padding: [28, 28], animate: false, ...bounds.options });
  }

  // How a feature looks at rest, and while it or its row is pointed at.
  style(active, isLine = false) {
    const colour = colours(this.place);
    return {
      color: colour(active ? "active" : "feature"),
      fillColor: colour(active ? "active" : "feature"),
      // Leaflet leaves out vertices by default, which turns a circle into a polygon.
      smoothFactor: 0.4,
      weight: active || isLine ? 2.5 : 1.25,
      opacity: 1,
      fillOpacity: active ? 0.35 : 0.16,
    };
  }

  restyle() {
    this.graticule.redraw();
    this.features?.eachLayer((layer) => layer.setStyle(this.style(false, isLine(layer.feature))));
  }

  boxes(list, isEmpty) {
    // A fill would lie over what is drawn there.
    const outline = { ...this.style(false), fill: !isEmpty, fillOpacity: 0.1, dashArray: "6 4", interactive: false };
    this.features = L.featureGroup(list.map((numbers) => L.rectangle(box(numbers), outline))).addTo(this.map);
    this.fit();
  }

  show(geojson, within) {
    const lost = takeOut(geojson);
    const count = geojson.features?.length ?? 1;
    const renderer = count > MANY ? L.canvas({ padding: 0.3 }) : L.svg({ padding: 0.3 });
    for (const row of document.querySelectorAll("tr[data-feature]")) this.rows.set(row.dataset.feature, row);
    this.features = L.geoJSON(join(geojson), {
      style: (feature) => ({ ...this.style(false, isLine(feature)), renderer }),
      pointToLayer: (feature, place) =>
        L.circleMarker(place, { ...this.style(false), radius: 5.5, fillOpacity: 0.45, renderer }),
      onEachFeature: (feature, layer) => this.tie(feature, layer),
    }).addTo(this.map);
    this.tellEnd();
    if (lost) this.tell(`${lost} of the features ${lost > 1 ? "have" : "has"} coordinates that are no place on the Earth.`);
    if (within) this.fitTo({ place: within });
    else this.fit();
  }

  // Ties a feature to its row: what is pointed at in one lights up in the other.
  tie(feature, layer) {
    const id = String(feature.id ?? "");
    const row = this.rows.get(id);
    const light = (on) => {
      layer.setStyle({ ...this.style(on, isLine(feature)), ...(isPoint(feature) && !on ? { fillOpacity: 0.45 } : {}) });
      if (on) layer.bringToFront();
      row?.classList.toggle("is-active", on);
    };
    this.layers.set(id, layer);
    layer.on("mouseover", () => light(true));
    layer.on("mouseout", () => light(false));
    if (feature.properties) layer.bindPopup(() => popup(feature, row), { minWidth: 190, maxWidth: 290, autoPanPadding: [14, 14] });
    if (!row) return;
    layer.on("click", () => reveal(row));
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      row.addEventListener(event, () => light(on));
    }
    row.addEventListener("click", (event) => {
      // A link leads on, and text may be marked to be copied.
      if (!event.target.closest("a, summary") && getSelection().isCollapsed) layer.openPopup();
    });
  }

  // Mercator's projection has no poles: what lies there stands at its edge.
  tellEnd() {
    const isBeyond = (layer) => {
      const bounds = layer.getBounds?.() ?? L.latLngBounds([layer.getLatLng?.()].filter(Boolean));
      return bounds.isValid() && (bounds.getSouth() > POLE || bounds.getNorth() < -POLE);
    };
    if (!this.features.getLayers().some(isBeyond)) return;
    this.tell("This map ends at 85°: what lies nearer to a pole is drawn at its edge.");
  }

  tell(text) {
    this.place.after(element("p", text, "map-end"));
  }

  // What this server draws of a layer.
  drawn(url, layers) {
    L.tileLayer.wms(url, { layers, format: "image/png", transparent: true, version: "1.3.0", maxZoom: 22 }).addTo(this.map);
  }

  fit() {
    const bounds = this.features.getBounds();
    if (!bounds.isValid()) return;
    const south = Math.max(bounds.getSouth(), Math.min(SOUTH, bounds.getNorth()));
    const north = Math.min(bounds.getNorth(), Math.max(NORTH, south));
    const place = L.latLngBounds([south, bounds.getWest()], [north, bounds.getEast()]);
    this.fitTo({ place, options: { maxZoom: 12 } });
  }

  // The part of the world in view, as `west,south,east,north`.
  view() {
    const bounds = this.map.getBounds();
    const wrap = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
    const whole = bounds.getEast() - bounds.getWest() >= 360;
    const west = whole ? -180 : wrap(bounds.getWest());
    const east = whole ? 180 : wrap(bounds.getEast());
    const numbers = [west, Math.max(bounds.getSouth(), -90), east, Math.min(bounds.getNorth(), 90)];
    return numbers.map((number) => Number(number.toFixed(4))).join(",");
  }
}

const isPoint = (feature) => feature?.geometry?.type?.endsWith("Point");
const isLine = (feature) => feature?.geometry?.type?.endsWith("LineString");

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The values of a feature as the page has them, by name: in its row, or in the only list of properties.
function values(row) {
  if (row) return new Map([...row.closest("table").tHead.rows[0].cells].map((head, at) => [head.dataset.name, row.cells[at]]));
  const lists = document.querySelectorAll("table.properties");
  const heads = lists.length === 1 ? lists[0].querySelectorAll("th[data-name]") : [];
  return new Map([...heads].map((head) => [head.dataset.name, head.nextElementSibling]));
}

// A value in a pop-up: what is folded shows its beginning.
function value(content, cell) {
  const made = document.createElement("dd");
  const text = typeof content === "object" ? JSON.stringify(content) : String(content);
  const shown = cell?.firstElementChild;
  if (shown && !shown.matches("details, pre") && text.length <= 80) made.append(shown.cloneNode(true));
  else made.textContent = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return made;
}

function popup(feature, row) {
  const content = document.createElement("div");
  const properties = Object.entries(feature.properties).filter(([, value]) => value !== null);
  const named = properties.find(([key]) => /^(name|title|label)$/i.test(key));
  const name = named?.[1] ?? feature.id ?? "";
  const link = row?.querySelector("th a");
  const title = element(link ? "a" : "strong", String(name), "popup-title");
  if (link) title.href = link.href;
  const list = document.createElement("dl");
  const cells = values(row);
  for (const [key, content] of properties.filter((pair) => pair !== named).slice(0, 6)) {
    list.append(element("dt", key), value(content, cells.get(key)));
  }
  content.append(title, list);
  return content;
}

// Scrolls the table's own box, not the page, until the row is in view.
function reveal(row) {
  const scroll = row.closest(".scroll");
  if (!scroll) return;
  const head = scroll.querySelector("thead")?.offsetHeight ?? 0;
  const over = row.offsetTop - head - scroll.scrollTop;
  const under = row.offsetTop + row.offsetHeight - scroll.clientHeight - scroll.scrollTop;
  if (over < 0) scroll.scrollTop += over;
  else if (under > 0) scroll.scrollTop += under;
}

async function start(place) {
  const map = new FeatureMap(place);
  const { bbox, src, wms, layer, area } = place.dataset;
  place.querySelector(".map-picture")?.remove();
  if (wms) map.drawn(wms, layer);
  if (bbox) map.boxes(JSON.parse(bbox), Boolean(wms));
  const shown = new Area(map.map, place, area);
  for (const tools of place.parentElement.querySelectorAll(".map-tools")) {
    tools.hidden = false;
    tools.querySelector("[data-map-view]")?.addEventListener("click", () => goTo(map.view()));
    const draw = tools.querySelector("[data-map-draw]");
    draw?.addEventListener("click", () => shown.draw(draw));
  }
  for (const button of document.querySelectorAll("button[data-takes-view]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = document.getElementById(button.dataset.takesView);
      input.value = map.view();
      input.focus();
    });
  }
  if (!src) return;
  const note = element("p", "Loading the map’s features …", "map-note");
  note.setAttribute("role", "status");
  place.append(note);
  try {
    const answer = await fetch(src, { headers: { Accept: "application/geo+json, application/json;q=0.9" } });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    map.show(parsed(await answer.text()), shown.bounds);
    note.remove();
  } catch (error) {
    note.textContent = `The map’s features could not be loaded: ${error.message}.`;
  }
}

// Numbers beyond 2^53 would be rounded, and an id led to another feature: whole numbers that long become text.
function parsed(json) {
  const long = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
  return JSON.parse(json.replace(long, (found) => (found[0] === '"' ? found : `"${found}"`)));
}

if (globalThis.L) {
  for (const place of document.querySelectorAll("div.map[data-src], div.map[data-bbox]")) start(place);
}
