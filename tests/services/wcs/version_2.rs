//! WCS 2.0.1.

use super::*;

const GET: &str = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=elevation";

#[test]
fn the_whole_is_the_very_file() {
    let read = opened(ask(GET));
    assert_eq!(read.size(), (403, 344));
    assert_eq!(read.values(1), window(Path::new(ELEVATION), 1, (0, 0), (403, 344)));
    let file = Dataset::open(ELEVATION).unwrap();
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
    assert!(read.place().iter().zip(&file.geo_transform().unwrap()).all(near), "{:?}", read.place());
    assert_eq!(read.dataset.spatial_ref().unwrap().auth_code().unwrap(), 4326);
    let band = read.dataset.rasterband(1).unwrap();
    assert_eq!((band.no_data_value(), band.unit()), (Some(-32768.0), "m".to_owned()));
}

#[test]
fn a_piece_in_every_spelling_of_its_axes() {
    // From the centre of the first pixel to that of the last.
    let (left, top, side) = (-84.413_75, 36.732_916_666_666_67, 1.0 / 1200.0);
    let (x, y) = (|at: f64| left + at * side, |at: f64| top - at * side);
    let wanted = window(Path::new(ELEVATION), 1, (17, 33), (40, 30));
    let (west, east, south, north) = (x(17.5), x(56.5), y(62.5), y(33.5));
    for subset in [
        format!("SUBSET=Lat({south},{north})&SUBSET=Long({west},{east})"),
        format!("subset=y({south},{north}),x({west},{east})"),
        format!("SUBSET=N({south},{north})&subset=E({west},{east})"),
        "SUBSET=i(17,56)&SUBSET=j(33,62)".to_owned(),
        format!(
            "SUBSET=latitude,http://www.opengis.net/def/crs/EPSG/0/4326({south},{north})&SUBSET=lon({west},{east})"
        ),
        format!("SUBSET=Lat({south},{north})&SUBSET=Long({west},{east})&SUBSETTINGCRS=urn:ogc:def:crs:EPSG::4326"),
    ] {
        let read = opened(ask(&format!("{GET}&{subset}")));
        assert_eq!(read.size(), (40, 30), "{subset}");
        assert_eq!(read.values(1), wanted, "{subset}");
        assert!((read.place()[0] - x(17.0)).abs() < 1e-9 && (read.place()[3] - y(33.0)).abs() < 1e-9);
    }
    let slice = opened(ask(&format!("{GET}&SUBSET=Lat({north})")));
    assert_eq!((slice.size(), slice.values(1)), ((403, 1), window(Path::new(ELEVATION), 1, (0, 33), (403, 1))));
    let open = opened(ask(&format!("{GET}&SUBSET=Long({east},*)")));
    assert_eq!(open.size(), (403 - 56, 344));
}

#[test]
fn sizes_and_scales() {
    for (scale, size) in [
        ("SCALEFACTOR=0.5", (202, 172)),
        ("SCALEAXES=Lat(2),Long(0.5)", (202, 688)),
        ("SCALESIZE=Long(10),Lat(7)", (10, 7)),
        ("SCALESIZE=i(10)", (10, 344)),
        ("SCALEEXTENT=Long(5:24),Lat(0:9)", (20, 10)),
        ("SCALESIZE=http://www.opengis.net/def/axis/OGC/1/i(3)", (3, 344)),
    ] {
        assert_eq!(opened(ask(&format!("{GET}&{scale}"))).size(), size, "{scale}");
    }
    let mean = |read: Read| read.values(1).iter().sum::<f64>() / (10.0 * 7.0);
    let average = mean(opened(ask(&format!("{GET}&SCALESIZE=Long(10),Lat(7)&INTERPOLATION=average"))));
    let all = window(Path::new(ELEVATION), 1, (0, 0), (403, 344));
    assert!((average - all.iter().sum::<f64>() / all.len() as f64).abs() < 5.0, "{average}");
}

