//! Where things are drawn: services in columns, those that refer to the left of what they refer to.
//!
//! All lengths are in pixels.

use std::collections::BTreeMap;

use super::graph::Graph;

/// Height of a resource's box.
pub(super) const BOX_HEIGHT: usize = 40;
/// Height of a service's heading.
pub(super) const HEADING: usize = 30;
/// Around everything, and between a service's border and its boxes.
pub(super) const MARGIN: usize = 12;
/// Between boxes, above each other.
const GAP: usize = 10;
/// Between columns: room for arrows.
const COLUMN_GAP: usize = 110;
/// A service with more resources than these has two or more columns of boxes.
const MAX_ROWS: usize = 9;
/// Boxes are at least so wide.
const MIN_WIDTH: usize = 120;
/// How wide a letter of a logical id is, at most, on average.
const LETTER_WIDTH: usize = 8;
/// How often boxes are put nearer to what they are connected with.
const SWEEPS: usize = 4;

/// A rectangle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Where everything is.
pub(super) struct Layout<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Services with their names.
    pub(super) services: Vec<(&'a str, Area)>,
    /// Resources, in the graph's order.
    pub(super) resources: Vec<Area>,
}

/// A service before it has a place.
struct Panel<'a> {
    service: &'a str,
    /// Positions of its resources.
    resources: Vec<usize>,
    box_width: usize,
}

impl Panel<'_> {
    fn columns(&self) -> usize {
        self.resources.len().div_ceil(MAX_ROWS)
    }

    fn rows(&self) -> usize {
        self.resources.len().div_ceil(self.columns().max(1))
    }

    fn width(&self) -> usize {
        self.columns() * (self.box_width + MARGIN) + MARGIN
    }

    fn height(&self) -> usize {
        HEADING + self.rows() * (BOX_HEIGHT + GAP) - GAP + MARGIN
    }
}

/// Puts everything in its place.
pub(super) fn layout<'a>(graph: &Graph<'a>) -> Layout<'a> {
    let mut panels: Vec<Panel<'_>> = graph
        .services()
        .into_iter()
        .map(|(service, resources)| {
            let names = resources.iter().map(|position| &graph.resources[*position]);
            let letters = names.map(|shown| shown.id.len().max(shown.kind.len())).max();
            let box_width = (letters.unwrap_or(0) * LETTER_WIDTH + 2 * MARGIN).max(MIN_WIDTH);
            Panel { service, resources, box_width }
        })
        .collect();
    let mut columns = columns(graph, &panels);
    for _ in 0..SWEEPS {
        let middles = middles(graph, &place(graph, &panels, &columns));
        let mean = |positions: &[usize]| {
            positions.iter().map(|position| middles[*position]).sum::<usize>()
                / positions.len().max(1)
        };
        for column in &mut columns {
            column.sort_by_key(|panel| mean(&panels[*panel].resources));
        }
        for panel in &mut panels {
            panel.resources.sort_by_key(|position| middles[*position]);
        }
    }
    place(graph, &panels, &columns)
}

/// For each resource, how far down the middle of what it is connected with is.
fn middles(graph: &Graph<'_>, layout: &Layout<'_>) -> Vec<usize> {
    let mut sums: Vec<(usize, usize)> = layout.resources.iter().map(|area| (area.y, 1)).collect();
    for (from, to) in &graph.arrows {
        for (one, other) in [(*from, *to), (*to, *from)] {
            sums[one].0 += layout.resources[other].y;
            sums[one].1 += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| sum / count).collect()
}

/// Which services stand in which column. Arrows lead to the right, except where services refer to
/// each other: then more of them do.
fn columns(graph: &Graph<'_>, panels: &[Panel<'_>]) -> Vec<Vec<usize>> {
    let panel_of: BTreeMap<usize, usize> = panels
        .iter()
        .enumerate()
        .flat_map(|(index, panel)| panel.resources.iter().map(move |position| (*position, index)))
        .collect();
    let mut weights: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (from, to) in &graph.arrows {
        *weights.entry((panel_of[from], panel_of[to])).or_default() += 1;
    }
    let order = order(panels.len(), &weights);
    let mut depth = vec![0; panels.len()];
    for (index, panel) in order.iter().enumerate() {
        for later in &order[index + 1..] {
            if weights.contains_key(&(*panel, *later)) {
                depth[*later] = depth[*later].max(depth[*panel] + 1);
            }
        }
    }
    let mut columns = vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)];
    for (panel, depth) in depth.into_iter().enumerate() {
        columns[depth].push(panel);
    }
    columns
}

