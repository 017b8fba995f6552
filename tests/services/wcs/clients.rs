//! GDAL's own client.

use super::*;
use crate::harness::gdal::run;

#[test]
fn gdal_reads_the_very_samples_in_both_versions() {
    for (id, file) in [("elevation", PathBuf::from(ELEVATION)), ("picture", picture())] {
        let sum = |text: String| {
            let line = |line: &&str| line.contains("Checksum=") && !line.contains("Overviews");
            text.lines().filter(line).map(str::trim).collect::<Vec<_>>().join(" ")
        };
        let wanted = sum(run("gdalinfo", &["-checksum", text(&file)]));
        for version in ["1.0.0", "2.0.1"] {
            let cache = tempfile::tempdir().unwrap();
            let option = format!("CACHE={}", text(cache.path()));
            let name = format!("WCS:{}/ows?version={version}&coverage={id}", server().url);
            let told = run("gdalinfo", &["-checksum", "-oo", &option, &name]);
            assert_eq!(sum(told.clone()), wanted, "{id} {version}: {told}");
        }
    }
}

#[test]
fn gdal_reads_a_smaller_picture_in_both_versions() {
    for version in ["1.0.0", "2.0.1"] {
        let folder = tempfile::tempdir().unwrap();
        let (option, small) = (format!("CACHE={}", text(folder.path())), folder.path().join("small.tif"));
        let name = format!("WCS:{}/ows?version={version}&coverage=elevation", server().url);
        run("gdal_translate", &["-q", "-oo", &option, "-outsize", "50", "40", &name, text(&small)]);
        let told = run("gdalinfo", &["-stats", text(&small)]);
        assert!(told.contains("Size is 50, 40"), "{version}: {told}");
        // The whole file's mean is 531.
        let mean = told.split("STATISTICS_MEAN=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        assert!((mean.parse::<f64>().unwrap() - 531.0).abs() < 5.0, "{version}: {told}");
    }
}
