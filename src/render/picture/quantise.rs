//! The 256 colours that are nearest to a picture's.
//!
//! Colours that cover much, the plain ones of a map, stay as they are; the shades between them share the rest, by median
//! cut.

use super::palette::Indexed;
use crate::render::canvas::Rgba;

/// Colours are counted in cells of so many bits a channel.
const BITS: u32 = 5;
const CELLS: usize = 1 << (4 * BITS);
/// How many colours may stay as they are.
const KEPT: usize = 96;

/// The pixels of one cell of colours.
#[derive(Clone, Copy)]
struct Cell {
    key: u32,
    count: u32,
    sum: [u32; 4],
}

/// The picture with a palette of colours near its own.
pub(super) fn nearest(picture: &Rgba) -> Indexed {
    let (cells, places) = count(picture);
    let kept = kept(picture, &cells, &places);
    let rest: Vec<usize> = (0..cells.len()).filter(|&cell| !kept.iter().any(|(other, _)| *other == cell)).collect();
    let mut colours: Vec<[u8; 4]> = kept.iter().map(|(_, colour)| *colour).collect();
    let mut palette_of = vec![0_u8; cells.len()];
    for (index, (cell, _)) in kept.iter().enumerate() {
        palette_of[*cell] = index as u8;
    }
    for group in groups(&cells, rest, 256 - colours.len()) {
        let index = colours.len() as u8;
        colours.push(mean(group.iter().map(|&cell| &cells[cell])));
        for cell in group {
            palette_of[cell] = index;
        }
    }
    let index_of = |pixel: &[u8; 4]| palette_of[places[key(*pixel) as usize] as usize];
    let indices = picture.pixels().iter().map(index_of).collect();
    Indexed { colours, indices }.transparent_first()
}

/// The cell of a colour. What is wholly transparent is one colour.
#[inline]
fn key(pixel: [u8; 4]) -> u32 {
    if pixel[3] == 0 {
        return 0;
    }
    pixel.iter().fold(0, |key, channel| key << BITS | u32::from(*channel) >> (8 - BITS))
}

/// The cells that have pixels, and the place of each among them by its key.
fn count(picture: &Rgba) -> (Vec<Cell>, Vec<u32>) {
    let mut places = vec![u32::MAX; CELLS];
    let mut cells: Vec<Cell> = Vec::new();
    for pixel in picture.pixels() {
        let key = key(*pixel);
        let place = &mut places[key as usize];
        if *place == u32::MAX {
            *place = cells.len() as u32;
            cells.push(Cell { key, count: 0, sum: [0; 4] });
        }
        let cell = &mut cells[*place as usize];
        // Beyond 16 million pixels the mean of the first ones will do.
        if cell.count < 1 << 24 {
            cell.count += 1;
            for (sum, channel) in cell.sum.iter_mut().zip(pixel) {
                *sum += u32::from(*channel);
            }
        }
    }
    (cells, places)
}

/// The cells that cover most, each with the one colour that most of its pixels have.
fn kept(picture: &Rgba, cells: &[Cell], places: &[u32]) -> Vec<(usize, [u8; 4])> {
    let mut largest: Vec<usize> = (0..cells.len()).collect();
    largest.sort_unstable_by_key(|&cell| std::cmp::Reverse(cells[cell].count));
    let least = picture.pixels().len() as u32 / 500;
    largest.truncate(KEPT);
    largest.retain(|&cell| cells[cell].count > least || cells[cell].key == 0);
    // A majority vote in one pass (Boyer and Moore).
    let mut votes: Vec<([u8; 4], u32)> = vec![([0; 4], 0); cells.len()];
    for pixel in picture.pixels() {
        let (colour, lead) = &mut votes[places[key(*pixel) as usize] as usize];
        match *lead {
            0 => (*colour, *lead) = (*pixel, 1),
            _ if colour == pixel => *lead += 1,
            _ => *lead -= 1,
        }
    }
    // A cell without a majority goes to the others.
    let by_vote =
        |cell: usize| (votes[cell].1 * 2 > cells[cell].count || cells[cell].key == 0).then_some((cell, votes[cell].0));
    largest.into_iter().filter_map(by_vote).collect()
}

/// Cells in at most so many groups of like colours (median cut, the group with the widest spread first).
fn groups(cells: &[Cell], all: Vec<usize>, most: usize) -> Vec<Vec<usize>> {
    if all.is_empty() {
        return Vec::new();
    }
    let mut groups = vec![(spread(cells, &all), all)];
    while groups.len() < most {
        let widest = groups.iter().enumerate().max_by_key(|(_, ((weight, _), _))| *weight).map(|(at, _)| at);
        let Some(at) = widest.filter(|&at| groups[at].1.len() > 1) else { break };
        let ((_, channel), mut group) = groups.swap_remove(at);
        group.sort_unstable_by_key(|&cell| cells[cell].channel(channel));
        let half: u64 = group.iter().map(|&cell| u64::from(cells[cell].count)).sum::<u64>() / 2;
        let mut sum = 0;
        let before = group.iter().position(|&cell| {
            sum += u64::from(cells[cell].count);
            sum > half
        });
        let other = group.split_off(before.unwrap_or(0).clamp(1, group.len() - 1));
        for part in [group, other] {
            groups.push((spread(cells, &part), part));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// How much a group would gain by being cut, and by which channel.
fn spread(cells: &[Cell], group: &[usize]) -> (u64, usize) {
    let count: u64 = group.iter().map(|&cell| u64::from(cells[cell].count)).sum();
    let widths = (0..4).map(|channel| {
        let values = || group.iter().map(|&cell| cells[cell].channel(channel));
        (values().max().unwrap_or(0) - values().min().unwrap_or(0), channel)
    });
    let (width, channel) = widths.max().unwrap_or((0, 0));
    // Counts weigh by their root, so that thin lines keep some colours too.
    (u64::from(width).pow(2) * (count as f64).sqrt() as u64, channel)
}

impl Cell {
    /// The channel in the middle of the cell's pixels.
    fn channel(&self, channel: usize) -> u32 {
        self.sum[channel] / self.count.max(1)
    }
}

fn mean<'a>(cells: impl Iterator<Item = &'a Cell>) -> [u8; 4] {
    let (mut sum, mut count) = ([0_u64; 4], 0_u64);
    for cell in cells {
        sum.iter_mut().zip(cell.sum).for_each(|(sum, part)| *sum += u64::from(part));
        count += u64::from(cell.count);
    }
    sum.map(|sum| ((sum + count / 2) / count.max(1)) as u8)
}
