//! The drawing of functions.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::results::{Line, Row, Setting, Subject};
use super::tables;
use crate::failure::Failure;
use crate::request::{Case, Era};

const SIZE: (u32, u32) = (960, 420);
const FONT: &str = "sans-serif";
/// Of the room of a group, what its bars take.
const GROUP: f64 = 0.8;
/// The lowest value that is drawn, in milliseconds: the axis is logarithmic.
const LOWEST: f64 = 0.05;

fn color(subject: Subject) -> RGBColor {
    // Told apart by those who do not see all colours alike (Okabe and Ito's palette).
    match subject {
        Subject::McpLambda => RGBColor(0, 114, 178),
        Subject::Rmcp => RGBColor(230, 159, 0),
        Subject::TypeScript => RGBColor(0, 158, 115),
        Subject::Python => RGBColor(204, 121, 167),
        Subject::Echo => RGBColor(153, 153, 153),
    }
}

fn failed<E: std::error::Error>(error: E) -> Failure {
    Failure::Draw(error.to_string())
}

type Group = (&'static str, Era, Case, fn(&Row) -> f64);

const GROUPS: [Group; 5] = [
    ("start", Era::Legacy, Case::Call, |row| row.start_ms.median),
    ("first tools/list", Era::Legacy, Case::List, |row| row.first_ms.median),
    ("first tools/call", Era::Legacy, Case::Call, |row| row.first_ms.median),
    ("tools/list, p50", Era::Legacy, Case::List, |row| row.warm.p50_us / 1e3),
    ("tools/call, p50", Era::Legacy, Case::Call, |row| row.warm.p50_us / 1e3),
];

/// Starts, first requests and later ones of all servers, in the era that all of them speak.
pub fn functions(folder: &Path, lines: &[Line]) -> Result<(), Failure> {
    let value = |subject: Subject, (_, era, case, figure): Group| {
        let key = (subject, Setting::Buffered, case, era);
        let row =
            tables::rows(lines).find(|row| (row.subject, row.setting, row.case, row.era) == key)?;
        Some(figure(row).max(LOWEST))
    };
    let values = GROUPS.iter().flat_map(|group| Subject::SERVERS.map(|own| value(own, *group)));
    // Room for the legend above the highest bar.
    let highest = values.flatten().fold(1.0, f64::max) * 4.0;
    let path = folder.join("functions.svg");
    let root = SVGBackend::new(&path, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Servers as functions, legacy client (shorter is better)", (FONT, 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..GROUPS.len() as f64, (LOWEST..highest).log_scale())
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().disable_x_axis().light_line_style(WHITE).y_desc("ms");
    mesh.y_label_formatter(&|value| format!("{value}")).draw().map_err(failed)?;
    let width = GROUP / Subject::SERVERS.len() as f64;
    for (place, subject) in Subject::SERVERS.into_iter().enumerate() {
        let fill = color(subject).filled();
        let bars = GROUPS.iter().enumerate().filter_map(|(group, figure)| {
            let left = group as f64 + (1.0 - GROUP) / 2.0 + place as f64 * width;
            let top = value(subject, *figure)?;
            Some(Rectangle::new([(left, LOWEST), (left + width * 0.94, top)], fill))
        });
        chart
            .draw_series(bars)
            .map_err(failed)?
            .label(subject.as_str())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], fill));
    }
    let middle = |index: usize| chart.backend_coord(&(index as f64 + 0.5, LOWEST));
    let labels: Vec<_> = (0..GROUPS.len()).map(middle).zip(&GROUPS).collect();
    for ((x, y), (label, ..)) in labels {
        let style = (FONT, 12).into_text_style(&root).pos(Pos::new(HPos::Center, VPos::Top));
        root.draw_text(label, &style, (x, y + 8)).map_err(failed)?;
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8));
    legend.border_style(BLACK.mix(0.3)).label_font((FONT, 13)).draw().map_err(failed)?;
    root.present().map_err(failed)
}
