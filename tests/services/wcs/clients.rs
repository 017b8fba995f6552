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
