//! A histogram as a picture.

use std::fmt::Write as _;

use lignite::{Severity, show_time};

use super::counts::Counts;

const WIDTH: u64 = 960;
const HEIGHT: u64 = 320;
const LEFT: u64 = 70;
const TOP: u64 = 40;
const BOTTOM: u64 = 40;
/// Colours by severity, which people with any sight can tell apart (Okabe and Ito); the first is for none.
const COLOURS: [&str; 10] = [
    "#999999", "#bbbbbb", "#56b4e9", "#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7",
    "#cc79a7", "#000000",
];

/// Draws the counts: bars over time, a part for each severity.
pub(super) fn picture(counts: &Counts, step: i64) -> String {
    let rows: Vec<_> = counts.filled(step).collect();
    let most = counts.most().max(1);
    let (inner_width, inner_height) = (WIDTH - LEFT - 20, HEIGHT - TOP - BOTTOM);
    let count = rows.len().max(1) as u64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{most}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">0</text>\n",
        LEFT - 6,
        TOP + 4,
        LEFT - 6,
        TOP + inner_height,
    );
    // Hundredths of a unit: no float is needed.
    let hundredths = |value: u64| format!("{}.{:02}", value / 100, value % 100);
    let width = (inner_width * 100 / count).max(10);
    let mut seen = [false; COLOURS.len()];
    for (number, (start, row)) in (0..).zip(&rows) {
        let x = LEFT * 100 + inner_width * 100 * number / count;
        let mut y = (TOP + inner_height) * 100;
        for ((level, &lines), colour) in row.iter().enumerate().zip(COLOURS) {
            if lines == 0 {
                continue;
            }
            if let Some(seen) = seen.get_mut(level) {
                *seen = true;
            }
            let height = u64::try_from(
                u128::from(inner_height * 100) * u128::from(lines) / u128::from(most),
            );
            let height = height.unwrap_or(0);
            y -= height;
            let _infallible = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"><title>{} {}: {lines}</title></rect>",
                hundredths(x),
                hundredths(y),
                hundredths(width.saturating_sub(20).max(10)),
                hundredths(height),
                show_time(*start),
                name(level),
            );
        }
    }
    axis(&mut svg, &rows.iter().map(|row| row.0).collect::<Vec<_>>());
    let mut x = LEFT;
    for ((level, _), colour) in seen.iter().enumerate().zip(COLOURS).filter(|((_, seen), _)| **seen)
    {
        let _infallible = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"14\" width=\"10\" height=\"10\" fill=\"{colour}\"/><text x=\"{}\" y=\"23\">{}</text>",
            x + 14,
            name(level),
        );
        x += 100;
    }
    svg + "</svg>\n"
}

/// The times below the bars: some, so that they do not run into each other.
fn axis(svg: &mut String, starts: &[i64]) {
    const LABELS: usize = 6;
    let every = starts.len().div_ceil(LABELS).max(1);
    let inner = WIDTH - LEFT - 20;
    for (number, start) in starts.iter().enumerate().step_by(every) {
        let x = LEFT + inner * number as u64 / starts.len().max(1) as u64;
        let time = show_time(*start);
        let shown = time.get(5..16).unwrap_or(&time).replace('T', " ");
        let y = HEIGHT - BOTTOM + 16;
        let _infallible = writeln!(svg, "<text x=\"{x}\" y=\"{y}\">{shown}</text>");
    }
    let first = starts.first().map(|&start| show_time(start)).unwrap_or_default();
    let last = starts.last().map(|&start| show_time(start)).unwrap_or_default();
    let (x, y) = (LEFT, HEIGHT - 6);
    let _infallible = writeln!(svg, "<text x=\"{x}\" y=\"{y}\">{first} to {last}</text>");
}

/// What a severity is called.
fn name(level: usize) -> &'static str {
    let severity = level.checked_sub(1).and_then(|level| Severity::ALL.get(level));
    severity.map_or("no level", |severity| severity.name())
}
