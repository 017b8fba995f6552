//! What cannot be answered, and how that is told.

use super::*;

#[track_caller]
fn refused(query: &str, status: u16, code: &str) -> String {
    let answer = ask(query);
    let text = answer.text();
    assert_eq!(answer.status, status, "{query}: {text}");
    assert!(text.contains(&format!("ode=\"{code}\"")), "{query}: {text}");
    text
}

#[test]
fn faults_of_version_2_have_their_codes() {
    let get = "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=elevation";
    for (query, status, code) in [
        ("VERSION=2.0.1&REQUEST=GetCoverage", 400, "MissingParameterValue"),
        ("VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=zz", 404, "NoSuchCoverage"),
        ("VERSION=2.0.1&REQUEST=DescribeCoverage", 400, "emptyCoverageIdList"),
        ("VERSION=2.0.1&REQUEST=DescribeCoverage&COVERAGEID=elevation,zz", 404, "NoSuchCoverage"),
        ("VERSION=2.0.1&REQUEST=GetRaster", 501, "OperationNotSupported"),
        ("VERSION=2.0.1", 400, "MissingParameterValue"),
        ("VERSION=3.0.0&REQUEST=GetCoverage", 400, "InvalidParameterValue"),
        ("REQUEST=GetCapabilities&ACCEPTVERSIONS=3.0.0", 400, "VersionNegotiationFailed"),
    ] {
        refused(query, status, code);
    }
    for (more, status, code) in [
        ("SUBSET=time(1)", 404, "InvalidAxisLabel"),
        ("SUBSET=Lat(50,60)", 404, "InvalidSubsetting"),
        ("SUBSET=Lat(36.6,36.5)", 404, "InvalidSubsetting"),
        ("SUBSET=Lat(NaN,36.5)", 404, "InvalidSubsetting"),
        ("SUBSET=Lat(36.5,36.6)&SUBSET=y(36.5,36.6)", 404, "InvalidAxisLabel"),
        ("SUBSETTINGCRS=EPSG:99999", 404, "SubsettingCrs-NotSupported"),
        ("OUTPUTCRS=EPSG:4978", 404, "OutputCrs-NotSupported"),
        ("OUTPUTCRS=EPSG:5773", 404, "OutputCrs-NotSupported"),
        ("OUTPUTCRS=nonsense", 404, "OutputCrs-NotSupported"),
        ("RANGESUBSET=zz", 404, "NoSuchField"),
        ("SCALEFACTOR=-1", 404, "InvalidScaleFactor"),
        ("SCALEFACTOR=2&SCALESIZE=i(1)", 400, "InvalidParameterValue"),
        ("INTERPOLATION=guess", 404, "InterpolationMethodNotSupported"),
        ("FORMAT=application/pdf", 400, "InvalidParameterValue"),
        ("MEDIATYPE=multipart/related", 400, "InvalidParameterValue"),
    ] {
        refused(&format!("{get}&{more}"), status, code);
    }
}

#[test]
fn faults_of_version_1_have_their_codes() {
    let get =
        "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=elevation&CRS=EPSG:4326&FORMAT=GeoTIFF&BBOX=-84.4,36.5,-84.3,36.6";
    for (query, code) in [
        (get.to_owned(), "MissingParameterValue"),
        (format!("{get}&WIDTH=0&HEIGHT=1"), "InvalidParameterValue"),
        (format!("{get}&WIDTH=10&HEIGHT=-1"), "InvalidParameterValue"),
        (format!("{get}&RESX=0&RESY=1"), "InvalidParameterValue"),
        (format!("{get}&WIDTH=1&HEIGHT=1&RESPONSE_CRS=EPSG:4978"), "InvalidParameterValue"),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("GeoTIFF", "x")), "InvalidFormat"),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("=elevation", "=zz")), "CoverageNotDefined"),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("36.5,-84.3", "36.7,-84.3")), "InvalidParameterValue"),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("-84.4,36.5,-84.3,36.6", "4,6,5,7")), "InvalidParameterValue"),
        (
            format!(
                "{}&WIDTH=1&HEIGHT=1",
                get.replace("4326", "3857").replace("-84.4,36.5,-84.3,36.6", "4000,6000,5000,7000")
            ),
            "InvalidParameterValue",
        ),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("-84.4,36.5", "nan,36.5")), "InvalidParameterValue"),
        // Not the other 359.9 degrees.
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("-84.4,36.5,-84.3", "-84.3,36.5,-84.4")), "InvalidParameterValue"),
        (format!("{}&WIDTH=1&HEIGHT=1", get.replace("-84.4,36.5,-84.3", "170,36.5,-9e9")), "InvalidParameterValue"),
        (format!("{get}&WIDTH=1&HEIGHT=1&BANDS=9"), "NoSuchField"),
    ] {
        let text = refused(&query, 400, code);
        assert!(text.contains("<ServiceExceptionReport") && !text.contains("expected expected"), "{text}");
    }
}

#[test]
fn what_is_too_large_is_told_with_the_limit() {
    for query in [
        "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=elevation&SCALEFACTOR=1000",
        "VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=elevation&SCALESIZE=i(4294967295),j(4294967295)",
        "VERSION=1.0.0&REQUEST=GetCoverage&COVERAGE=elevation&CRS=EPSG:4326&FORMAT=GeoTIFF&BBOX=-84.4,36.5,-84.3,36.6&RESX=1e-9&RESY=1e-9",
    ] {
        let text = refused(query, 400, "InvalidParameterValue");
        assert!(text.contains("the limit is 100000000 pixels"), "{text}");
    }
}

#[test]
fn hostile_xml_is_refused() {
    for body in [
        "<!DOCTYPE a [<!ENTITY b 'c'>]><GetCoverage xmlns=\"http://www.opengis.net/wcs/2.0\">&b;</GetCoverage>"
            .to_owned(),
        format!("<GetCoverage xmlns=\"http://www.opengis.net/wcs/2.0\">{}", "<a>".repeat(1000)),
        "<GetCoverage xmlns=\"http://www.opengis.net/wcs/2.0\" service=\"WCS\" version=\"2.0.1\"><CoverageId>"
            .to_owned(),
        "<GetCoverage xmlns=\"http://www.opengis.net/wcs/2.0\" service=\"WCS\" version=\"2.0.1\"/>".to_owned(),
    ] {
        let answer = post(&body);
        assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.excerpt());
    }
}

#[test]
fn a_file_that_is_cut_off_while_it_is_served_is_an_exception() {
    let whole = std::fs::read(ELEVATION).unwrap();
    let path = made("cut.tif", |path| std::fs::write(path, &whole).unwrap());
    let server = Server::start(&[text(&path)]);
    let get = "/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage&COVERAGEID=cut";
    server.get(get).expect(200);
    std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    let answer = server.get(get);
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("ExceptionReport") && !answer.text().contains("cut.tif"), "{}", answer.text());
}
