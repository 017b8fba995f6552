// The viewer: the layers of the list on one map, drawn by this server's WMS in one request a tile, or in several where there
// are more layers than the WMS draws at once. What is shown, in which order, how strongly, and where, stands in the address, so that it can be kept and sent.

import { box } from "./map-dateline.js";
import { Graticule } from "./map-graticule.js";

const RADIUS = 6_378_137;
const place = document.getElementById("viewer");
const list = document.getElementById("layer-list");
const says = document.getElementById("viewer-says");

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

class LayerRow {
  constructor(row, changed) {
    this.row = row;
    this.id = row.dataset.layer;
    // Commas divide names in WMS, where they stand so.
    this.name = this.id.replaceAll(",", "_x002C_");
    this.title = row.dataset.title;
    this.check = row.querySelector("[data-shows]");
    this.range = row.querySelector("[data-opacity]");
    this.check.disabled = false;
    row.querySelector(".layer-tools").hidden = false;
    row.querySelector(".opacity").hidden = false;
    this.check.addEventListener("change", changed);
    this.range.addEventListener("input", changed);
    this.settle();
  }

  get shown() {
    return this.check.checked;
  }

  get opacity() {
    return Number(this.range.value) / 100;
  }

  set(shown, opacity = 1) {
    this.check.checked = shown;
    this.range.value = Math.round(opacity * 100);
    this.settle();
  }

  settle() {
    this.row.classList.toggle("is-shown", this.shown);
  }
}

