//! A picture as SVG, light or dark as its reader has it.

use std::fmt::Write;

use super::graph::Graph;
use super::layout::{Area, BOX_HEIGHT, HEADING, Layout, MARGIN, layout};
use crate::template::Template;

/// The template as an image: boxes for resources, frames for services, arrows for references. What
/// exists only under a condition has a dashed border; pointing at anything tells what it is.
pub fn svg(template: &Template) -> String {
    let graph = Graph::new(template);
    let layout = layout(&graph);
    let mut out = String::new();
    head(&mut out, template, &layout);
    for (service, area) in &layout.services {
        frame(&mut out, service, area);
    }
    for (from, to) in &graph.arrows {
        let names = (graph.resources[*from].id, graph.resources[*to].id);
        arrow(&mut out, names, layout.resources[*from], layout.resources[*to]);
    }
    for (resource, area) in graph.resources.iter().zip(&layout.resources) {
        let class = if resource.is_conditional { " class=\"conditional\"" } else { "" };
        let middle = area.x + area.width / 2;
        let _ = writeln!(
            out,
            "<g><title>{0} ({1} {2})</title><rect{class} x=\"{3}\" y=\"{4}\" width=\"{5}\" \
             height=\"{BOX_HEIGHT}\" rx=\"6\"/><text class=\"id\" x=\"{middle}\" y=\"{6}\">{0}</text>\
             <text class=\"kind\" x=\"{middle}\" y=\"{7}\">{2}</text></g>",
            escaped(resource.id),
            escaped(resource.service),
            escaped(resource.kind),
            area.x,
            area.y,
            area.width,
            area.y + 17,
            area.y + 32,
        );
    }
    out.push_str("</svg>\n");
    out
}

fn head(out: &mut String, template: &Template, layout: &Layout<'_>) {
    let (width, height) = (layout.width, layout.height);
    let title = escaped(template.description().unwrap_or("A template"));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{title}</title>"
    );
    out.push_str(STYLE);
}

const STYLE: &str = r#"<style>
svg { font-family: system-ui, sans-serif; background: #fff; }
text { fill: #1b1f24; text-anchor: middle; }
rect { fill: #fff; stroke: #57606a; }
.frame { fill: #f6f8fa; stroke: #d0d7de; }
.heading { font-size: 14px; font-weight: 600; text-anchor: start; }
.id { font-size: 12px; }
.kind { font-size: 10px; fill: #57606a; }
.conditional { stroke-dasharray: 4 3; }
path { fill: none; stroke: #0969da; stroke-opacity: .45; stroke-width: 1.2; }
path:hover { stroke-opacity: 1; stroke-width: 2.5; }
marker path { fill: #0969da; stroke: none; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; }
text { fill: #e6edf3; }
rect { fill: #161b22; stroke: #8b949e; }
.frame { fill: #010409; stroke: #30363d; }
.kind { fill: #8b949e; }
path { stroke: #58a6ff; }
marker path { fill: #58a6ff; }
}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
"#;

fn frame(out: &mut String, service: &str, area: &Area) {
    let Area { x, y, width, height } = area;
    let _ = writeln!(
        out,
        "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\
         <text class=\"heading\" x=\"{}\" y=\"{}\">{}</text>",
        x + MARGIN,
        y + HEADING - 10,
        escaped(service)
    );
}

/// An arrow from one box's side to the nearest side of another, bent so that it leaves and arrives
/// sideways.
fn arrow(out: &mut String, names: (&str, &str), from: Area, to: Area) {
    let (from_y, to_y) = (from.y + from.height / 2, to.y + to.height / 2);
    let (start, end, out_x, in_x);
    if from.x + from.width <= to.x {
        (start, end) = (from.x + from.width, to.x);
        let bend = (end - start) / 2;
        (out_x, in_x) = (start + bend, end - bend);
    } else if to.x + to.width <= from.x {
        (start, end) = (from.x, to.x + to.width);
        let bend = (start - end) / 2;
        (out_x, in_x) = (start - bend, end + bend);
    } else {
        // Above each other: around the right side.
        (start, end) = (from.x + from.width, to.x + to.width);
        (out_x, in_x) = (start + SIDE_BEND, end + SIDE_BEND);
    }
    let _ = writeln!(
        out,
        "<path d=\"M{start} {from_y}C{out_x} {from_y} {in_x} {to_y} {end} {to_y}\" \
         marker-end=\"url(#tip)\"><title>{} uses {}</title></path>",
        escaped(names.0),
        escaped(names.1)
    );
}

/// How far an arrow between boxes of one column goes out.
const SIDE_BEND: usize = 45;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
