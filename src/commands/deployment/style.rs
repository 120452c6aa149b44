//! Colours, where they are wanted.

use crate::cli::deployment::Color;

/// Colours a terminal understands, or nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    colored: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    Good,
    Careful,
    Bad,
    Faint,
    Strong,
}

impl Style {
    /// As it was asked for, by an argument or else by `NO_COLOR`, a terminal without colours, or
    /// no terminal.
    pub(super) fn choose(color: Color, is_terminal: bool) -> Self {
        let off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !off && !dumb,
        };
        Self { colored }
    }

    /// A text in its colour.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => 32,
            Tone::Careful => 33,
            Tone::Bad => 31,
            Tone::Faint => 2,
            Tone::Strong => 1,
        };
        if self.colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_turned_off() {
        let said = |color| Style::choose(color, false).paint(Tone::Bad, "no");
        assert_eq!(said(Color::Never), "no");
        assert_eq!(said(Color::Auto), "no");
        assert_eq!(said(Color::Always), "\u{1b}[31mno\u{1b}[0m");
    }
}
