//! What is known of resources, made from `spec/schemas.json`.

/// A type of resource.
pub(super) struct Schema {
    pub(super) attributes: &'static [&'static str],
    pub(super) members: &'static [Member],
}

/// A member of an object.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
    pub(super) bounds: Bounds,
}

/// What a value looks like.
pub(super) enum Shape {
    /// Anything.
    Free,
    /// A text, a number, or something else that has no members of interest.
    Scalar,
    /// A policy.
    Policy,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of several, told apart by what it looks like.
    OneOf(&'static [Shape]),
    /// A list.
    List(&'static Shape),
    /// An object whose keys the author chooses.
    Map(&'static Shape),
    /// An object with these members.
    Object(&'static [Member]),
}

/// Bounds of a value. Those of texts hold for each element of a list.
pub(super) struct Bounds {
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) min_items: Option<usize>,
    pub(super) max_items: Option<usize>,
    pub(super) pattern: Option<&'static str>,
}

impl Bounds {
    /// None at all.
    const NONE: Self = Self {
        minimum: None,
        maximum: None,
        min_length: None,
        max_length: None,
        min_items: None,
        max_items: None,
        pattern: None,
    };
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));