#[test]
fn bands_by_name_and_by_run() {
    let get = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=picture";
    for (bands, wanted) in
        [("band3", &[3][..]), ("band2,band1", &[2, 1]), ("band1:band3", &[1, 2, 3]), ("band3,band1:band2", &[3, 1, 2])]
    {
        let read = opened(ask(&format!("{get}&RANGESUBSET={bands}")));
        assert_eq!(read.dataset.raster_count(), wanted.len());
        for (at, band) in wanted.iter().enumerate() {
            assert_eq!(read.values(at + 1), window(&picture(), *band, (0, 0), (80, 60)), "{bands}");
        }
    }
}

#[test]
fn another_system_lies_where_gdal_says() {
    let read = opened(ask(&format!("{GET}&OUTPUTCRS=EPSG:32616&INTERPOLATION=linear")));
    assert_eq!(read.dataset.spatial_ref().unwrap().auth_code().unwrap(), 32616);
    let warped = made("warped.tif", |path| {
        let [x, dx, _, y, _, dy] = read.place();
        let (width, height) = read.size();
        let edges = [x, y + dy * height as f64, x + dx * width as f64, y].map(|edge| edge.to_string());
        let size = [width.to_string(), height.to_string()];
        let mut args = vec!["-q", "-t_srs", "EPSG:32616", "-r", "bilinear", "-te"];
        args.extend(edges.iter().map(String::as_str));
        args.extend(["-ts", &size[0], &size[1], ELEVATION, path.to_str().unwrap()]);
        crate::harness::gdal::run("gdalwarp", &args);
    });
    let theirs = window(&warped, 1, (0, 0), read.size());
    let both: Vec<(f64, f64)> =
        read.values(1).into_iter().zip(theirs).filter(|(a, b)| *a > -9999.0 && *b > -9999.0).collect();
    assert!(both.len() > 100_000);
    let off = both.iter().map(|(a, b)| (a - b).abs()).sum::<f64>() / both.len() as f64;
    assert!(off < 0.5, "a metre of height is one of the very steep ones: {off}");
}

#[test]
fn pixels_that_are_not_there_are_masked_where_no_value_stands_for_them() {
    let get = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=picture";
    let read = opened(ask(&format!("{get}&OUTPUTCRS=EPSG:32633")));
    let (mask, values) = (read.mask(), read.values(1));
    assert!(mask.contains(&false) && mask.contains(&true));
    assert!(values.iter().zip(&mask).all(|(value, is_there)| *is_there || *value == 0.0));
    let whole = opened(ask(get));
    assert!(!whole.mask().contains(&false));
    assert_eq!(whole.dataset.raster_count(), 3);
}

#[test]
fn xml_asks_as_keys_do() {
    let keys = ask(&format!(
        "{GET}&SUBSET=i(17,56)&SUBSET=Lat(36.5,36.6)&SCALESIZE=Long(10),Lat(7)&INTERPOLATION=linear&OUTPUTCRS=http://www.opengis.net/def/crs/EPSG/0/3857&RANGESUBSET=elevation"
    ));
    let xml = post(
        r#"<wcs:GetCoverage xmlns:wcs="http://www.opengis.net/wcs/2.0" xmlns:s="http://www.opengis.net/wcs/scaling/1.0"
             xmlns:r="http://www.opengis.net/wcs/range-subsetting/1.0" xmlns:i="http://www.opengis.net/wcs/interpolation/1.0"
             xmlns:c="http://www.opengis.net/wcs/crs/1.0" service="WCS" version="2.0.1">
             <wcs:Extension>
               <s:ScaleToSize><s:TargetAxisSize><s:axis>Long</s:axis><s:targetSize>10</s:targetSize></s:TargetAxisSize>
                 <s:TargetAxisSize><s:axis>Lat</s:axis><s:targetSize>7</s:targetSize></s:TargetAxisSize></s:ScaleToSize>
               <r:RangeSubset><r:RangeItem><r:RangeComponent>elevation</r:RangeComponent></r:RangeItem></r:RangeSubset>
               <i:Interpolation><i:globalInterpolation>http://www.opengis.net/def/interpolation/OGC/1/linear</i:globalInterpolation></i:Interpolation>
               <c:GetCoverageCrs><c:outputCrs>http://www.opengis.net/def/crs/EPSG/0/3857</c:outputCrs></c:GetCoverageCrs>
             </wcs:Extension>
             <wcs:CoverageId>elevation</wcs:CoverageId>
             <wcs:DimensionTrim><wcs:Dimension>i</wcs:Dimension><wcs:TrimLow>17</wcs:TrimLow><wcs:TrimHigh>56</wcs:TrimHigh></wcs:DimensionTrim>
             <wcs:DimensionTrim><wcs:Dimension>Lat</wcs:Dimension><wcs:TrimLow>36.5</wcs:TrimLow><wcs:TrimHigh>36.6</wcs:TrimHigh></wcs:DimensionTrim>
           </wcs:GetCoverage>"#,
    );
    let (keys, xml) = (keys.expect(200), xml.expect(200));
    assert_eq!(keys.body, xml.body);
    assert_eq!(keys.header("content-type"), "image/tiff");
    let described = post(
        r#"<DescribeCoverage xmlns="http://www.opengis.net/wcs/2.0" service="WCS" version="2.0.1"><CoverageId>picture</CoverageId></DescribeCoverage>"#,
    );
    assert!(described.expect(200).text().contains("<gml:high>79 59</gml:high>"));
}

