// The graticule: lines of latitude and longitude with their degrees, and a map's frame whose bars are as long as its steps.

// Steps in seconds of arc, so that lines stand at whole degrees, minutes or seconds.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000, 54000, 108000, 216000];

// Lines stand at least this far apart, in pixels.
const APART = 78;

// The frame's width, in pixels.
const FRAME = 5;

// Mercator's projection ends here.
const POLE = 85.0511;

// `12°30′ E` for a number of seconds of arc.
function label(seconds, sides) {
  const turn = 360 * 3600;
  let rest = sides === "EW" ? ((((seconds + turn / 2) % turn) + turn) % turn) - turn / 2 : seconds;
  const side = rest > 0 ? sides[0] : sides[1];
  const none = rest === 0 || Math.abs(rest) === turn / 2;
  rest = Math.abs(rest);
  const [degrees, minutes, last] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  const two = (number) => String(number).padStart(2, "0");
  const text = `${degrees}°${minutes || last ? `${two(minutes)}′` : ""}${last ? `${two(last)}″` : ""}`;
  return none ? text : `${text} ${side}`;
}

export const Graticule = globalThis.L?.Layer.extend({
  onAdd(map) {
    this.lines = this.canvas(map, "graticule", 350);
    this.frame = this.canvas(map, "graticule-frame", 450);
    this.redraw();
  },

  onRemove() {
    this.lines.remove();
    this.frame.remove();
  },

  getEvents() {
    return { move: this.redraw, zoomend: this.redraw, resize: this.redraw, viewreset: this.redraw };
  },

  canvas(map, name, height) {
    const pane = map.getPane(name) ?? map.createPane(name);
    pane.style.zIndex = height;
    pane.style.pointerEvents = "none";
    // While a zoom is animated the lines would stand still below the features.
    return L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
  },

  // A canvas of the map's size, cleared, in the screen's own pixels.
  pen(canvas, size) {
    const scale = devicePixelRatio || 1;
    canvas.width = size.x * scale;
    canvas.height = size.y * scale;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, this._map.containerPointToLayerPoint([0, 0]));
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    return pen;
  },

  redraw() {
    const map = this._map;
    const size = map?.getSize();
    if (!size?.x || !size.y) return;
    const style = getComputedStyle(map.getContainer());
    const colour = (name) => style.getPropertyValue(`--map-${name}`).trim();

    const pixel = (360 * 3600) / map.project([0, 180]).subtract(map.project([0, -180])).x;
    const step = STEPS.find((seconds) => seconds / pixel >= APART) ?? STEPS.at(-1);
    const bounds = map.getBounds();
    const x = (seconds) => map.latLngToContainerPoint([0, seconds / 3600]).x;
    const y = (seconds) => map.latLngToContainerPoint([Math.max(-POLE, Math.min(POLE, seconds / 3600)), 0]).y;
    const steps = (from, to) => {
      const list = [];
      for (let at = Math.floor(from * 3600 / step); at * step <= to * 3600 + step; at += 1) list.push(at);
      return list;
    };
    const lons = steps(bounds.getWest(), bounds.getEast());
    const lats = steps(Math.max(bounds.getSouth(), -POLE), Math.min(bounds.getNorth(), POLE))
      .filter((at) => Math.abs(at * step) <= 90 * 3600);

    const pen = this.pen(this.lines, size);
    pen.lineWidth = 1;
    const line = (seconds, x1, y1, x2, y2) => {
      // The equator and the zero meridian are drawn a little stronger.
      pen.strokeStyle = colour(seconds === 0 ? "axis" : "line");
      pen.beginPath();
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      pen.stroke();
    };
    const crisp = (number) => Math.round(number) + 0.5;
    for (const at of lons) line(at * step, crisp(x(at * step)), 0, crisp(x(at * step)), size.y);
    for (const at of lats) line(at * step, 0, crisp(y(at * step)), size.x, crisp(y(at * step)));
    this.drawFrame(this.pen(this.frame, size), size, { step, lons, lats, x, y, colour });
  },

  drawFrame(pen, size, { step, lons, lats, x, y, colour }) {
    pen.fillStyle = colour("frame-paper");
    for (const [left, top, width, height] of [
      [0, 0, size.x, FRAME], [0, size.y - FRAME, size.x, FRAME], [0, 0, FRAME, size.y], [size.x - FRAME, 0, FRAME, size.y],
    ]) pen.fillRect(left, top, width, height);
    pen.fillStyle = colour("frame");
    const bar = (from, to, end) => [Math.max(from, FRAME), Math.min(to, end - FRAME)];
    for (const at of lons.filter((at) => at % 2 === 0)) {
      const [left, right] = bar(x(at * step), x((at + 1) * step), size.x);
      if (right > left) for (const top of [0, size.y - FRAME]) pen.fillRect(left, top, right - left, FRAME);
    }
    for (const at of lats.filter((at) => at % 2 === 0)) {
      const [top, bottom] = bar(y((at + 1) * step), y(at * step), size.y);
      if (bottom > top) for (const left of [0, size.x - FRAME]) pen.fillRect(left, top, FRAME, bottom - top);
    }

    pen.font = "500 11px ui-sans-serif, system-ui, sans-serif";
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    const write = (text, left, top) => {
      pen.strokeStyle = colour("water");
      pen.strokeText(text, left, top);
      pen.fillStyle = colour("label");
      pen.fillText(text, left, top);
    };
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    // Below the scale nothing could be read.
    const scale = this._map.getContainer().querySelector(".leaflet-control-scale");
    const end = size.x - (scale ? scale.offsetWidth + 44 : 24);
    let last = -Infinity;
    for (const at of lons) {
      const left = x(at * step);
      if (left <= 60 || left >= end || left - last < 56) continue;
      last = left;
      write(label(at * step, "EW"), left, size.y - FRAME - 3);
    }
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (const at of lats) {
      const top = y(at * step);
      if (top > 20 && top < size.y - 30) write(label(at * step, "NS"), FRAME + 4, top);
    }
  },
});
