//! A picture in the language of Mermaid, which many pages show as it is.

use std::fmt::Write;

use super::graph::Graph;
use crate::template::Template;

/// The template as a flowchart, its services as subgraphs. What exists only under a condition has a
/// dashed border.
pub fn mermaid(template: &Template) -> String {
    let graph = Graph::new(template);
    let mut out = String::from("flowchart LR\n");
    for (service, positions) in graph.services() {
        // Names of subgraphs and of nodes are one set; logical ids have no underscore.
        let _ = writeln!(out, "    subgraph service_{service} [\"{service}\"]");
        for position in positions {
            let resource = &graph.resources[position];
            let _ = writeln!(
                out,
                "        {}[\"{}<br/>{}\"]",
                name(resource.id),
                resource.id,
                resource.kind
            );
        }
        out.push_str("    end\n");
    }
    for (from, to) in &graph.arrows {
        let (from, to) = (graph.resources[*from].id, graph.resources[*to].id);
        let _ = writeln!(out, "    {} --> {}", name(from), name(to));
    }
    let conditional: Vec<String> = graph
        .resources
        .iter()
        .filter(|resource| resource.is_conditional)
        .map(|resource| name(resource.id))
        .collect();
    if !conditional.is_empty() {
        out.push_str("    classDef conditional stroke-dasharray: 4 3\n");
        let _ = writeln!(out, "    class {} conditional", conditional.join(","));
    }
    out
}

/// A logical id, unless it is a word of the language.
fn name(id: &str) -> String {
    const WORDS: [&str; 8] =
        ["end", "class", "click", "default", "graph", "style", "subgraph", "flowchart"];
    let is_word = WORDS.contains(&id.to_ascii_lowercase().as_str());
    if is_word { format!("{id}_") } else { id.to_owned() }
}
