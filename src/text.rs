//! Text for terminals: JSON with line ends, tables, foreign text without commands.

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table, presets};

/// Columns of a terminal that does not say how many it has.
const COLUMNS: u16 = 100;

/// JSON with a member or an element on each line, in the order in which it was written.
pub(crate) fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut chars) = (String::new(), 0_usize, json.trim().chars().peekable());
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push('"');
                while let Some(c) = chars.next() {
                    out.push(c);
                    match c {
                        '\\' => out.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(end) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                    continue;
                }
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// Text of others that may have several lines: control characters could rewrite the screen.
pub(crate) fn lines(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c })
        .collect()
}

/// Rows under a heading. At a terminal long cells are broken; elsewhere each row is one line.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heading);
    match width() {
        Some(width) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    for row in rows {
        table.add_row(row.map(|cell| lines(&cell).replace(['\n', '\t'], " ")));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// How wide the terminal is; nothing if there is none.
fn width() -> Option<u16> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(&out)
        && size.ws_col > 0
    {
        return Some(size.ws_col);
    }
    Some(COLUMNS)
}

/// The first sentence of a description, which is what a list has room for.
pub(crate) fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_order_and_its_strings() {
        let text = r#"{"b":[1,{ }, [ ]],"a":"x: {\"y\", [","c":{"d":null}}"#;
        let expected = "{\n  \"b\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": \"x: {\\\"y\\\", [\",\n  \"c\": {\n    \"d\": null\n  }\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected, "twice is once");
        assert_eq!(pretty("7"), "7");
    }

    #[test]
    fn rows_stand_in_columns() {
        let rows = vec![
            ["a".to_owned(), "one\u{1b}[2J".to_owned()],
            ["long_name".to_owned(), "two\nlines".to_owned()],
        ];
        let expected = "NAME       WHAT\na          one\u{fffd}[2J\nlong_name  two lines";
        assert_eq!(table(["NAME", "WHAT"], rows), expected);
    }

    #[test]
    fn sentences() {
        assert_eq!(first_sentence("One.\nTwo. Three."), "One.");
        assert_eq!(first_sentence("v1.5 is  one"), "v1.5 is one");
    }
}
