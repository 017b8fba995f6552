"""What OWSLib reads of a server, as JSON: each service in each version."""

import json
import sys

from owslib.wcs import WebCoverageService
from owslib.ogcapi.features import Features
from owslib.wfs import WebFeatureService
from owslib.wms import WebMapService

url = sys.argv[1] + "/ows"
world = {"srs": "EPSG:4326", "bbox": (-180, -90, 180, 90), "size": (360, 180), "format": "image/png"}
told = {}
equals = "<Filter><PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>Bern</Literal></PropertyIsEqualTo></Filter>"
for version in ("1.0.0", "1.1.0", "2.0.0"):
    wfs = WebFeatureService(url, version=version)
    name = next(name for name in wfs.contents if name.endswith("cities"))
    some = wfs.getfeature(typename=[name], maxfeatures=3, outputFormat="application/geo+json").read()
    box = wfs.getfeature(typename=[name], bbox=(7, 46, 9, 48)).read().decode()
    filtered = wfs.getfeature(typename=[name], filter=equals, outputFormat="application/geo+json").read()
    posted = wfs.getfeature(typename=[name], method="Post", maxfeatures=3).read() if version != "1.0.0" else b""
    schema = wfs.get_schema(name)
    told["wfs " + version] = {
        "title": wfs.identification.title,
        "box": wfs.contents[name].boundingBoxWGS84,
        "some": len(json.loads(some)["features"]),
        "in the box": box.count("Bern"),
        "filtered": len(json.loads(filtered)["features"]),
        "posted": posted.count(b":name>") // 2,
        "schema": [sorted(schema["properties"]), schema["geometry"]],
    }
for version in ("1.1.1", "1.3.0"):
    wms = WebMapService(url, version=version)
    picture = wms.getmap(layers=["countries"], styles=[""], **world)
    point = {"query_layers": ["countries"], "info_format": "application/json", "xy": (190, 28)}
    info = json.loads(wms.getfeatureinfo(layers=["countries"], **point, **world).read())
    told["wms " + version] = {
        "title": wms.identification.title,
        "box": wms["countries"].boundingBoxWGS84,
        "type": picture.info()["Content-Type"],
        "there": [feature["properties"]["name"] for feature in info["features"]],
    }
for version in ("1.0.0", "2.0.1"):
    wcs = WebCoverageService(url, version=version)
    if version == "1.0.0":
        size = {"crs": "EPSG:4326", "width": 10, "height": 10, "format": "GeoTIFF"}
        got = wcs.getCoverage(identifier="elevation", bbox=(-84.4, 36.5, -84.3, 36.6), **size)
    else:
        subsets = [("Long", -84.4, -84.3), ("Lat", 36.5, 36.6)]
        got = wcs.getCoverage(identifier=["elevation"], format="image/tiff", subsets=subsets)
    told["wcs " + version] = {"ids": sorted(wcs.contents), "starts": got.read()[:2].decode("latin1")}
cities = Features(sys.argv[1] + "/ogcapi")
condition = {"op": "=", "args": [{"property": "name"}, "Bern"]}
told["features"] = {
    "by text": cities.collection_items("cities", filter="name = 'Bern'")["numberMatched"],
    "by json": cities.collection_items("cities", cql=condition, limit=5)["numberMatched"],
    "in the box": len(cities.collection_items("cities", bbox=[7, 46, 9, 48], limit=5)["features"]),
}
print(json.dumps(told))
