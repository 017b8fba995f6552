// The area of a page's filter: its outline on the map, and a box that is drawn to become it.

import { box } from "./map-dateline.js";

// Follows the page's own address with another area; what depends on the old one goes.
export function goTo(bbox) {
  const url = new URL(location.href);
  for (const name of ["offset", "cursor", "bbox-crs"]) url.searchParams.delete(name);
  url.searchParams.set("bbox", bbox);
  location.assign(url);
}

const wrapped = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;

// A box as `west,south,east,north`.
function numbers(bounds) {
  const isWhole = bounds.getEast() - bounds.getWest() >= 360;
  const [west, east] = isWhole ? [-180, 180] : [wrapped(bounds.getWest()), wrapped(bounds.getEast())];
  const all = [west, Math.max(bounds.getSouth(), -90), east, Math.min(bounds.getNorth(), 90)];
  return all.map((number) => Number(number.toFixed(4))).join(",");
}

export class Area {
  constructor(map, place, text) {
    this.map = map;
    const list = (text ?? "").split(",").map(Number);
    if (![4, 6].includes(list.length) || list.some(Number.isNaN)) return;
    this.bounds = L.latLngBounds(box(list));
    L.rectangle(this.bounds, this.style(place)).addTo(map);
  }

  style(place) {
    const colour = getComputedStyle(place).getPropertyValue("--map-active").trim();
    return { color: colour, weight: 1.5, fill: false, dashArray: "6 4", interactive: false };
  }

  // Lets one drag a box on the map; pressing the button again, or Escape, ends that.
  draw(button) {
    if (this.stop) return this.stop();
    const { map } = this;
    const place = map.getContainer();
    const at = (event) => map.mouseEventToLatLng(event);
    let start = null;
    let drawn = null;
    const down = (event) => {
      if (event.button || event.target.closest(".leaflet-control")) return;
      start = at(event);
      drawn = L.rectangle([start, start], this.style(place)).addTo(map);
      place.setPointerCapture(event.pointerId);
      event.preventDefault();
    };
    const move = (event) => drawn?.setBounds(L.latLngBounds(start, at(event)));
    const up = () => {
      const bounds = drawn?.getBounds();
      this.stop();
      // A click without a box is none.
      if (bounds && bounds.getEast() > bounds.getWest() && bounds.getNorth() > bounds.getSouth()) goTo(numbers(bounds));
    };
    const key = (event) => event.key === "Escape" && this.stop();
    const events = [[place, "pointerdown", down], [place, "pointermove", move], [place, "pointerup", up], [document, "keydown", key]];
    for (const [target, name, call] of events) target.addEventListener(name, call);
    map.dragging.disable();
    map.boxZoom.disable();
    place.classList.add("is-drawing");
    button.setAttribute("aria-pressed", "true");
    this.stop = () => {
      for (const [target, name, call] of events) target.removeEventListener(name, call);
      drawn?.remove();
      map.dragging.enable();
      map.boxZoom.enable();
      place.classList.remove("is-drawing");
      button.setAttribute("aria-pressed", "false");
      this.stop = null;
    };
  }
}
