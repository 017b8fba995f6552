//! An I/O filter that draws a watermark on every PNG and JPEG that goes out: maps and legends.
//!
//! `cargo run --example watermark_filter`, then open the URL that it prints.

use std::error::Error;
use std::io::Cursor;

use clap::Parser;
use graticule::exchange::{Done, Filter};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::body::Body;
use graticule::message::request;
use graticule::message::response;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Result, standard};
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

type Fault = Box<dyn Error + Send + Sync>;

/// The watermark: its place in the image, its size, its colour, and how much of it is seen.
const PLACE: std::ops::Range<u32> = 20..60;
const WHITE: u32 = 255;
const SHARE: u32 = 160;

#[derive(Clone, Copy, PartialEq)]
enum ImageFormat {
    Png,
    Jpeg,
}

/// An image as rows of red, green, blue and opacity.
struct Image {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl ImageFormat {
    fn of(head: &response::Head) -> Option<Self> {
        match head.headers.get(CONTENT_TYPE)?.as_bytes() {
            b"image/png" => Some(Self::Png),
            b"image/jpeg" => Some(Self::Jpeg),
            _ => None,
        }
    }

    fn decode(self, bytes: &[u8]) -> std::result::Result<Image, Fault> {
        if self == Self::Jpeg {
            let mut decoder = jpeg_decoder::Decoder::new(bytes);
            let data = decoder.decode()?;
            let info = decoder.info().ok_or("no image")?;
            let pixels = match info.pixel_format {
                jpeg_decoder::PixelFormat::RGB24 => {
                    data.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect()
                }
                jpeg_decoder::PixelFormat::L8 => data.iter().flat_map(|&p| [p, p, p, 255]).collect(),
                other => return Err(format!("pixels of the form {other:?}").into()),
            };
            return Ok(Image { width: info.width.into(), height: info.height.into(), pixels });
        }
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut data = vec![0; reader.output_buffer_size().ok_or("the image is too large")?];
        let info = reader.next_frame(&mut data)?;
        data.truncate(info.buffer_size());
        if info.color_type == png::ColorType::GrayscaleAlpha {
            data = data.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
        }
        Ok(Image { width: info.width, height: info.height, pixels: data })
    }

    fn encode(self, image: &Image) -> std::result::Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        if self == Self::Jpeg {
            let rgb: Vec<u8> = image.pixels.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
            let (width, height) = (image.width.try_into()?, image.height.try_into()?);
            jpeg_encoder::Encoder::new(&mut out, 90).encode(&rgb, width, height, jpeg_encoder::ColorType::Rgb)?;
            return Ok(out);
        }
        let mut encoder = png::Encoder::new(&mut out, image.width, image.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header()?.write_image_data(&image.pixels)?;
        Ok(out)
    }
}

impl Image {
    /// Lays a white square over the image.
    fn watermark(&mut self) {
        for (at, pixel) in (0..).zip(self.pixels.chunks_exact_mut(4)) {
            if PLACE.contains(&(at % self.width)) && PLACE.contains(&(at / self.width)) {
                for part in &mut pixel[..3] {
                    let mixed = (u32::from(*part) * (255 - SHARE) + WHITE * SHARE) / 255;
                    *part = mixed.try_into().unwrap_or(u8::MAX);
                }
                pixel[3] = pixel[3].max(u8::try_from(SHARE).unwrap_or(u8::MAX));
            }
        }
    }
}

struct WatermarkFilter;

impl Filter for WatermarkFilter {
    /// An image that comes in chunks is collected first.
    fn wants_whole(&self, head: &response::Head) -> bool {
        ImageFormat::of(head).is_some()
    }

    fn response_complete(&self, _: &request::Head, done: Done<'_>) -> Result<()> {
        let Done::Whole(response) = done else { return Ok(()) };
        let (Some(format), None) = (ImageFormat::of(response), response.raised) else { return Ok(()) };
        let Body::Whole(bytes) = &response.body else { return Ok(()) };
        if bytes.is_empty() {
            // The answer to a HEAD of a service that makes no image for it.
            return Ok(());
        }
        let drawn = format.decode(bytes).and_then(|mut image| {
            image.watermark();
            format.encode(&image)
        });
        response.body = drawn.map_err(graticule::Error::internal)?.into();
        Ok(())
    }
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let options = Options::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).filter(WatermarkFilter, 100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    let map = "ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=countries,cities&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90\
               &WIDTH=720&HEIGHT=360&FORMAT=image/png";
    eprintln!("http://{}/{map}", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
