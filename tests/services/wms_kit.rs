//! A WMS over the sample data, and the pixels of its answers.

use std::io::Cursor;

use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::server::{Builder, Server};
use graticule::standard;

use crate::harness::{SAMPLE, wait_for};

/// A project with named styles, a group and limits.
pub(crate) const PROJECT: &str = r##"
title = "World & more"
description = "A <test>"
keywords = ["one", "two"]
wms = { max_width = 1000, max_height = 800, max_layers = 3 }

[[layers]]
source = "@"
layer = "countries"
attribution = { title = "Natural Earth", url = "https://example.org/?a&b" }
keywords = ["land"]
[[layers.styles]]
name = "plain"
rules = [{ symbols = [{ fill = "#00ff00" }] }]
[[layers.styles]]
name = "large"
title = "Large & small"
rules = [
    { title = "Large", filter = "pop_est > 100000000", symbols = [{ fill = "#ff0000" }] },
    { title = "Small", otherwise = true, symbols = [{ fill = "#0000ff" }] },
]
[[layers.styles]]
name = "few"
rules = [{ title = "Large", filter = "pop_est > 100000000", symbols = [{ fill = "#ff0000" }] }]

[[layers]]
source = "@"
layer = "cities"
min_scale = 1000
max_scale = 100000000
[[layers.styles]]
name = "dots"
rules = [{ symbols = [{ marker = { shape = "square", size = 10, fill = "#000000" } }] }]

[[groups]]
id = "world"
title = "The world"
layers = ["countries", "cities"]
"##;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) body: Vec<u8>,
}

/// A picture: red, green, blue and opacity of each pixel.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pixels: Vec<u8>,
}

/// A builder over a project file; `@` is the sample data.
pub(crate) fn builder(toml: &str) -> Builder {
    let settings: Project = toml::from_str(&toml.replace('@', SAMPLE)).unwrap();
    let opened = open(&settings, None);
    assert_eq!(opened.faults, Vec::<String>::new());
    standard::server(opened.project)
}

/// The server of [`PROJECT`].
pub(crate) fn server() -> Server {
    builder(PROJECT).build().unwrap()
}

/// Asks a server.
pub(crate) fn ask(server: &Server, query: &str) -> Answer {
    answer(server, Request::get(&format!("/ows?SERVICE=WMS&{query}")))
}

/// The answer to a request.
pub(crate) fn answer(server: &Server, request: Request) -> Answer {
    wait_for(async {
        let response = server.handle(request).await;
        let media_type = response.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status.as_u16();
        let body = response.body.collect(usize::MAX).await.unwrap().to_vec();
        Answer { status, media_type: media_type.unwrap_or_default(), body }
    })
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The picture of an answer of 200 as PNG.
    #[track_caller]
    pub(crate) fn picture(&self) -> Picture {
        assert_eq!((self.status, self.media_type.as_str()), (200, "image/png"), "{}", self.text());
        let mut decoder = png::Decoder::new(Cursor::new(&self.body));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgba);
        Picture { width: info.width as usize, height: info.height as usize, pixels }
    }
}

impl Picture {
    pub(crate) fn at(&self, x: usize, y: usize) -> [u8; 4] {
        self.pixels[(y * self.width + x) * 4..][..4].try_into().unwrap()
    }

    /// How many pixels are neither white nor transparent.
    pub(crate) fn painted(&self) -> usize {
        self.pixels.chunks_exact(4).filter(|pixel| pixel[3] > 0 && **pixel != [255; 4]).count()
    }
}
