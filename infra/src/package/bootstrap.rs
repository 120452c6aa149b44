//! The program of the functions, and the archive that Lambda takes it in.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Architecture, hash};
use crate::account::PREFIX;

/// The largest program with everything beside it that Lambda takes.
pub const MAX_BOOTSTRAP_BYTES: usize = 250 * 1024 * 1024;

/// The C library of `provided.al2023`: version 2.34.
pub const LAMBDA_GLIBC: (u16, u16) = (2, 34);

/// A program that Lambda can start as `bootstrap`.
///
/// Invariants: not empty and not too large; either an ELF file for one architecture, or a script.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    bytes: Vec<u8>,
    glibc: Option<(u16, u16)>,
}

impl Bootstrap {
    /// Looks at a program.
    pub fn parse(bytes: Vec<u8>, architecture: Architecture) -> Result<Self, InvalidBootstrap> {
        if bytes.len() > MAX_BOOTSTRAP_BYTES {
            return Err(InvalidBootstrap::TooLarge(bytes.len()));
        }
        if bytes.starts_with(b"#!") {
            return Ok(Self { bytes, glibc: None });
        }
        if !bytes.starts_with(b"\x7fELF") {
            return Err(InvalidBootstrap::NoProgram);
        }
        // ELF: e_machine, little-endian as on both architectures.
        let machine = bytes.get(18..20).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let found = match machine {
            Some(62) => Architecture::X86_64,
            Some(183) => Architecture::Arm64,
            _ => return Err(InvalidBootstrap::NoProgram),
        };
        if found != architecture {
            return Err(InvalidBootstrap::Architecture { found, wanted: architecture });
        }
        let glibc = newest_glibc(&bytes);
        Ok(Self { bytes, glibc })
    }

    /// Its archive: the same bytes for the same program, on every machine and at any time.
    pub fn archive(&self) -> Archive {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(BEST))
            // Of the archive's format the first moment there is.
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o755);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let written = zip
            .start_file("bootstrap", options)
            .and_then(|()| zip.write_all(&self.bytes).map_err(Into::into))
            .and_then(|()| zip.finish());
        let bytes = written.expect("memory can be written").into_inner();
        Archive { hash: hash(&bytes), bytes, glibc: self.glibc }
    }
}

const BEST: i64 = 9;

/// A program as Lambda wants it.
#[derive(Clone, Debug)]
pub struct Archive {
    bytes: Vec<u8>,
    hash: String,
    glibc: Option<(u16, u16)>,
}

impl Archive {
    /// The ZIP file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its SHA-256 in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The key it is uploaded under.
    pub fn key(&self) -> String {
        format!("{PREFIX}{}.zip", self.hash)
    }

    /// The C library that the program needs, if it is newer than Lambda's: then it runs here and
    /// does not start there.
    pub fn needs_newer_glibc(&self) -> Option<(u16, u16)> {
        self.glibc.filter(|version| *version > LAMBDA_GLIBC)
    }
}

/// The newest version of the GNU C library that an ELF file asks for: the names of versions stand
/// in it as text.
fn newest_glibc(bytes: &[u8]) -> Option<(u16, u16)> {
    let name = b"GLIBC_";
    let mut newest = None;
    for (place, _) in bytes.windows(name.len()).enumerate().filter(|(_, window)| window == name) {
        let rest = &bytes[place + name.len()..];
        let length =
            rest.iter().take(MAX_VERSION).take_while(|b| b.is_ascii_digit() || **b == b'.');
        let text = std::str::from_utf8(&rest[..length.count()]).unwrap_or_default();
        let mut parts = text.split('.').map(|part| part.parse::<u16>().ok());
        if let (Some(Some(major)), Some(Some(minor))) = (parts.next(), parts.next()) {
            newest = newest.max(Some((major, minor)));
        }
    }
    newest
}

const MAX_VERSION: usize = 12;

/// Why Lambda would not start it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidBootstrap {
    /// Neither a program for Linux nor a script.
    #[error("it is not a program for Linux")]
    NoProgram,
    /// For the other processor.
    #[error("it is built for {found} and not for {wanted}; choose with --architecture")]
    Architecture {
        /// What it is for.
        found: Architecture,
        /// What it should be for.
        wanted: Architecture,
    },
    /// Lambda has a limit.
    #[error(
        "it has {0} bytes and Lambda takes {MAX_BOOTSTRAP_BYTES}; build it with --profile lambda"
    )]
    TooLarge(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(18, 0);
        bytes.extend_from_slice(&machine.to_le_bytes());
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn programs_are_for_one_architecture() {
        let parse = |bytes, wanted| Bootstrap::parse(bytes, wanted).map(|_| ());
        assert_eq!(parse(elf(62, b""), Architecture::X86_64), Ok(()));
        assert_eq!(parse(elf(183, b""), Architecture::Arm64), Ok(()));
        assert_eq!(
            parse(elf(62, b""), Architecture::Arm64),
            Err(InvalidBootstrap::Architecture {
                found: Architecture::X86_64,
                wanted: Architecture::Arm64
            })
        );
        for bytes in [elf(8, b""), b"\x7fELF".to_vec(), b"MZ".to_vec(), Vec::new()] {
            assert_eq!(parse(bytes, Architecture::Arm64), Err(InvalidBootstrap::NoProgram));
        }
        assert_eq!(parse(b"#!/bin/sh\n".to_vec(), Architecture::Arm64), Ok(()));
    }

    #[test]
    fn programs_are_bounded() {
        let of = |size: usize| {
            let mut bytes = b"#!".to_vec();
            bytes.resize(size, b' ');
            Bootstrap::parse(bytes, Architecture::Arm64).map(|_| ())
        };
        assert_eq!(of(MAX_BOOTSTRAP_BYTES - 1), Ok(()));
        assert_eq!(of(MAX_BOOTSTRAP_BYTES), Ok(()));
        let above = MAX_BOOTSTRAP_BYTES + 1;
        assert_eq!(of(above), Err(InvalidBootstrap::TooLarge(above)));
    }

    #[test]
    fn archives_are_reproducible() {
        let archive = |text: &str| {
            let bootstrap = Bootstrap::parse(text.as_bytes().to_vec(), Architecture::Arm64);
            bootstrap.expect("a script").archive()
        };
        let (first, second) = (archive("#!/bin/sh\n"), archive("#!/bin/sh\n"));
        assert_eq!(first.bytes(), second.bytes());
        assert_eq!(first.key(), format!("mcp-lambda/{}.zip", first.hash()));
        assert_ne!(first.hash(), archive("#!/bin/sh\n\n").hash());
        // Another hash here means that everybody's functions are deployed anew.
        assert_eq!(
            first.hash(),
            "4e0a020e59e5101f0e811bd98820ddab0459fcad73200a7b847c1090e0af0230"
        );
        let mut read = zip::ZipArchive::new(Cursor::new(first.bytes())).expect("a ZIP file");
        let file = read.by_name("bootstrap").expect("a program");
        assert_eq!(file.unix_mode(), Some(0o100_755));
        assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
    }

    #[test]
    fn the_c_library_is_found() {
        let needs = |rest: &[u8]| {
            let bootstrap = Bootstrap::parse(elf(62, rest), Architecture::X86_64);
            bootstrap.expect("a program").archive().needs_newer_glibc()
        };
        assert_eq!(needs(b"GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_PRIVATE\0"), None);
        assert_eq!(needs(b"GLIBC_2.35\0GLIBC_2.4\0"), Some((2, 35)));
        assert_eq!(needs(b"GLIBC_"), None);
        assert_eq!(needs(b""), None);
    }
}
