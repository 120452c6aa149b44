//! A short name for some content, the same wherever and whenever it is made.

/// 64 bits of FNV-1a in hexadecimal digits: enough to tell a template from the one before it, no
/// protection against anybody.
pub(crate) fn digest(content: &str) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash =
        content.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_values() {
        // From the description of the algorithm.
        for (content, expected) in
            [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")]
        {
            assert_eq!(super::digest(content), expected);
        }
    }
}