#[test]
fn the_grid_is_told_truthfully() {
    let text = ask("VERSION=2.0.1&REQUEST=DescribeCoverage&COVERAGEID=elevation").expect(200).text();
    for part in [
        "srsName=\"http://www.opengis.net/def/crs/EPSG/0/4326\" axisLabels=\"Lat Long\"",
        "<gml:lowerCorner>36.44625 -84.41375</gml:lowerCorner>",
        "<gml:low>0 0</gml:low>",
        "<gml:high>402 343</gml:high>",
        // The first axis of the grid runs along the second of the system.
        "<gml:axisLabels>Long Lat</gml:axisLabels>",
        "<gml:offsetVector srsName=\"http://www.opengis.net/def/crs/EPSG/0/4326\">0 0.00083333333333333",
        "<swe:nilValue reason=\"http://www.opengis.net/def/nil/OGC/0/unknown\">-32768</swe:nilValue>",
        "<swe:uom code=\"m\"/>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn an_ascii_grid_is_text() {
    let answer = ask(&format!("{GET}&FORMAT=image/x-aaigrid&SUBSET=i(0,2)&SUBSET=j(0,1)")).expect(200);
    let text = answer.text();
    let first = window(Path::new(ELEVATION), 1, (0, 0), (3, 1));
    let line = first.iter().fold(String::new(), |line, value| line + " " + &value.to_string());
    assert!(text.starts_with("ncols        3\nnrows        2\n") && text.contains(&format!("\n{line}\n")), "{text}");
}

#[test]
fn pictures_where_the_samples_are_those_of_one() {
    let get = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=picture";
    let read = opened(ask(&format!("{get}&FORMAT=image/png")));
    assert_eq!(read.dataset.driver().short_name(), "PNG");
    for band in 1..=3 {
        assert_eq!(read.values(band), window(&picture(), band, (0, 0), (80, 60)));
    }
    let masked = opened(ask(&format!("{get}&FORMAT=image/png&OUTPUTCRS=EPSG:32633")));
    assert_eq!(masked.dataset.raster_count(), 4);
    assert!(masked.values(4).contains(&0.0) && masked.values(4).contains(&255.0));
    let read = opened(ask(&format!("{get}&FORMAT=image/jpeg")));
    assert_eq!(read.dataset.driver().short_name(), "JPEG");
    let off = read.values(1).into_iter().zip(window(&picture(), 1, (0, 0), (80, 60))).map(|(a, b)| (a - b).abs());
    assert!(off.fold(0.0, f64::max) < 16.0);
    for format in ["image/png", "image/jpeg"] {
        assert!(ask(&format!("{GET}&FORMAT={format}")).expect(400).text().contains("GeoTIFF"));
    }
}

/// The edges of an answer, and which part of it has a value.
fn edges(query: &str) -> ([f64; 4], f64) {
    let read = opened(ask(query));
    let ([x, dx, _, y, _, dy], (width, height)) = (read.place(), read.size());
    let mask = read.mask();
    let filled = mask.iter().filter(|is_there| **is_there).count() as f64 / mask.len() as f64;
    ([x, y + dy * height as f64, x + dx * width as f64, y], filled)
}

#[test]
fn a_raster_round_the_earth_comes_whole_in_another_system() {
    let get = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=globe&OUTPUTCRS=EPSG";
    for (code, west, east) in [(3035, -7.9e6, 16.6e6), (25832, -15.0e6, 16.0e6), (3575, -12.5e6, 12.4e6)] {
        let ([min_x, _, max_x, _], filled) = edges(&format!("{get}:{code}"));
        assert!(min_x < west && max_x > east && filled > 0.5, "{code}: {min_x} {max_x} {filled}");
    }
    let ([min_x, min_y, max_x, max_y], filled) = edges(&format!("{get}:3857"));
    let half = 20_037_508.342_789_244;
    assert!([-min_x, -min_y, max_x, max_y].iter().all(|edge| (edge - half).abs() < 1.0) && filled > 0.99);
    for code in [3995, 3413] {
        let ([min_x, _, max_x, _], filled) = edges(&format!("{get}:{code}"));
        assert!(max_x > 3.2e6 && max_x - min_x < 7e6 && filled > 0.99, "{code}: {min_x} {max_x} {filled}");
        // What lies further out is there for who asks for it.
        let more = "SUBSET=x(4000000,5000000)&SUBSET=y(-500000,500000)";
        let ([min_x, _, max_x, _], _) = edges(&format!("{get}:{code}&SUBSETTINGCRS=EPSG:{code}&{more}"));
        assert!((min_x, max_x) == (4e6, 5e6), "{code}: {min_x} {max_x}");
    }
}

/// Four pixels of the Netherlands with heights above Amsterdam, and as many in degrees with heights above the ellipsoid.
fn heights(name: &str, system: &str, place: [f64; 6]) -> PathBuf {
    made(name, |path| {
        let driver = gdal::DriverManager::get_driver_by_name("GTiff").unwrap();
        let mut dataset = driver.create_with_band_type::<f32, _>(path, 2, 2, 1).unwrap();
        dataset.set_geo_transform(&place).unwrap();
        dataset.set_spatial_ref(&gdal::spatial_ref::SpatialRef::from_definition(system).unwrap()).unwrap();
        let mut buffer = Buffer::new((2, 2), vec![1.5_f32, 2.5, 3.5, 4.5]);
        dataset.rasterband(1).unwrap().write((0, 0), (2, 2), &mut buffer).unwrap();
        dataset.close().unwrap();
    })
}

#[test]
fn a_raster_with_heights_in_its_system_was_resampled() {
    let metres = [174_000.0, 100.0, 0.0, 445_000.0, 0.0, -100.0];
    let degrees = [5.0, 0.5, 0.0, 53.0, 0.0, -0.5];
    for (name, system, place, code) in [
        ("nap", "EPSG:7415", metres, 28992),
        ("sum", "EPSG:28992+5773", metres, 28992),
        ("ellipsoidal", "EPSG:4979", degrees, 4326),
        ("geoid", "EPSG:9518", degrees, 4326),
        ("europe", "EPSG:4937", degrees, 4258),
    ] {
        let server = Server::start(&[text(&heights(&format!("{name}.tif"), system, place))]);
        let wcs = |query: &str| server.get(&format!("/ows?SERVICE=WCS&VERSION=2.0.1&{query}&COVERAGEID={name}"));
        let read = opened(wcs("REQUEST=GetCoverage"));
        assert_eq!((read.size(), read.place()), ((2, 2), place), "{system}");
        assert_eq!(read.values(1), [1.5, 2.5, 3.5, 4.5], "{system}");
        assert_eq!(read.dataset.spatial_ref().unwrap().auth_code().unwrap(), code, "{system}");
        let described = wcs("REQUEST=DescribeCoverage").expect(200).text();
        let uri = format!("http://www.opengis.net/def/crs/EPSG/0/{code}");
        assert!(
            described.contains(&format!("srsName=\"{uri}\""))
                && !described.contains("4979")
                && !described.contains("4937"),
            "{described}"
        );
        assert_eq!(server.json(&format!("/coverages/{name}"))["grid"]["crs"], uri, "{system}");
    }
}
