//! Deployment packages: ZIP archives without compression.

/// A file of a package: its name and bytes. All can be executed.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = number(archive.len());
        let (size, sum) = (number(bytes.len()), crc32fast::hash(bytes));
        let mut common = Vec::new();
        // Version 2.0, no flags, stored; 1980-01-01.
        for short in [20, 0, 0, 0, 0x21] {
            common.extend_from_slice(&u16::to_le_bytes(short));
        }
        for long in [sum, size, size] {
            common.extend_from_slice(&long.to_le_bytes());
        }
        common.extend_from_slice(&u16::try_from(name.len()).expect("short").to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(bytes);
        directory.extend_from_slice(b"PK\x01\x02");
        // Written on Unix, which is where modes come from.
        directory.extend_from_slice(&[20, 3]);
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(0o100_755_u32 << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(files.len()).expect("few files");
    let (start, length) = (number(archive.len()), number(directory.len()));
    archive.append(&mut directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        archive.extend_from_slice(&count.to_le_bytes());
    }
    archive.extend_from_slice(&length.to_le_bytes());
    archive.extend_from_slice(&start.to_le_bytes());
    archive.extend_from_slice(&[0, 0]);
    archive
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("below 4 GiB")
}
