//! Throws changed inputs of the corpus (`tests/corpus`) at the parsers of requests, through the whole server: for
//! `SECONDS_OF_FUZZ` each (600), from a seed that `SEED` repeats; `FUZZ_ONLY` (`xml`, `kvp`) names one of them. An input that is answered wrongly, or takes longer than
//! ten seconds, is written to the corpus and ends the run with a fault.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::time::{Duration, Instant};

#[path = "../tests/services/corpus.rs"]
#[allow(dead_code)]
mod corpus;

/// The longest that one input may take.
const SLOW: Duration = Duration::from_secs(10);
/// What grammars are made of: an input is more than its bytes.
const WORDS: [&str; 46] = [
    "<",
    ">",
    "/>",
    "</",
    "&amp;",
    "&#x0;",
    "&#65;",
    "&lol;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0'?>",
    "<!DOCTYPE a>",
    "xmlns=''",
    "xmlns:a='b'",
    "fes:",
    "gml:",
    "wfs:",
    "Filter",
    "And",
    "Or",
    "Not",
    "PropertyIsLike",
    "ValueReference",
    "Literal",
    "BBOX",
    "Envelope",
    "posList",
    "srsName=\"urn:ogc:def:crs:EPSG::4326\"",
    "%3C",
    "%00",
    "%FF",
    "&",
    "=",
    "(",
    ")",
    ",",
    "-1",
    "1e999",
    "NaN",
    "18446744073709551616",
    "\u{feff}",
    "\u{1f600}",
    "TYPENAMES=cities",
    "COUNT=1",
];

/// Numbers that a seed repeats (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(1 + (length - start).min(40)))
    }

    /// Changes an input a few times.
    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            match self.below(7) {
                0 if at < input.len() => input[at] = self.next().to_le_bytes()[0],
                1 if at < input.len() => input[at] ^= 1 << self.below(8),
                2 => drop(input.drain(self.range(input.len()))),
                3 => {
                    let piece = other[self.range(other.len())].to_vec();
                    drop(input.splice(at..at, piece));
                }
                4 => {
                    let piece = input[self.range(input.len())].to_vec();
                    let most = if self.below(50) == 0 { 2000 } else { 3 };
                    let times = 1 + self.below(most);
                    drop(input.splice(at..at, piece.repeat(times)));
                }
                _ => drop(input.splice(at..at, WORDS[self.below(WORDS.len())].bytes())),
            }
        }
        input.truncate(1 << 20);
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let each = Duration::from_secs(number("SECONDS_OF_FUZZ", 600));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = number("SEED", now.as_secs());
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(async { corpus::server() });
    let only = std::env::var("FUZZ_ONLY").ok();
    for target in ["xml", "kvp"].into_iter().filter(|target| only.as_deref().is_none_or(|only| only == *target)) {
        let mut chance = Chance(seed | 1);
        let seeds: Vec<Vec<u8>> = corpus::inputs(target).into_iter().map(|(_, input)| input).collect();
        let (start, mut count, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
        while start.elapsed() < each {
            let mut input = seeds[chance.below(seeds.len())].clone();
            let other = &seeds[chance.below(seeds.len())];
            chance.change(&mut input, other);
            let began = Instant::now();
            let answer = runtime.block_on(corpus::give(&server, target, &input));
            let took = began.elapsed();
            slowest = slowest.max(took);
            count += 1;
            if let Some(fault) = answer.err().or_else(|| (took > SLOW).then(|| format!("took {took:?}"))) {
                let path = format!("tests/corpus/{target}/found-{seed}-{count}");
                std::fs::write(&path, &input).unwrap();
                panic!("{path}: {fault}");
            }
        }
        println!("{target}: {count} inputs, the slowest {slowest:?}");
    }
}
