//! The protocol revisions that are served, and which era each belongs to.

use std::fmt;

/// A revision with the `initialize` handshake.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LegacyVersion {
    /// 2024-11-05: HTTP+SSE.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP, batches.
    V2025_03_26,
    /// 2025-06-18: structured results, elicitation, no batches.
    V2025_06_18,
    /// 2025-11-25: the newest with sessions.
    V2025_11_25,
}

impl LegacyVersion {
    /// The newest; what `initialize` offers when the client asks for something else.
    pub const NEWEST: Self = Self::V2025_11_25;
    /// What a request without a version header speaks (2025-06-18, Transports,
    /// "Protocol Version Header").
    pub const ASSUMED: Self = Self::V2025_03_26;
    /// All of them, oldest first.
    pub const ALL: [Self; 4] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];

    /// Parses a revision's date; `None` for everything else, the modern revision included.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// The revision's date.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
        }
    }

    /// Answers the version of an `initialize` request: itself if served, else the newest.
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).unwrap_or(Self::NEWEST)
    }

    /// Whether arrays of messages are allowed (2025-03-26 alone).
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }
}

/// The one revision without handshake: 2026-07-28.
pub const MODERN: &str = "2026-07-28";

/// Whether a text names the modern revision.
pub fn is_modern(text: &str) -> bool {
    text == MODERN
}

/// The revision under which one message is served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// 2026-07-28: every request describes itself.
    Modern,
    /// An `initialize` revision.
    Legacy(LegacyVersion),
}

impl Version {
    /// The revision's date.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Modern => MODERN,
            Self::Legacy(version) => version.as_str(),
        }
    }

    /// Whether this is the modern revision.
    pub fn is_modern(self) -> bool {
        self == Self::Modern
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation_echoes_what_is_served_and_offers_the_newest_otherwise() {
        for version in LegacyVersion::ALL {
            assert_eq!(LegacyVersion::negotiate(version.as_str()), version);
        }
        for other in ["2026-07-28", "2099-01-01", "", "1.0"] {
            assert_eq!(LegacyVersion::negotiate(other), LegacyVersion::NEWEST, "{other}");
        }
    }
}
