//! Drawings of the results.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::failure::Failure;
use crate::in_process::Who;
use crate::loopback::{self, Function};
use crate::report::{self, InProcess};
use crate::request::{Case, Era};

const SIZE: (u32, u32) = (960, 480);
const FONT: &str = "sans-serif";

fn color(who: Who) -> RGBColor {
    // Told apart by those who do not see all colours alike (Okabe and Ito's palette).
    match who {
        Who::McpLambda => RGBColor(0, 114, 178),
        Who::RmcpJson => RGBColor(230, 159, 0),
        Who::RmcpDefault | Who::Floor => RGBColor(153, 153, 153),
    }
}

fn failed<E: std::error::Error>(error: E) -> Failure {
    Failure::Draw(error.to_string())
}

/// Requests a second with the most connections that each setting has.
pub fn throughput(folder: &Path, rows: &[loopback::Row]) -> Result<(), Failure> {
    let most = |row: &loopback::Row| match row.function {
        Function::None | Function::AtOnce => row.connections == 32,
        Function::Process => row.connections == 8,
    };
    let bars = Bars {
        title: "Requests a second over loopback (32 connections; function process: 8)",
        unit: "requests/s",
        value: |row| row.figures.requests_per_second,
        whisker: None,
    };
    bars.draw(&folder.join("throughput.svg"), rows.iter().filter(|row| most(row)).collect())
}

/// Latency with one connection: the bar is p50, the line above it p99.
pub fn latency(folder: &Path, rows: &[loopback::Row]) -> Result<(), Failure> {
    let bars = Bars {
        title: "Latency over loopback with one connection (bar: p50, line: p99)",
        unit: "µs",
        value: |row| row.figures.p50_us,
        whisker: Some(|row| row.figures.p99_us),
    };
    bars.draw(&folder.join("latency.svg"), rows.iter().filter(|r| r.connections == 1).collect())
}

/// A drawing with a group of bars for each request, a bar for each server.
struct Bars {
    title: &'static str,
    unit: &'static str,
    value: fn(&loopback::Row) -> f64,
    whisker: Option<fn(&loopback::Row) -> f64>,
}

/// Of the room of a group, what its bars take.
const GROUP: f64 = 0.8;

impl Bars {
    fn draw(&self, path: &Path, rows: Vec<&loopback::Row>) -> Result<(), Failure> {
        let mut groups: Vec<(Case, Era, Function)> = Vec::new();
        for row in &rows {
            let group = (row.case, row.era, row.function);
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let top = |row: &&loopback::Row| self.whisker.unwrap_or(self.value)(row);
        let highest = rows.iter().map(top).fold(1.0, f64::max) * 1.1;
        let root = SVGBackend::new(path, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, (FONT, 18))
            .margin(12)
            .x_label_area_size(64)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..groups.len() as f64, 0.0..highest)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().disable_x_axis().light_line_style(WHITE).y_desc(self.unit);
        mesh.y_label_formatter(&|value| report::thousands(*value)).draw().map_err(failed)?;
        for (place, who) in Who::ALL.into_iter().enumerate() {
            let width = GROUP / Who::ALL.len() as f64;
            let left = |group: usize| group as f64 + (1.0 - GROUP) / 2.0 + place as f64 * width;
            let bars = rows.iter().filter(|row| row.who == who).filter_map(|row| {
                let group = (row.case, row.era, row.function);
                Some((left(groups.iter().position(|known| *known == group)?), *row))
            });
            let fill = color(who).filled();
            let rectangle = |(x, row): (f64, &loopback::Row)| {
                Rectangle::new([(x, 0.0), (x + width * 0.94, (self.value)(row))], fill)
            };
            chart
                .draw_series(bars.clone().map(rectangle))
                .map_err(failed)?
                .label(who.as_str())
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], fill));
            if let Some(whisker) = self.whisker {
                let line = |(x, row): (f64, &loopback::Row)| {
                    let middle = x + width * 0.47;
                    let ends = vec![(middle, (self.value)(row)), (middle, whisker(row))];
                    PathElement::new(ends, BLACK)
                };
                chart.draw_series(bars.map(line)).map_err(failed)?;
            }
        }
        let middle = |index: usize| chart.backend_coord(&(index as f64 + 0.5, 0.0));
        let labels: Vec<_> = (0..groups.len()).map(middle).zip(&groups).collect();
        for ((x, y), (case, era, function)) in labels {
            let style = (FONT, 11).into_text_style(&root).pos(Pos::new(HPos::Center, VPos::Top));
            for (text, line) in label(*case, *era, *function).iter().zip(0..) {
                root.draw_text(text, &style, (x, y + 8 + 14 * line)).map_err(failed)?;
            }
        }
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8));
        legend.border_style(BLACK.mix(0.3)).label_font((FONT, 13)).draw().map_err(failed)?;
        root.present().map_err(failed)
    }
}

fn label(case: Case, era: Era, function: Function) -> Vec<String> {
    let text = format!("{}, {}", report::described(case, function), era.as_str());
    text.split(", ").map(str::to_owned).collect()
}

/// Time in process against the number of tools, both axes logarithmic.
pub fn growth(folder: &Path, rows: &[InProcess]) -> Result<(), Failure> {
    let shown = |row: &&InProcess| {
        row.era == Era::Modern
            && matches!(row.case, Case::List | Case::Call)
            && row.who != Who::RmcpDefault
    };
    let rows: Vec<&InProcess> = rows.iter().filter(shown).collect();
    let micros = |row: &InProcess| row.figures.time.median_ns as f64 / 1_000.0;
    // Room for the legend above the highest line.
    let highest = rows.iter().map(|row| micros(row)).fold(10.0, f64::max) * 8.0;
    let path = folder.join("growth.svg");
    let root = SVGBackend::new(&path, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Time of a modern request in process against the number of tools", (FONT, 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(72)
        .build_cartesian_2d((15.0..13_000.0).log_scale(), (1.0..highest).log_scale())
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("tools").y_desc("µs").light_line_style(WHITE);
    mesh.x_label_formatter(&|value| report::thousands(*value));
    mesh.y_label_formatter(&|value| report::thousands(*value)).draw().map_err(failed)?;
    for who in [Who::McpLambda, Who::RmcpJson] {
        for case in [Case::List, Case::Call] {
            let line = rows.iter().filter(|row| (row.who, row.case) == (who, case));
            let points: Vec<_> = line.map(|row| (row.tools as f64, micros(row))).collect();
            let width = if case == Case::List { 3 } else { 1 };
            let style = color(who).stroke_width(width);
            chart
                .draw_series(LineSeries::new(points, style).point_size(3))
                .map_err(failed)?
                .label(format!("{}: {}", who.as_str(), case.as_str()))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
        }
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8));
    legend.border_style(BLACK.mix(0.3)).label_font((FONT, 13)).draw().map_err(failed)?;
    root.present().map_err(failed)
}