class Viewer {
  constructor() {
    const changed = () => this.draw();
    this.rows = [...list.children].map((row) => new LayerRow(row, changed));
    this.map = L.map(place, { zoomSnap: 0.25, zoomDelta: 0.75, wheelPxPerZoomLevel: 90, attributionControl: false, zoomControl: false });
    L.control.zoom({ position: "topright" }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.attribution = L.control.attribution({ prefix: false }).addTo(this.map);
    const { tiles, attribution } = place.dataset;
    if (tiles) {
      L.tileLayer(tiles, { maxZoom: 22, maxNativeZoom: 19 }).addTo(this.map);
      // The publisher's own setting, which may have links; not data.
      this.attribution.addAttribution(attribution ?? "");
    }
    place.querySelector(".map-picture")?.remove();
    this.graticule = new Graticule().addTo(this.map);
    this.read();
    list.addEventListener("click", (event) => this.press(event));
    this.map.on("moveend", () => this.write());
    this.map.on("click", (event) => this.ask(event));
    // With the arrows one moves the map, so that a place is in its middle.
    place.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === place) this.ask({ latlng: this.map.getCenter() });
    });
    addEventListener("hashchange", () => {
      if (location.hash !== this.written) this.read();
    });
    new ResizeObserver(() => this.map.invalidateSize()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.graticule.redraw());
  }

  // The order of the list, the uppermost first.
  get ordered() {
    const at = new Map(this.rows.map((row) => [row.row, row]));
    return [...list.children].map((row) => at.get(row));
  }

  // #map=zoom/lat/lon&layers=a,b@60: the uppermost first, with the opacity in percent where that is not all.
  read() {
    const state = new URLSearchParams(location.hash.slice(1));
    if (state.has("layers")) {
      const named = state.get("layers").split(",").filter(Boolean).map((text) => {
        const [, id, opacity] = /^(.*?)(?:@(\d{1,3}))?$/.exec(text);
        return [decodeURIComponent(id), opacity ? Math.min(Number(opacity), 100) / 100 : 1];
      });
      const wanted = named.map(([id, opacity]) => [this.rows.find((row) => row.id === id), opacity]).filter(([row]) => row);
      for (const row of this.rows) row.set(false, row.opacity);
      for (const [row, opacity] of wanted.toReversed()) {
        row.set(true, opacity);
        list.prepend(row.row);
      }
    }
    const [zoom, lat, lon] = (state.get("map") ?? "").split("/").map(Number);
    if (Number.isFinite(zoom + lat + lon)) this.map.setView([lat, lon], zoom, { animate: false });
    else if (!this.map._loaded) this.start();
    this.draw();
  }

  start() {
    const boxes = this.rows.filter((row) => row.shown && row.row.dataset.bbox).map((row) => L.latLngBounds(box(numbers(row))));
    const all = boxes.reduce((whole, bounds) => whole.extend(bounds), L.latLngBounds([]));
    if (all.isValid()) this.fit(all);
    else this.map.setView([20, 0], 1.5);
  }

  fit(bounds) {
    // The poles of Mercator's projection would take most of the room.
    const south = Math.max(bounds.getSouth(), Math.min(-62, bounds.getNorth()));
    const north = Math.min(bounds.getNorth(), Math.max(84, south));
    this.map.fitBounds([[south, bounds.getWest()], [north, bounds.getEast()]], { padding: [24, 24], maxZoom: 11, animate: false });
  }

  write() {
    const { lat, lng } = this.map.getCenter();
    const layers = this.ordered.filter((row) => row.shown)
      .map((row) => encodeURIComponent(row.id) + (row.opacity < 1 ? `@${Math.round(row.opacity * 100)}` : ""));
    const digits = Math.max(2, Math.ceil(this.map.getZoom() / 3));
    this.written = `#map=${this.map.getZoom()}/${lat.toFixed(digits)}/${lng.toFixed(digits)}&layers=${layers.join(",").replaceAll("%", "%25")}`;
    history.replaceState(null, "", this.written);
  }

  // What is asked of the WMS, which draws the first named first.
  get wanted() {
    return this.ordered.filter((row) => row.shown && row.opacity > 0).toReversed();
  }

  draw() {
    for (const row of this.rows) row.settle();
    for (const { row } of this.rows) {
      row.querySelector("[data-up]").ariaDisabled = String(!row.previousElementSibling);
      row.querySelector("[data-down]").ariaDisabled = String(!row.nextElementSibling);
    }
    const wanted = this.wanted;
    const pictures = parts(wanted).map((some) => ({
      layers: some.map((row) => row.name).join(","),
      styles: "",
      opacities: some.map((row) => Math.round(row.opacity * 255)).join(","),
    }));
    const key = JSON.stringify(pictures);
    if (key !== this.key) {
      this.key = key;
      clearTimeout(this.timer);
      // A slider moves on for a while.
      this.timer = setTimeout(() => this.show(wanted, pictures), this.drawn ? 150 : 0);
    }
    this.write();
  }

  show(wanted, pictures) {
    const old = this.drawn ?? [];
    const end = () => old.forEach((layer) => layer.remove());
    for (const text of this.credits ?? []) this.attribution.removeAttribution(text);
    this.credits = [...new Set(wanted.map((row) => row.row.dataset.attribution).filter(Boolean))].map((text) => element("span", text).innerHTML);
    for (const text of this.credits) this.attribution.addAttribution(text);
    let waiting = pictures.length;
    if (!waiting) end();
    this.drawn = pictures.map((params) => {
      // At zoom 1 the world is one such tile; below, a tile would be wider than the world and as high.
      const options = { ...params, format: "image/png", transparent: true, version: "1.3.0", tileSize: 512, minNativeZoom: 1, maxZoom: 22 };
      const made = L.tileLayer.wms(place.dataset.wms, options);
      // The old map stays until the new one is there.
      made.once("load", () => --waiting || end());
      made.on("tileerror", () => this.say("A part of the map could not be drawn."));
      return made.addTo(this.map);
    });
    setTimeout(end, 4000);
  }

  say(text) {
    says.textContent = text;
  }

  press(event) {
    const button = event.target.closest("button");
    const row = button && this.rows.find((row) => row.row.contains(button));
    if (!row) return;
    if ("zoom" in button.dataset) this.zoomTo(row);
    else this.move(row, "up" in button.dataset ? -1 : 1, button);
  }

  move(row, by, button) {
    const other = by < 0 ? row.row.previousElementSibling : row.row.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(row.row);
    else other.after(row.row);
    button.focus();
    this.say(`${row.title}: ${[...list.children].indexOf(row.row) + 1} of ${list.children.length}`);
    this.draw();
  }

  // One whose extent was not measured when the page was made is asked for it.
  async zoomTo(row) {
    if (!row.row.dataset.bbox && row.row.dataset.about) {
      const answer = await fetch(row.row.dataset.about, { headers: { Accept: "application/json" } });
      const bbox = answer.ok && (await answer.json()).extent?.spatial?.bbox?.[0];
      if (bbox) row.row.dataset.bbox = bbox.join(",");
    }
    if (row.row.dataset.bbox) this.fit(L.latLngBounds(box(numbers(row))));
    else this.say(`Where ${row.title} is, is not known.`);
    if (!row.shown) {
      row.set(true, row.opacity);
      this.draw();
    }
  }

  async ask({ latlng }) {
    const wanted = this.wanted.toReversed();
    if (!wanted.length) return;
    const popup = L.popup({ minWidth: 200, maxWidth: 320, maxHeight: 320 }).setLatLng(latlng).setContent(element("p", "Asking …")).openOn(this.map);
    const size = this.map.getSize();
    const at = this.map.latLngToContainerPoint(latlng);
    const corner = (point) => {
      const { lat, lng } = this.map.containerPointToLatLng(point);
      return [RADIUS * lng * (Math.PI / 180), RADIUS * Math.log(Math.tan(Math.PI / 4 + lat * (Math.PI / 360)))];
    };
    const [left, bottom] = corner([0, size.y]);
    const [right, top] = corner([size.x, 0]);
    const query = {
      SERVICE: "WMS", VERSION: "1.3.0", REQUEST: "GetFeatureInfo", STYLES: "", CRS: "EPSG:3857",
      BBOX: [left, bottom, right, top].join(","), WIDTH: size.x, HEIGHT: size.y, I: Math.round(at.x), J: Math.round(at.y),
      INFO_FORMAT: "text/html", FEATURE_COUNT: 5,
    };
    const page = async (some) => {
      const names = some.map((row) => row.name).join(",");
      const url = new URL(place.dataset.wms, location.href);
      for (const [name, value] of Object.entries({ ...query, LAYERS: names, QUERY_LAYERS: names })) url.searchParams.set(name, value);
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      return new DOMParser().parseFromString(await answer.text(), "text/html");
    };
    try {
      popup.setContent(this.told(await Promise.all(parts(wanted).map(page)), wanted));
    } catch (error) {
      popup.setContent(element("p", `What is here could not be asked: ${error.message}.`));
    }
  }

  // What the server's pages of features at a point have, each feature with the way to its own page.
  told(pages, wanted) {
    const content = document.createElement("div");
    for (const section of pages.flatMap((page) => [...page.querySelectorAll("section[data-layer]")])) {
      const row = wanted.find((row) => row.id === section.dataset.layer);
      content.append(element("p", row?.title ?? section.dataset.layer, "popup-layer"));
      for (const table of section.querySelectorAll("table")) {
        const link = row && this.link(table, row);
        table.caption?.remove();
        content.append(...(link ? [link] : []), document.adoptNode(table));
      }
    }
    return content.hasChildNodes() ? content : element("p", "There is nothing here.");
  }

  link(table, row) {
    const id = table.dataset.feature;
    if (!row.row.dataset.items || !id) return null;
    const named = [...table.rows].find((row) => /^(name|title|label)$/i.test(row.dataset.name) && row.querySelector(".text"));
    const link = element("a", named?.cells[1].textContent.trim() || id, "popup-title");
    named?.remove();
    const items = new URL(row.row.dataset.items, location.href);
    items.pathname += `/${encodeURIComponent(id)}`;
    link.href = items;
    return link;
  }
}

// As many at once as the WMS draws.
const parts = (rows) => {
  const most = Number(place.dataset.most) || rows.length;
  return Array.from({ length: Math.ceil(rows.length / most) }, (_, at) => rows.slice(at * most, (at + 1) * most));
};

const numbers = (row) => row.row.dataset.bbox.split(",").map(Number);

if (globalThis.L && place) {
  document.querySelector(".viewer-split").classList.add("is-live");
  new Viewer();
}