/// Services in one line: whoever refers most, beyond what is referred to it, comes first.
fn order(count: usize, weights: &BTreeMap<(usize, usize), usize>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let sum = |from: &dyn Fn(&(usize, usize)) -> bool| -> usize {
            weights.iter().filter(|(pair, _)| from(pair)).map(|(_, weight)| weight).sum()
        };
        // Far above any number of arrows, so that the difference is never below zero.
        let balance = |panel: usize| {
            let out = sum(&|(from, to)| *from == panel && *to != panel && left.contains(to));
            let into = sum(&|(from, to)| *to == panel && *from != panel && left.contains(from));
            usize::MAX / 2 + out - into
        };
        let best = (0..left.len()).max_by_key(|index| (balance(left[*index]), usize::MAX - index));
        order.push(left.remove(best.unwrap_or(0)));
    }
    order
}

fn place<'a>(graph: &Graph<'_>, panels: &[Panel<'a>], columns: &[Vec<usize>]) -> Layout<'a> {
    let mut services = Vec::new();
    let mut resources = vec![Area { x: 0, y: 0, width: 0, height: 0 }; graph.resources.len()];
    let height_of = |column: &Vec<usize>| -> usize {
        column.iter().map(|panel| panels[*panel].height() + MARGIN).sum()
    };
    let tallest = columns.iter().map(height_of).max().unwrap_or(0);
    let mut x = MARGIN;
    for column in columns {
        let mut y = MARGIN + (tallest - height_of(column)) / 2;
        let width = column.iter().map(|panel| panels[*panel].width()).max().unwrap_or(0);
        for panel in column.iter().map(|panel| &panels[*panel]) {
            let area = Area { x, y, width: panel.width(), height: panel.height() };
            services.push((panel.service, area));
            for (index, position) in panel.resources.iter().enumerate() {
                let (column, row) = (index / panel.rows().max(1), index % panel.rows().max(1));
                resources[*position] = Area {
                    x: x + MARGIN + column * (panel.box_width + MARGIN),
                    y: y + HEADING + row * (BOX_HEIGHT + GAP),
                    width: panel.box_width,
                    height: BOX_HEIGHT,
                };
            }
            y += panel.height() + MARGIN;
        }
        x += width + COLUMN_GAP;
    }
    let width = if columns.is_empty() { 2 * MARGIN } else { x - COLUMN_GAP + MARGIN };
    Layout { width, height: tallest + 2 * MARGIN, services, resources }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::graph::Shown;
    use super::*;

    fn overlap(one: &Area, other: &Area) -> bool {
        one.x < other.x + other.width
            && other.x < one.x + one.width
            && one.y < other.y + other.height
            && other.y < one.y + one.height
    }

    fn inside(inner: &Area, outer: &Area) -> bool {
        inner.x >= outer.x
            && inner.y >= outer.y
            && inner.x + inner.width <= outer.x + outer.width
            && inner.y + inner.height <= outer.y + outer.height
    }

    const SERVICES: [&str; 6] = ["Lambda", "IAM", "SQS", "DynamoDB", "Logs", "CloudWatch"];

    fn graph(services: &[usize], arrows: &BTreeSet<(usize, usize)>) -> Graph<'static> {
        let shown = |service: &usize| Shown {
            id: "SomeResource",
            service: SERVICES[*service],
            kind: "Kind",
            is_conditional: false,
        };
        let count = services.len();
        let arrows = arrows.iter().map(|(from, to)| (from % count, to % count));
        Graph {
            resources: services.iter().map(shown).collect(),
            arrows: arrows.filter(|(from, to)| from != to).collect(),
        }
    }

    proptest! {
        #[test]
        fn nothing_lies_on_anything(
            services in prop::collection::vec(0..SERVICES.len(), 1..60),
            arrows in prop::collection::btree_set((0..60_usize, 0..60_usize), 0..80),
        ) {
            let graph = graph(&services, &arrows);
            let layout = layout(&graph);
            let canvas = Area { x: 0, y: 0, width: layout.width, height: layout.height };
            for (index, (_, area)) in layout.services.iter().enumerate() {
                prop_assert!(inside(area, &canvas));
                for (_, other) in &layout.services[index + 1..] {
                    prop_assert!(!overlap(area, other));
                }
            }
            for (position, area) in layout.resources.iter().enumerate() {
                let service = graph.resources[position].service;
                let own = layout.services.iter().find(|(name, _)| *name == service);
                prop_assert!(own.is_some_and(|(_, panel)| inside(area, panel)));
                for other in &layout.resources[position + 1..] {
                    prop_assert!(!overlap(area, other));
                }
            }
        }
    }

    #[test]
    fn what_refers_stands_to_the_left() {
        let arrows = [(0, 1), (1, 2)].into_iter().collect();
        let layout = layout(&graph(&[0, 1, 2], &arrows));
        let x: Vec<usize> = layout.resources.iter().map(|area| area.x).collect();
        assert!(x.is_sorted() && x[0] < x[2], "{x:?}");
    }

    #[test]
    fn an_empty_template_is_a_picture_too() {
        let layout = layout(&graph(&[], &BTreeSet::new()));
        assert_eq!((layout.width, layout.height), (2 * MARGIN, 2 * MARGIN));
    }
}
