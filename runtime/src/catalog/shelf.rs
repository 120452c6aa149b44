//! The entries of one list, in the order of their names, with their pages ready to send.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::catalog::cursor::Cursor;
use crate::policy::select::Labels;
use crate::protocol::call::List;
use crate::protocol::json;
use crate::protocol::limits;
use crate::protocol::name::Name;
use crate::protocol::render::{CacheHint, Stamp};
use crate::protocol::version::{LegacyVersion, Version};
use crate::registration::listing::Listing;
use crate::registration::{Kind, Prompt, Resource, ResourceTemplate, Tool};

/// What stands on a shelf.
pub trait Shelved {
    /// Its name.
    fn name(&self) -> &Name;
    /// Its entry in the list.
    fn listing(&self) -> &Listing;
    /// What policies and virtual servers know of it.
    fn labels(&self) -> Labels<'_>;
}

macro_rules! shelved {
    ($($type:ty: $kind:expr),*) => {$(
        impl Shelved for $type {
            fn name(&self) -> &Name { &self.name }
            fn listing(&self) -> &Listing { &self.listing }
            fn labels(&self) -> Labels<'_> {
                Labels { kind: $kind, name: &self.name, tags: &self.tags }
            }
        }
    )*};
}
shelved!(Tool: Kind::Tool, Resource: Kind::Resource, ResourceTemplate: Kind::Resource,
    Prompt: Kind::Prompt);

/// Entries by name.
#[derive(Debug)]
pub struct Shelf<T> {
    list: List,
    entries: Vec<Arc<T>>,
    by_name: HashMap<Name, usize>,
    pages: Vec<Page>,
}

/// One page's result object, made when it is first asked for.
#[derive(Debug, Default)]
struct Page {
    modern: OnceLock<Bytes>,
    legacy: OnceLock<Bytes>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        let (entries, by_name, pages) = Default::default();
        Self { list: List::Tools, entries, by_name, pages }
    }
}

impl<T: Shelved> Shelf<T> {
    /// Puts entries in order.
    pub fn new(list: List, mut entries: Vec<Arc<T>>) -> Self {
        entries.sort_by(|a, b| a.name().cmp(b.name()));
        let by_name = entries.iter().enumerate().map(|(i, e)| (e.name().clone(), i)).collect();
        let pages = entries.len().div_ceil(limits::PAGE_SIZE).max(1);
        let pages = (0..pages).map(|_| Page::default()).collect();
        Self { list, entries, by_name, pages }
    }

    /// An entry by name.
    pub fn find(&self, name: &str) -> Option<&T> {
        self.by_name.get(name).map(|index| &*self.entries[*index])
    }

    /// The entry at a place.
    pub fn at(&self, index: usize) -> &T {
        &self.entries[index]
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.shared().map(|entry| &**entry)
    }

    /// All entries in order, to be put on another shelf as well.
    pub fn shared(&self) -> impl Iterator<Item = &Arc<T>> {
        self.entries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The result object of a list request.
    pub fn page(
        &self,
        cursor: Option<&Cursor>,
        version: Version,
        stamp: &Stamp,
        cache: CacheHint,
    ) -> Bytes {
        let start = match cursor {
            None => 0,
            Some(cursor) => self.entries.partition_point(|entry| entry.name() <= cursor.after()),
        };
        let make = || self.render(start, version, stamp, cache);
        if !start.is_multiple_of(limits::PAGE_SIZE) {
            // The catalog changed between two pages.
            return make();
        }
        match self.pages.get(start / limits::PAGE_SIZE) {
            None => make(),
            Some(page) => match version {
                Version::Modern => page.modern.get_or_init(make).clone(),
                Version::Legacy(_) => page.legacy.get_or_init(make).clone(),
            },
        }
    }

    fn render(&self, start: usize, version: Version, stamp: &Stamp, cache: CacheHint) -> Bytes {
        let end = (start + limits::PAGE_SIZE).min(self.entries.len());
        let page = self.entries.get(start..end).unwrap_or_default();
        // All legacy revisions share a page: what they do not know, they ignore.
        let version = match version {
            Version::Modern => version,
            Version::Legacy(_) => Version::Legacy(LegacyVersion::NEWEST),
        };
        let texts: Vec<&str> = page.iter().map(|entry| entry.listing().text(version)).collect();
        let mut members = format!(r#""{}":[{}]"#, member(self.list), texts.join(","));
        if let (Some(last), true) = (page.last(), end < self.entries.len()) {
            let cursor = Cursor::new(self.list, last.name().clone()).render();
            members.push_str(r#","nextCursor":"#);
            json::write_string(&mut members, &cursor);
        }
        stamp.own(version, &members, Some(cache)).into()
    }
}

fn member(list: List) -> &'static str {
    match list {
        List::Tools => "tools",
        List::Resources => "resources",
        List::ResourceTemplates => "resourceTemplates",
        List::Prompts => "prompts",
    }
}
