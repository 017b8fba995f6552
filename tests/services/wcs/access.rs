//! Policies over coverages: what is forbidden does not exist, and a limit in space makes nodata.

use super::*;

fn guarded(rows: &str) -> Server {
    let picture = picture();
    let project = format!(
        "title = 'Guarded'\n\
         [[layers]]\nid = 'limited'\nsource = '{ELEVATION}'\n\
         [[layers]]\nid = 'secret'\nsource = '{ELEVATION}'\n\
         [[layers]]\nid = 'bands'\nsource = '{}'\n\
         [access]\n\
         [[access.rules]]\nlayers = 'limited'\nroles = '*'\nrows = \"{rows}\"\n\
         [[access.rules]]\nlayers = 'secret'\nroles = 'staff'\n\
         [[access.rules]]\nlayers = 'bands'\nroles = '*'\nproperties = ['band2']\n",
        text(&picture)
    );
    let name = format!("guarded-{}.toml", rows.len());
    let file = made(&name, |path| std::fs::write(path, &project).unwrap());
    Server::start(&["--project", text(&file)])
}

#[test]
fn beyond_a_limit_in_space_there_is_no_value() {
    let rows = "S_INTERSECTS(geom, POLYGON((-84.35 36.5, -84.2 36.5, -84.2 36.7, -84.35 36.5)))";
    let server = guarded(rows);
    let get = "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=limited";
    let read = opened(server.get(get));
    let (values, mask) = (read.values(1), read.mask());
    let all = window(Path::new(ELEVATION), 1, (0, 0), (403, 344));
    let side = 1.0 / 1200.0;
    let is_inside = |x: f64, y: f64| x < -84.2 && y > 36.5 && (y - 36.5) / (x + 84.35) < 0.2 / 0.15 && x > -84.35;
    let mut seen = 0;
    for (at, (value, is_there)) in values.iter().zip(&mask).enumerate() {
        let (column, row) = ((at % 403) as f64, (at / 403) as f64);
        let (x, y) = (-84.413_75 + column * side, 36.732_916_666_666_67 - row * side);
        let corners = [(x, y), (x + side, y), (x, y - side), (x + side, y - side)];
        if *is_there {
            assert!(corners.iter().all(|&(x, y)| is_inside(x, y)), "{column} {row}");
            assert_eq!(*value, all[at]);
            seen += 1;
        } else {
            assert_eq!(*value, -32768.0);
        }
    }
    // A triangle of 0.15 by 0.2 degrees.
    let area = 0.5 * 0.15 * 0.2 / (side * side);
    assert!((f64::from(seen) - area).abs() < area * 0.03, "{seen} of {area}");
    // No overview and no interpolation tells more.
    for more in
        ["SCALESIZE=i(40),j(34)", "SCALESIZE=i(80),j(70)&INTERPOLATION=cubic", "SCALEFACTOR=2&INTERPOLATION=linear"]
    {
        let read = opened(server.get(&format!("{get}&{more}")));
        let ((width, height), mask) = (read.size(), read.mask());
        let seen = mask.iter().enumerate().filter(|(_, is_there)| **is_there);
        for (at, _) in seen {
            let x = -84.413_75 + 403.0 * side * ((at % width) as f64 + 0.5) / width as f64;
            let y = 36.732_916_666_666_67 - 344.0 * side * ((at / width) as f64 + 0.5) / height as f64;
            // Between two pixels, half a one may lie outside.
            let near = 2.0 * side * (403.0 / width as f64).max(1.0);
            assert!(x > -84.35 - near && x < -84.2 + near && y > 36.5 - near, "{more}: {x} {y}");
        }
    }
}

#[test]
fn what_is_forbidden_does_not_exist() {
    let server = guarded("S_WITHIN(geom, POLYGON((-84.35 36.5, -84.2 36.5, -84.2 36.7, -84.35 36.5)))");
    let get = "/ows?SERVICE=WCS&VERSION=2.0.1";
    let unknown = |id: &str| {
        let text = server.get(&format!("{get}&REQUEST=GetCoverage&COVERAGEID={id}")).expect(404).text();
        text.replace(id, "?")
    };
    assert_eq!(unknown("secret"), unknown("nosuch"));
    server.get(&format!("{get}&REQUEST=DescribeCoverage&COVERAGEID=secret")).expect(404);
    for version in ["1.0.0", "2.0.1"] {
        let query = format!("/ows?SERVICE=WCS&REQUEST=GetCapabilities&VERSION={version}");
        let text = server.get(&query).expect(200).text();
        assert!(!text.contains("secret") && text.contains("limited"), "{text}");
    }
    assert!(!server.get("/").expect(200).text().contains("secret"));
    // Nor does a band that is not among the properties.
    let described = server.get(&format!("{get}&REQUEST=DescribeCoverage&COVERAGEID=bands")).expect(200).text();
    assert!(described.contains("band2") && !described.contains("band1"), "{described}");
    let read = opened(server.get(&format!("{get}&REQUEST=GetCoverage&COVERAGEID=bands")));
    assert_eq!((read.dataset.raster_count(), read.values(1)), (1, window(&picture(), 2, (0, 0), (80, 60))));
    server.get(&format!("{get}&REQUEST=GetCoverage&COVERAGEID=bands&RANGESUBSET=band1")).expect(404);
}

#[test]
fn a_condition_that_no_raster_can_meet_closes_it() {
    for rows in ["elevation > 500", "S_INTERSECTS(geom, POINT(-84.3 36.6)) OR elevation > 500"] {
        let server = guarded(rows);
        let text = server.get("/ows?SERVICE=WCS&REQUEST=GetCapabilities").expect(200).text();
        assert!(!text.contains("limited"), "{text}");
        let query = "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=limited";
        assert!(server.get(query).status >= 400);
    }
}
