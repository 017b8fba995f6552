// Makes what lies on both sides of the date line one piece again. RFC 7946 wants such a geometry cut at 180°, and other
// data has it uncut; drawn as it stands, either would span the whole world.

// The two corners of a box of four or six numbers; one that crosses the date line has its west above its east.
export function box(numbers) {
  const half = numbers.length / 2;
  const [west, south] = numbers;
  const [east, north] = [numbers[half], numbers[half + 1]];
  return [[south, west], [north, east < west ? east + 360 : east]];
}

// The parts of a geometry that are each in one piece: lists of positions, the outer ring first.
function parts({ type, coordinates, geometries }) {
  switch (type) {
    case "Point": return [[[coordinates]]];
    case "MultiPoint": return coordinates.map((position) => [[position]]);
    case "LineString": return [[coordinates]];
    case "MultiLineString": return coordinates.map((line) => [line]);
    case "Polygon": return [coordinates];
    case "MultiPolygon": return coordinates;
    case "GeometryCollection": return geometries.filter(Boolean).flatMap(parts);
    default: return [];
  }
}

function geometries(geojson) {
  if (geojson.type === "FeatureCollection") return geojson.features.map((feature) => feature.geometry).filter(Boolean);
  const geometry = geojson.type === "Feature" ? geojson.geometry : geojson;
  return geometry ? [geometry] : [];
}

// Follows a line over the date line: a step of more than half the world was meant the short way round. A level step is
// left alone, for that is the edge of a wide box, such as an extent.
function unwrap(positions) {
  let turn = 0;
  let before = positions[0]?.[0];
  for (let at = 1; at < positions.length; at += 1) {
    const position = positions[at];
    const lon = position[0];
    const step = lon - before;
    const level = position[1] === positions[at - 1][1];
    if (Math.abs(step) > 180 && Math.abs(step) < 360 && !level) turn -= 360 * Math.sign(step);
    before = lon;
    position[0] = lon + turn;
  }
}

// Further round than anybody counts longitudes on.
const FURTHEST = 720;

const isPlaced = (position) => Array.isArray(position[0])
  ? position.every(isPlaced)
  : position.length === 0 || (Math.abs(position[0]) <= FURTHEST && Math.abs(position[1]) <= 90 + 1e-6);

function isOnEarth(geometry) {
  return geometry?.geometries ? geometry.geometries.every(isOnEarth) : isPlaced(geometry?.coordinates ?? []);
}

// Takes the features out that have a place which is none on the Earth: how many there were.
export function takeOut(geojson) {
  if (geojson.type !== "FeatureCollection") {
    const lost = !isOnEarth(geojson.geometry);
    if (lost) geojson.geometry = null;
    return Number(lost);
  }
  const count = geojson.features.length;
  geojson.features = geojson.features.filter((feature) => isOnEarth(feature.geometry));
  return count - geojson.features.length;
}

function range(part) {
  let west = Infinity, east = -Infinity;
  for (const [lon] of part[0] ?? []) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
  }
  return { part, west, east };
}

// Changes the document: parts west of the widest empty stretch move one turn east, if that makes the whole narrower.
export function join(geojson) {
  const all = geometries(geojson).flatMap(parts);
  for (const part of all) part.forEach(unwrap);

  const ranges = all.map(range).filter(({ west }) => Number.isFinite(west)).sort((a, b) => a.west - b.west);
  if (ranges.length < 2) return geojson;
  let reach = -Infinity, gap = 0, from = 0;
  ranges.forEach(({ west, east }, at) => {
    if (at > 0 && west - reach > gap) {
      gap = west - reach;
      from = at;
    }
    reach = Math.max(reach, east);
  });
  const open = 360 - (reach - ranges[0].west);
  if (gap > open && gap > 90) {
    for (const { part } of ranges.slice(0, from)) {
      for (const positions of part) for (const position of positions) position[0] += 360;
    }
  }
  return geojson;
}
